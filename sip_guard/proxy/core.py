"""The proxy as a pure machine: what comes in, and the time, give what is to be done (RFC 3261 16)."""

from collections.abc import Callable
from typing import NamedTuple

from sip_guard.peer import Peers, Target, Trunk
from sip_guard.proxy.route import Addresses, Routed, Seal, came_from, numeric, origin, record_route, take_own_routes
from sip_guard.proxy.timers import Timers
from sip_guard.proxy.transaction import ClientTransaction, Key, ServerTransaction, State
from sip_guard.sip import hygiene, tagging
from sip_guard.sip import uri as uris
from sip_guard.sip.flow import Address, End, Flow, bracketed
from sip_guard.sip.headers import Via, split_list
from sip_guard.sip.message import MalformedMessage, Message, Request, Response
from sip_guard.sip.rewrite import (
    PHRASES,
    Draft,
    acknowledgement,
    answer,
    cancellation,
    restore,
    stamped_via,
    without_top_via,
)
from sip_guard.sip.uri import Uri
from sip_guard.verdict import Reject, Verdict

COOKIE = b"z9hG4bK"
"""What the branch of an RFC 3261 transaction begins with (8.1.1.7)."""
SHOWN = frozenset((b"p-preferred-identity", b"remote-party-id", b"x-fs-display-name", b"x-fs-display-number"))
"""Fields that a PBX may show as the caller and no check looks at: they pass from no trunk but a trusted one."""
ALLOW = b"Allow: INVITE, ACK, CANCEL, OPTIONS"


class Send(NamedTuple):
    """Send these octets along this flow."""

    octets: bytes
    flow: Flow
    answer: bool = False
    """Whether it is an answer: it goes along the connection that its request came by, and along no new one."""


class Screen(NamedTuple):
    """Find out whether this caller is entitled to the number it presents, then call `decide` with the key."""

    key: Key
    request: Request
    trunk: Trunk
    flow: Flow


class Abandon(NamedTuple):
    """The caller gave up before there was a verdict: stop finding out."""

    key: Key


class Refused(NamedTuple):
    """Take note that a request got no further than here, with which answer: it is among the actions beside this."""

    request: Request
    code: int
    flow: Flow


Action = Send | Screen | Abandon | Refused


class Proxy:
    """A transaction-stateful, record-routing proxy. No I/O: each call returns what it causes."""

    def __init__(
        self,
        peers: Peers,
        own: list[End],
        secret: bytes,
        random: Callable[[int], bytes],
        *,
        max_transactions: int = 50_000,
        private: frozenset[bytes] = hygiene.FORGEABLE,
    ) -> None:
        """Make a proxy that listens at `own`, and sends from the first of them that reaches where it sends to.

        `secret` signs what proves a dialog; `random` gives unguessable octets for branches; `max_transactions` bounds
        the requests in progress, beyond which new ones get 503; `private` are the fields (long names, lower case) that
        nobody but this guard may set.
        """
        self.peers = peers
        self._own = own
        self._addresses = Addresses(end.address for end in own)
        self._seal = Seal(secret)
        self._random = random
        self._max_transactions = max_transactions
        self._private = private
        self._unscreened = private | SHOWN | {b"p-asserted-identity"}
        self._servers: dict[Key, ServerTransaction] = {}
        self._clients: dict[Key, ClientTransaction] = {}
        self._timers: Timers[ServerTransaction | ClientTransaction] = Timers()

    @property
    def transactions(self) -> int:
        """How many requests are in progress or remembered."""
        return len(self._servers)

    # What comes in.

    def receive(self, message: Message, flow: Flow, now: float) -> list[Action]:
        """Take a message that came along `flow` at `now` (seconds of a clock that never goes back)."""
        peer = self.peers.at(flow.remote)
        if peer is None:
            return []
        if isinstance(message, Response):
            return self._response(message, peer, now)
        if isinstance(message, Request):
            return self._request(message, peer, flow, now)
        return []

    def refuse(self, fault: MalformedMessage, flow: Flow) -> list[Action]:
        """Answer what could not be read, if it was a request that can be answered at all (RFC 3261 16.3)."""
        request = fault.message
        if not isinstance(request, Request) or request.method == b"ACK" or self.peers.at(flow.remote) is None:
            return []
        top = split_list(request.value(b"via"))
        if not top:
            return []
        via = Via.parse(top[0])
        line, where = stamped_via(request, via, flow.remote) if via is not None else (b"", flow.remote)
        phrase = f"{PHRASES[fault.code]} ({fault.reason})"
        octets = answer(request, fault.code, tag=self._tag(request), phrase=phrase, top_via=line)
        return [Send(octets, _back(flow, where), answer=True)]

    def failed(self, flow: Flow, now: float) -> list[Action]:
        """Take note that what was sent along `flow` does not arrive: who waits for an answer gets none (16.9)."""
        lost = [client for client in self._clients.values() if client.open and client.flow == flow]
        return [action for client in lost for action in self._unanswered(client, 500, now)]

    def decide(self, key: Key, verdict: Verdict, now: float) -> list[Action]:
        """Carry out the verdict on a request that was to be screened; nothing if it was cancelled meanwhile."""
        server = self._servers.get(key)
        if server is None or server.state is not State.SCREENING or not isinstance(server.peer, Trunk):
            return []
        if isinstance(verdict, Reject):
            return self._answer(server, verdict.code, now, verdict.phrase)
        draft = server.draft
        draft.lines[server.request.places(b"via")[0]] = server.via
        self._clean(draft, server.peer, screened=True)
        for header, value in verdict.tags.headers:
            draft.below.append(header + b": " + value)
        if verdict.tags.verstat:
            tagging.tag(draft, verdict.tags.verified, verdict.tags.verstat)
        target = self.peers.targets[server.peer.target]
        proof = self._seal.early(server.request) + b"." + origin(server.flow)
        actions = self._forward(server, End(target.transport, target.address), proof, now)
        if server.state is State.SCREENING:
            server.proceed()
            self._timers.watch(server)
        return actions

    def tick(self, now: float) -> list[Action]:
        """Do what is due at `now`."""
        actions: list[Action] = []
        for transaction in self._timers.due(now):
            if transaction.expire_at is not None and transaction.expire_at <= now:
                transaction.expire_at = None
                actions += self._expire(transaction, now)
            elif transaction.resend_at is not None and transaction.resend_at <= now:
                is_answer = isinstance(transaction, ServerTransaction)
                actions.append(Send(transaction.resend(now), transaction.flow, is_answer))
            self._timers.watch(transaction)
        return actions

    def next_timer(self) -> float | None:
        """Give when `tick` is to be called next; None while nothing is in progress."""
        return self._timers.next()

    # Requests.

    def _request(self, request: Request, peer: Trunk | Target, flow: Flow, now: float) -> list[Action]:
        key = _server_key(request, peer)
        if request.method == b"ACK":
            return self._ack(request, key, peer, flow, now)
        line, where = stamped_via(request, request.via, flow.remote)
        back = _back(flow, where)
        if request.method == b"CANCEL":
            return self._cancel(request, key, line, back, now)
        known = self._servers.get(key)
        if known is not None:
            octets = known.again()
            return [Send(octets, known.flow, answer=True)] if octets else []
        draft = Draft(request)
        routed = take_own_routes(draft, self._addresses)
        in_dialog = self._seal.proves(routed.proof, request, callee=isinstance(peer, Target))
        outside = None if in_dialog else self._outside(request, peer, routed.following)
        refusal = _invalid(request) or outside or self._busy(in_dialog=in_dialog)
        if refusal is not None:
            sent = Send(self._stateless(request, line, *refusal), back, answer=True)
            return [sent] if refusal[0] < 300 else [sent, Refused(request, refusal[0], flow)]
        server = ServerTransaction(key, request, draft, peer, back, via=line, tag=self._tag(request))
        self._servers[key] = server
        actions: list[Action] = []
        if server.begin(answer(request, 100, tag=b"", top_via=line), now):
            actions.append(Send(server.last, back, answer=True))
        if in_dialog:
            actions += self._in_dialog(server, routed, now)
        elif isinstance(peer, Trunk):
            # `_outside` lets nothing else through.
            server.screen(now)
            actions.append(Screen(key, request, peer, back))
        self._timers.watch(server)
        return actions

    def _busy(self, *, in_dialog: bool) -> tuple[int, str, bytes] | None:
        """Refuse what is more than can be kept (RFC 7339 5.10.2: without Retry-After), calls in progress last."""
        limit = self._max_transactions * (2 if in_dialog else 1)
        return (503, "", b"") if len(self._servers) >= limit else None

    def _outside(self, request: Request, peer: Trunk | Target, route: bytes) -> tuple[int, str, bytes] | None:
        """Find the answer to a request that no dialog of ours is proven for; None if it is a call to be screened."""
        if request.method == b"OPTIONS":
            return 200, "", ALLOW
        if request.method != b"INVITE":
            return (481, "", b"") if request.to_tag else (405, "", ALLOW)
        if isinstance(peer, Target):
            return 403, "No Route Out", b""
        if route:
            return 403, "Foreign Route", b""
        return None

    def _in_dialog(self, server: ServerTransaction, routed: Routed, now: float) -> list[Action]:
        """Send on a request of a proven dialog, to its next Route or to its Request-URI (RFC 3261 16.6 step 7)."""
        hop = self._next_hop(server.request, routed, server.peer)
        if hop is None:
            return self._answer(server, 404, now)
        server.draft.lines[server.request.places(b"via")[0]] = server.via
        self._clean(server.draft, server.peer, screened=False)
        return self._forward(server, hop, self._seal.dialog(server.request), now)

    def _next_hop(self, request: Request, routed: Routed, peer: Trunk | Target) -> End | None:
        """Give where a request of a dialog goes; None for nowhere.

        A trunk's goes to no place but a target, its own one if nothing else is named. A target's goes to where the
        INVITE came from if the caller is named otherwise than by an address.
        """
        uri = Uri.parse(routed.following or request.uri)
        if self._addresses.include(uri):
            return None
        hop = numeric(uri)
        if isinstance(peer, Target):
            return hop or came_from(routed.origin)
        if hop is not None and isinstance(self.peers.at(hop.address), Target):
            return hop
        target = self.peers.targets[peer.target]
        return End(target.transport, target.address)

    def _ack(self, request: Request, key: Key, peer: Trunk | Target, flow: Flow, now: float) -> list[Action]:
        """Let an ACK end here, or go on without a transaction if it is for a 2xx (RFC 3261 16.11, RFC 6026 7.1)."""
        server = self._servers.get(key)
        if server is not None and server.acknowledge(now):
            self._timers.watch(server)
            return []
        draft = Draft(request)
        routed = take_own_routes(draft, self._addresses)
        hop = self._next_hop(request, routed, peer)
        if (
            hop is None
            or not self._seal.proves(routed.proof, request, callee=isinstance(peer, Target))
            or _invalid(request)
        ):
            return []
        via = request.via
        draft.lines[request.places(b"via")[0]] = stamped_via(request, via, flow.remote)[0]
        self._clean(draft, peer, screened=False)
        _count_hop(draft)
        local = self._local(hop, flow)
        if local is None:
            return []
        sealed = (via.branch, via.sent_by, request.value(b"call-id"), b"%d" % request.cseq)
        branch = COOKIE + self._seal.mac(b"ACK", *sealed)
        draft.above.append(_via_line(local, branch))
        return [Send(draft.octets(), Flow(hop.transport, local.address, hop.address))]

    def _cancel(self, request: Request, key: Key, line: bytes, back: Flow, now: float) -> list[Action]:
        """Answer a CANCEL here, hop by hop, and cancel what was sent on (RFC 3261 16.10)."""
        server = self._servers.get(key)
        if server is None:
            return [Send(self._stateless(request, line, 481, "", b""), back, answer=True)]
        actions: list[Action] = [Send(answer(request, 200, tag=server.tag, top_via=line), back, answer=True)]
        if server.state is State.SCREENING:
            return [*actions, Abandon(key), *self._answer(server, 487, now)]
        for client in server.clients:
            if client.invite and client.open:
                actions += self._cancel_client(client, now)
        return actions

    def _cancel_client(self, client: ClientTransaction, now: float) -> list[Action]:
        """Cancel an INVITE that was sent on: now, or once there is a provisional answer (RFC 3261 9.1)."""
        if not client.cancel(now):
            return []
        self._timers.watch(client)
        key = client.key[0], b"CANCEL"
        cancel = ClientTransaction(key, client.draft, cancellation(client.draft), client.flow, now)
        self._clients[key] = cancel
        self._timers.watch(cancel)
        return [Send(cancel.sent, cancel.flow)]

    # Sending on.

    def _clean(self, draft: Draft, peer: Trunk | Target, *, screened: bool) -> None:
        """Remove what the peer may not say. Who calls passes in a screened request alone: later it could change."""
        if isinstance(peer, Target):
            hygiene.strip(draft, self._private)
        elif not peer.trusted:
            hygiene.strip(draft, self._private | SHOWN if screened and peer.trust_asserted else self._unscreened)

    def _local(self, hop: End, flow: Flow) -> End | None:
        """Give the end of ours that `hop` is reached from: that of `flow` if it can be; None: there is none."""
        came = End(flow.transport, flow.local)
        return next((own for own in (came, *self._own) if _can_reach(own, hop)), None)

    def _forward(self, server: ServerTransaction, hop: End, proof: bytes, now: float) -> list[Action]:
        """Send a request on to `hop`; an INVITE with a Record-Route that carries `proof`.

        Where it leaves by another end than it came by, there is one for each side (RFC 5658 5).
        """
        request, draft = server.request, server.draft
        local = self._local(hop, server.flow)
        if local is None:
            return self._answer(server, 500, now)
        _count_hop(draft)
        branch = COOKIE + self._seal.mac(self._random(12))
        draft.above.append(_via_line(local, branch))
        if server.invite:
            came = End(server.flow.transport, server.flow.local)
            draft.above += [record_route(end, proof) for end in dict.fromkeys((local, came))]
        flow = Flow(hop.transport, local.address, hop.address)
        client = ClientTransaction((branch, request.method), draft, draft.octets(), flow, now, server=server)
        server.clients.append(client)
        self._clients[client.key] = client
        self._timers.watch(client)
        return [Send(client.sent, flow)]

    # Responses.

    def _response(self, response: Response, peer: Trunk | Target, now: float) -> list[Action]:
        """Pass an answer on (RFC 3261 16.7); one that belongs to no request of ours is dropped (RFC 6026 8.2)."""
        client = self._clients.get((response.via.branch, response.method))
        if client is None or (client.server is not None and len(response.vias) < 2):
            return []
        passed = client.response(response.code, now)
        self._timers.watch(client)
        actions: list[Action] = []
        if client.invite and response.code >= 300 and client.state is State.COMPLETED:
            actions.append(Send(acknowledgement(client.draft, response), client.flow))
        if client.cancelled and client.open:
            actions += self._cancel_client(client, now)
        server = client.server
        if passed and server is not None:
            actions += self._pass_on(server, response, peer, now)
        return actions

    def _pass_on(self, server: ServerTransaction, response: Response, peer: Trunk | Target, now: float) -> list[Action]:
        if response.code == 503:
            # A 503 would tell the caller that the guard itself is unusable (RFC 3261 16.7 step 6).
            return self._answer(server, 500, now)
        if response.code == 408 and not server.invite:
            return self._stay_silent(server, now)
        draft = Draft(response)
        without_top_via(draft)
        self._clean(draft, peer, screened=False)
        self._seal.bind(draft)
        restore(draft, server.request)
        octets = draft.octets()
        if not server.answer(response.code, octets, now):
            return []
        self._timers.watch(server)
        return [Send(octets, server.flow, answer=True)]

    def _answer(self, server: ServerTransaction, code: int, now: float, phrase: str = "") -> list[Action]:
        """Give an answer of our own."""
        octets = answer(server.request, code, tag=server.tag, phrase=phrase, top_via=server.via)
        if not server.answer(code, octets, now):
            return []
        self._timers.watch(server)
        return [Send(octets, server.flow, answer=True)]

    def _stay_silent(self, server: ServerTransaction, now: float) -> list[Action]:
        server.stay_silent(now)
        self._timers.watch(server)
        return []

    def _stateless(self, request: Request, line: bytes, code: int, phrase: str, extra: bytes) -> bytes:
        return answer(
            request, code, tag=self._tag(request), phrase=phrase, top_via=line, extra=(extra,) if extra else ()
        )

    def _tag(self, request: Request) -> bytes:
        """Give the To tag of our answers: the same for a request sent again (RFC 3261 8.2.7)."""
        return self._seal.mac(b"tag", request.value(b"call-id"), request.value(b"from"), request.value(b"via"))

    # Timers.

    def _expire(self, transaction: ServerTransaction | ClientTransaction, now: float) -> list[Action]:
        if isinstance(transaction, ServerTransaction):
            return self._expire_server(transaction, now)
        return self._expire_client(transaction, now)

    def _expire_server(self, server: ServerTransaction, now: float) -> list[Action]:
        if server.state is State.SCREENING:
            # No verdict came in all this time, which only a mistake of our own can cause.
            return [Abandon(server.key), *self._answer(server, 500, now)]
        server.state = State.TERMINATED
        server.resend_at = None
        del self._servers[server.key]
        return []

    def _expire_client(self, client: ClientTransaction, now: float) -> list[Action]:
        if client.invite and client.state is State.PROCEEDING and not client.cancelled:
            # Timer C (RFC 3261 16.8).
            return self._cancel_client(client, now)
        if client.open:
            return self._unanswered(client, 408, now)
        self._forget(client)
        return []

    def _unanswered(self, client: ClientTransaction, code: int, now: float) -> list[Action]:
        """Answer a request that will have no answer: with `code`, or 487 if the caller has given up."""
        self._forget(client)
        server = client.server
        if server is None:
            return []
        if code == 408 and not server.invite:
            return self._stay_silent(server, now)
        return self._answer(server, 487 if client.cancelled else code, now)

    def _forget(self, client: ClientTransaction) -> None:
        client.state = State.TERMINATED
        client.resend_at = client.expire_at = None
        self._timers.watch(client)
        del self._clients[client.key]
        if client.server is not None:
            client.server.clients.remove(client)


def _server_key(request: Request, peer: Trunk | Target) -> Key:
    """Give what matches a request to its transaction (RFC 3261 17.2.3); ACK and CANCEL match the INVITE.

    Two peers may choose the same branch, and none can cancel another's call.
    """
    method = b"INVITE" if request.method in (b"ACK", b"CANCEL") else request.method
    via = request.via
    branch = via.branch
    name = peer.name.encode()
    if branch.startswith(COOKIE) and len(branch) > len(COOKIE):
        return name, method, via.sent_by, branch
    top = request.vias[0]
    return name, method, request.uri, request.from_tag, request.value(b"call-id"), b"%d" % request.cseq, top


def _invalid(request: Request) -> tuple[int, str, bytes] | None:
    """Check what RFC 3261 16.3 asks of a proxy beyond syntax, in its order."""
    if uris.scheme(request.uri) not in (b"sip", b"sips", b"tel", b"urn"):
        return 416, "", b""
    hops = request.value(b"max-forwards")
    if hops and int(hops) == 0:
        return 483, "", b""
    if b"proxy-require" in request and request.method != b"ACK":
        return 420, "", b"Unsupported: " + b", ".join(request.values(b"proxy-require"))
    return None


def _count_hop(draft: Draft) -> None:
    """One hop less (RFC 3261 16.6 step 3)."""
    place = draft.message.index(b"max-forwards")
    if place is None:
        draft.below.insert(0, b"Max-Forwards: 70")
    else:
        draft.set_value(place, b"%d" % max(0, int(draft.message.value_at(place)) - 1))


def _via_line(own: End, branch: bytes) -> bytes:
    host, port = bracketed(own.address[0]).encode(), own.address[1]
    return b"Via: SIP/2.0/%b %b:%d;branch=%b;rport" % (own.transport.encode(), host, port, branch)


def _back(flow: Flow, where: Address) -> Flow:
    """Give the flow of answers: the connection that the request came by, or else to where its Via says (18.2.2)."""
    return flow if flow.reliable else flow._replace(remote=where)


def _can_reach(own: End, hop: End) -> bool:
    return own.transport == hop.transport and (":" in own.address[0]) == (":" in hop.address[0])
