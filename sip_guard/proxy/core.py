"""The proxy as a pure machine: what comes in, and the time, give what is to be done (RFC 3261 16)."""

from collections.abc import Callable, Container, Iterable

from sip_guard.peer import Peers, Route, Target, Trunk
from sip_guard.proxy import maddr, strict
from sip_guard.proxy.action import Abandon, Action, Followed, Refused, Screen, Send
from sip_guard.proxy.admission import Admission
from sip_guard.proxy.anonymity import conceal, reveal
from sip_guard.proxy.border import Border
from sip_guard.proxy.dialogs import Dialogs
from sip_guard.proxy.forwarding import Forwarding, Sign, count_hop, via_line
from sip_guard.proxy.hops import Hop, Hops
from sip_guard.proxy.key import Key, server_key
from sip_guard.proxy.leaving import Leaving
from sip_guard.proxy.loops import Loops, branch, limit_breadth
from sip_guard.proxy.outward import choose, choosing
from sip_guard.proxy.overload import Overload
from sip_guard.proxy.place import Place
from sip_guard.proxy.probe import Beat
from sip_guard.proxy.route import UNROUTED, Addresses, Dialog, Routed, Seal, addressed, led, take_own_routes, way
from sip_guard.proxy.table import Table
from sip_guard.proxy.transaction import ClientTransaction, ServerTransaction, State
from sip_guard.proxy.validation import Refusal, invalid
from sip_guard.sip import hygiene, overload_control, tagging
from sip_guard.sip.flow import Address, End, Flow
from sip_guard.sip.headers import Via, name_addr, split_list
from sip_guard.sip.message import MalformedMessage, Message, Request, Response
from sip_guard.sip.overload_control import offered
from sip_guard.sip.rewrite import PHRASES, Draft, answer, stamped_via
from sip_guard.sip.uri import Uri
from sip_guard.verdict import Redirect, Reject, Verdict

ALLOW = b"Allow: INVITE, ACK, CANCEL, OPTIONS"
FORMER: Refusal = (403, "No Peer Any More", b"")


class Proxy:
    """A transaction-stateful, record-routing proxy. No I/O: each call returns what it causes."""

    def __init__(
        self,
        peers: Peers,
        own: list[End],
        secret: bytes,
        random: Callable[[int], bytes],
        *,
        routes: Iterable[Route] = (),
        max_transactions: int = 50_000,
        overload: Overload | None = None,
        epoch: float = 0.0,
        private: frozenset[bytes] = hygiene.FORGEABLE,
        urgent: Callable[[Request, Trunk | None], bool] = lambda *_: False,
        sign: Sign = lambda *_: (),
    ) -> None:
        """Make a proxy that listens at `own`, and sends from the first of them that reaches where it sends to.

        `secret` signs what proves a dialog; `random` gives unguessable octets for branches; `routes` are the ways out;
        `max_transactions` bounds the requests in progress, beyond which new ones get 503; `overload` tells when calls
        are shed; `epoch`: what time it was at 0 of the clock, in seconds since 1970; `private` are the fields (long
        names, lower case) that nobody but this guard may set; `urgent` tells emergency calls by the request and its
        trunk (None: of our side); `sign` signs calls of our side as they leave by a trunk.
        """
        self.peers = peers
        self._seal = Seal(secret)
        self._random = random
        self._epoch = epoch
        self.overload = overload or Overload()
        self.dialogs = Dialogs()
        self.admission = Admission(self.dialogs, self.overload, self._chance, max_transactions=max_transactions)
        self.leaving = Leaving()
        self._table = Table(self.dialogs)
        self.hops = Hops(peers, self._chance)
        self._beats: dict[End, Beat] = {}
        self._set(own=own, routes=routes, private=private, urgent=urgent, sign=sign)

    def change(
        self,
        trunks: Iterable[Trunk],
        targets: Iterable[Target],
        own: list[End],
        now: float,
        *,
        former: Iterable[End] = (),
        routes: Iterable[Route] = (),
        max_transactions: int = 50_000,
        private: frozenset[bytes] = hygiene.FORGEABLE,
        urgent: Callable[[Request, Trunk | None], bool] = lambda *_: False,
        sign: Sign = lambda *_: (),
    ) -> None:
        """Go by another configuration from `now` on; all that is in progress goes on.

        Where a call goes that is being screened is settled by the configuration that it came under. `former` are ends
        where we listened before, which calls in progress still name.
        """
        for server in self._table.servers.values():
            if server.state is State.SCREENING and isinstance(server.peer, Trunk):
                server.hops = self._inward(server.request, server.peer, now)
        self.peers.change(trunks, targets, now)
        self.hops.change()
        self.admission.max_transactions = max_transactions
        self._set(own=own, routes=routes, private=private, urgent=urgent, sign=sign, former=former)
        self.start(now)

    def _set(
        self,
        *,
        own: list[End],
        routes: Iterable[Route],
        private: frozenset[bytes],
        urgent: Callable[[Request, Trunk | None], bool],
        sign: Sign,
        former: Iterable[End] = (),
    ) -> None:
        self._routes = tuple(routes)
        self._urgent = urgent
        named = [*own, *former]
        self._addresses = Addresses(end.address for end in named)
        self._border = Border(private | choosing(self._routes))
        self._loops = Loops(named, self._seal, choosing(self._routes))
        self._forwarding = Forwarding(
            self._table,
            self.hops,
            own,
            seal=self._seal,
            random=self._random,
            border=self._border,
            loops=self._loops,
            sign=sign,
        )

    @property
    def transactions(self) -> int:
        """How many requests are in progress or remembered."""
        return len(self._table.servers)

    @property
    def unanswered(self) -> int:
        """How many requests in progress have no final answer yet."""
        return sum(server.open for server in self._table.servers.values())

    @property
    def pending(self) -> int:
        """How much is kept of requests: a large one counts several times."""
        return self._table.pending

    def uses(self, ends: Container[End]) -> bool:
        """Tell whether anything in progress came by, or goes from, one of these ends of ours."""
        flows = (each.flow for table in (self._table.servers, self._table.clients) for each in table.values())
        return any(End(flow.transport, flow.local) in ends for flow in flows)

    def _chance(self) -> float:
        return int.from_bytes(self._random(4), "big") / 2**32

    # Where calls go.

    def start(self, now: float) -> None:
        """Begin to ask the targets that are probed, and no others any more."""
        for end, beat in list(self._beats.items()):
            if self.peers.targets.get(beat.target.name) != beat.target:
                self._stop(end)
        for target in self.peers.targets.values():
            self._probe(target, now)

    def located(self, target: Target, places: tuple[Place, ...], now: float) -> None:
        """Take the places that the name of a target leads to from now on."""
        self.hops.located(target, places, now)
        self._probe(target, now)

    def _probe(self, target: Target, now: float) -> None:
        """Ask the addresses of a target in turn, and those no more that are no longer its own."""
        if target.probe is None:
            return
        ends = self.hops.ends(target)
        for end in [end for end, beat in self._beats.items() if beat.target.name == target.name and end not in ends]:
            self._stop(end)
        for end in ends - self._beats.keys():
            beat = self._beats[end] = Beat(target, end, now + self._chance() * min(1.0, target.probe.every))
            self._table.watch(beat)

    def _stop(self, end: End) -> None:
        """Ask an address no more."""
        self._table.timers.forget(self._beats.pop(end))

    # What comes in.

    def knows(self, flow: Flow) -> bool:
        """Tell whether anything that comes along `flow` is to be read."""
        return self.peers.of(flow) is not None or self._forwarding.awaits(flow.remote)

    def receive(self, message: Message, flow: Flow, now: float) -> list[Action]:
        """Take a message that came along `flow` at `now` (seconds of a clock that never goes back)."""
        peer = self.peers.of(flow)
        if isinstance(message, Response):
            return self._forwarding.response(message, peer, flow, now)
        if isinstance(message, Request) and peer is not None:
            return self._request(message, peer, flow, now)
        return []

    def refuse(self, fault: MalformedMessage, flow: Flow) -> list[Action]:
        """Answer what could not be read, if it was a request that can be answered at all (RFC 3261 16.3)."""
        request = fault.message
        if not isinstance(request, Request) or request.method == b"ACK" or self.peers.of(flow) is None:
            return []
        top = split_list(request.value(b"via"))
        if not top:
            return []
        via = Via.parse(top[0])
        line, where = stamped_via(request, via, flow.remote) if via is not None else (b"", flow.remote)
        phrase = f"{PHRASES[fault.code]} ({fault.reason})"
        octets = answer(request, fault.code, tag=self._seal.tag(request), phrase=phrase, top_via=line)
        return [Send(octets, *_back(flow, via, where))]

    def failed(self, flow: Flow, now: float) -> list[Action]:
        """Take note that what was sent along `flow` does not arrive: who waits for an answer gets none (16.9)."""
        return self._forwarding.failed(flow, now)

    def decide(self, key: Key, verdict: Verdict, now: float, followed: Followed | None = None) -> list[Action]:
        """Carry out the verdict on a request that was to be screened; nothing if it was cancelled meanwhile.

        How a call goes on that is let through is told of as `followed`.
        """
        server = self._table.servers.get(key)
        if server is None or server.state is not State.SCREENING or not isinstance(server.peer, Trunk):
            return []
        server.reasons = verdict.reasons
        if isinstance(verdict, Reject):
            return self._table.answer(server, verdict.code, now, verdict.phrase)
        if isinstance(verdict, Redirect):
            contact = b"Contact: <" + verdict.contact + b">"
            return self._table.answer(server, verdict.code, now, extra=(contact,))
        if followed is not None:
            self.dialogs.follow(key, followed)
        draft = server.draft
        self._border.clean(draft, server.peer, screened=True)
        headers = verdict.tags.headers
        draft.leave_out(verdict.tags.removed.union([name.lower() for name, _ in headers]))
        draft.below += [name + b": " + value for name, value in headers]
        if verdict.tags.verstat:
            tagging.tag(draft, verdict.tags.verified, verdict.tags.verstat)
        proof = self._seal.early(server.request, anonymous=verdict.anonymise) + b"." + way(server.flow)
        if verdict.anonymise:
            server.hidden = conceal(draft, self._seal)
            proof += b"." + server.hidden
        hops = server.hops or self._inward(server.request, server.peer, now)
        actions = self._forwarding.begin(server, hops, proof, now)
        if server.state is State.SCREENING:
            server.proceed()
        return actions

    def tick(self, now: float) -> list[Action]:
        """Do what is due at `now`."""
        actions: list[Action] = []
        for transaction in self._table.timers.due(now):
            if transaction.expire_at is not None and transaction.expire_at <= now:
                transaction.expire_at = None
                actions += self._expire(transaction, now)
            elif (
                not isinstance(transaction, Beat) and transaction.resend_at is not None and transaction.resend_at <= now
            ):
                back = transaction.back if isinstance(transaction, ServerTransaction) else None
                actions.append(Send(transaction.resend(now), transaction.flow, back))
            self._table.watch(transaction)
        return actions

    def next_timer(self) -> float | None:
        """Give when `tick` is to be called next; None while nothing is in progress."""
        return self._table.timers.next()

    # Requests.

    def _request(self, request: Request, peer: Trunk | Target, flow: Flow, now: float) -> list[Action]:
        key = self._key(request, peer, flow)
        if request.method == b"ACK":
            return self._ack(request, key, peer, flow, now)
        via = request.via
        line, where = stamped_via(request, via, flow.remote)
        along, back = _back(flow, via, where)
        asking = b""
        if b"oc" in via.params and offered(via):
            asking = overload_control.asking(self.overload.share(now), self._epoch + now)
            line = overload_control.with_top(line, asking)
        if request.method == b"CANCEL":
            return self._cancel(request, key, line, (along, back), now)
        known = self._table.servers.get(key)
        if known is not None:
            octets = known.again()
            return [Send(octets, known.flow, known.back)] if octets else []
        is_call = request.method == b"INVITE" and not request.to_tag
        # A call that is turned away shall cost next to nothing.
        closed = None if request.to_tag and request.method != b"INVITE" else self._closed(request, peer, flow, now)
        refusal = closed or self._busy(request, peer, now) if is_call else None
        if refusal is not None:
            return self._refuse(request, line, refusal, flow, (along, back))
        draft, routed, dialog = self._routed(request, peer, flow)
        in_dialog = dialog is not Dialog.NONE
        route = None if in_dialog or isinstance(peer, Trunk) else choose(self._routes, request)
        refusal = (
            invalid(request, peer, self._addresses, self._loops)
            or (None if in_dialog else closed or self._outside(request, peer, routed.following, route))
            or (None if is_call else self._busy(request, peer, now, in_dialog=in_dialog))
        )
        if refusal is not None:
            return self._refuse(request, line, refusal, flow, (along, back))
        draft.lines[request.places(b"via")[0]] = line
        server = ServerTransaction(key, request, draft, peer, along, back=back, via=line, seal=self._seal)
        server.asking = asking
        self._table.open(server)
        trying = server.begin(now)
        actions: list[Action] = [Send(trying, along, back)] if trying else []
        if in_dialog:
            ended = self.dialogs.passed(request, now)
            actions += self._in_dialog(server, routed, dialog, now)
            actions += ended
        elif isinstance(peer, Target) and route is not None:
            actions += self._outward(server, route, now)
        elif isinstance(peer, Trunk) and server.invite:
            self.dialogs.begin(peer, key, now)
            server.screen(now)
            actions.append(Screen(key, request, peer, along))
        elif isinstance(peer, Trunk):
            self._border.clean(draft, peer)
            actions += self._forwarding.begin(server, self._inward(request, peer, now), b"", now)
        self._table.watch(server)
        return actions

    def _key(self, request: Request, peer: Trunk | Target, flow: Flow) -> Key:
        """Give the key of a request; of one that is known by what its sender was called before, that one."""
        key = server_key(request, peer)
        if key not in self._table.servers:
            for each in self.peers.before(flow):
                former = server_key(request, each)
                if former in self._table.servers:
                    return former
        return key

    def _refuse(
        self, request: Request, line: bytes, refusal: Refusal, flow: Flow, way_back: tuple[Flow, Address]
    ) -> list[Action]:
        """Answer a request that goes no further, and keep nothing of it."""
        sent = Send(self._stateless(request, line, refusal), *way_back)
        return [sent] if refusal[0] < 300 else [sent, Refused(request, refusal[0], refusal[1], flow)]

    def _routed(self, request: Request, peer: Trunk | Target, flow: Flow) -> tuple[Draft, Routed, Dialog]:
        """Read what leads a request here (RFC 3261 16.4), and tell which dialog of ours it is of."""
        draft = Draft(request)
        # A URI without parameters has neither `maddr` nor a proof of ours.
        strictly = False
        if b";" in request.uri:
            maddr.take_own(draft, flow)
            strictly = strict.undo(draft, self._addresses)
        if b"route" not in request:
            return draft, UNROUTED, Dialog.NONE
        routed = take_own_routes(draft, self._addresses)
        dialog = self._seal.dialog_of(routed, request, trusted=isinstance(peer, Target))
        if strictly and dialog is Dialog.NONE:
            # Nobody may choose another Request-URI than the one that is screened.
            draft = Draft(request)
            routed = take_own_routes(draft, self._addresses)
        return draft, routed, dialog

    def _closed(self, request: Request, peer: Trunk | Target, flow: Flow, now: float) -> Refusal | None:
        """Refuse what would begin something where nothing begins any more. Emergency calls do nevertheless."""
        if self.peers.is_former(peer):
            return FORMER
        refusal = self.leaving.refusal(flow, now)
        return None if refusal and self._urgent(request, peer if isinstance(peer, Trunk) else None) else refusal

    def _busy(self, request: Request, peer: Trunk | Target, now: float, *, in_dialog: bool = False) -> Refusal | None:
        """Refuse what is more than can be done (RFC 7339 5.10.2: without Retry-After), calls in progress last."""
        trunk = peer if isinstance(peer, Trunk) else None
        return self.admission.refuse(
            trunk,
            now,
            pending=self._table.pending,
            invite=request.method == b"INVITE",
            in_dialog=in_dialog,
            urgent=lambda: self._urgent(request, trunk),
            throttled=b"oc" in request.via.params and offered(request.via),
        )

    def _outside(self, request: Request, peer: Trunk | Target, following: bytes, route: Route | None) -> Refusal | None:
        """Find the answer to a request that no dialog of ours is proven for; None if it goes on."""
        if request.method == b"OPTIONS":
            return 200, "", ALLOW
        if request.method != b"INVITE" and request.to_tag:
            return 481, "", b""
        if request.method != b"INVITE":
            trunks = [peer] if isinstance(peer, Trunk) else [] if route is None else self._trunks(route)
            if not any(_allows(trunk, request) for trunk in trunks):
                return 405, "", ALLOW
        if isinstance(peer, Target) and route is None:
            return 403, "No Route Out", b""
        if following:
            return 403, "Foreign Route", b""
        return None

    # Where requests go.

    def _trunks(self, route: Route) -> list[Trunk]:
        return [self.peers.trunks[name] for name in route.trunks]

    def _targets(self, trunk: Trunk) -> list[Target]:
        """Give the targets of a trunk, which may be of a former configuration, that are still there."""
        return [target for name in trunk.targets if (target := self.peers.targets.get(name)) is not None]

    def _inward(self, request: Request, trunk: Trunk, now: float) -> list[Hop]:
        """Give where a call of a trunk may go."""
        return self.hops.to(self._targets(trunk), now, urgent=lambda: self._urgent(request, trunk))

    def _outward(self, server: ServerTransaction, route: Route, now: float) -> list[Action]:
        """Send a request of our side out by the trunks of its route, those that allow it."""
        request = server.request
        if server.invite:
            self.dialogs.begin(None, server.key, now)
        self._border.clean(server.draft, server.peer)
        hops = [
            hop
            for trunk in self._trunks(route)
            if _allows(trunk, request)
            for hop in self.hops.to(self.peers.beyond(trunk), now, urgent=lambda: self._urgent(request, None))
        ]
        call_id, tag, to = request.call_id, request.from_tag, request.value(b"to")
        proof = b".".join((self._seal.outward(request), way(server.flow), self._seal.called(call_id, tag, to)))
        return self._forwarding.begin(server, hops, proof, now)

    def _in_dialog(self, server: ServerTransaction, routed: Routed, dialog: Dialog, now: float) -> list[Action]:
        """Send on a request of a proven dialog, to its next Route or to its Request-URI (RFC 3261 16.6 step 7)."""
        hop = self._next_hop(server.draft.uri, routed, server.peer)
        if hop is None:
            return self._table.answer(server, 404, now)
        if dialog is Dialog.HIDDEN:
            server.hidden = self._hidden(server.draft, routed, server.peer)
        if routed.following:
            strict.make(server.draft)
        self._border.clean(server.draft, server.peer)
        proof = b""
        if server.invite:
            proof = self._seal.dialog(server.request, anonymous=bool(server.hidden)) + b"." + way(server.flow)
            if server.hidden and isinstance(server.peer, Trunk):
                proof += b"." + server.hidden
        return self._forwarding.begin(server, [self.hops.at(hop)], proof, now)

    def _hidden(self, draft: Draft, routed: Routed, peer: Trunk | Target) -> bytes:
        """Hide the caller of such a dialog from the callee once more, and give who that is, encrypted."""
        if not isinstance(peer, Target):
            return conceal(draft, self._seal)
        reveal(draft, routed.sealed, self._seal)
        return routed.sealed

    def _next_hop(self, request_uri: bytes, routed: Routed, peer: Trunk | Target) -> End | None:
        """Give where a request of a dialog goes; None for nowhere.

        That is the address that its next Route or its Request-URI names, or else where the other side was reached. A
        trunk's goes to no place but a target on our side, one of its own if nothing else is named.
        """
        following = name_addr(routed.following).uri if routed.following else b""
        uri = Uri.parse(following or request_uri)
        if self._addresses.include(uri):
            return None
        named = addressed(uri)
        if isinstance(peer, Target):
            return named or led(routed.way)
        if named is not None and isinstance(self.peers.at(named.address), Target):
            return named
        told = led(routed.way)
        if told is not None and isinstance(self.peers.at(told.address), Target):
            return told
        return next((end for target in self._targets(peer) for end in self.hops.ends(target)), None)

    def _ack(self, request: Request, key: Key, peer: Trunk | Target, flow: Flow, now: float) -> list[Action]:
        """Let an ACK end here, or go on without a transaction if it is for a 2xx (RFC 3261 16.11, RFC 6026 7.1)."""
        server = self._table.servers.get(key)
        if server is not None and server.acknowledge(now):
            self._table.watch(server)
            return []
        draft, routed, dialog = self._routed(request, peer, flow)
        hop = self._next_hop(draft.uri, routed, peer)
        if hop is None or dialog is Dialog.NONE or invalid(request, peer, self._addresses, self._loops):
            return []
        hidden = self._hidden(draft, routed, peer) if dialog is Dialog.HIDDEN else b""
        if routed.following:
            strict.make(draft)
        via = request.via
        draft.lines[request.places(b"via")[0]] = stamped_via(request, via, flow.remote)[0]
        self._border.clean(draft, peer)
        self._border.withhold(draft, self.peers.at(hop.address), anonymous=bool(hidden))
        count_hop(draft)
        limit_breadth(draft)
        overload_control.stamp(draft)
        local = self._forwarding.local(hop, End(flow.transport, flow.local))
        if local is None:
            return []
        sealed = (via.branch, via.sent_by, request.call_id, b"%d" % request.cseq)
        marked = branch(self._seal.mac(b"ACK", *sealed), self._loops.digest(request, peer))
        draft.above.append(via_line(local, marked))
        return [Send(draft.octets(), Flow(hop.transport, local.address, hop.address))]

    def _cancel(
        self, request: Request, key: Key, line: bytes, way_back: tuple[Flow, Address], now: float
    ) -> list[Action]:
        """Answer a CANCEL here, hop by hop, and cancel what was sent on (RFC 3261 16.10)."""
        server = self._table.servers.get(key)
        if server is None:
            return [Send(self._stateless(request, line, (481, "", b"")), *way_back)]
        actions: list[Action] = [Send(answer(request, 200, tag=server.tag, top_via=line), *way_back)]
        if server.state is State.SCREENING:
            return [*actions, Abandon(key), *self._table.answer(server, 487, now)]
        return [*actions, *self._forwarding.cancel(server, now)]

    def _stateless(self, request: Request, line: bytes, refusal: Refusal) -> bytes:
        code, phrase, extra = refusal
        return answer(
            request, code, tag=self._seal.tag(request), phrase=phrase, top_via=line, extra=(extra,) if extra else ()
        )

    # Timers.

    def _expire(self, timed: ServerTransaction | ClientTransaction | Beat, now: float) -> list[Action]:
        if isinstance(timed, Beat):
            return self._forwarding.probe(timed, now)
        if isinstance(timed, ClientTransaction):
            return self._forwarding.expire(timed, now)
        if timed.state is State.SCREENING:
            # No verdict came in all this time, which only a mistake of our own can cause.
            return [Abandon(timed.key), *self._table.answer(timed, 500, now)]
        self._table.end(timed)
        return []


def _allows(trunk: Trunk, request: Request) -> bool:
    """Tell whether a request outside of calls may pass, from a trunk or towards it."""
    return request.method == b"INVITE" or request.method.decode("ascii") in trunk.methods


def _back(flow: Flow, via: Via | None, where: Address) -> tuple[Flow, Address]:
    """Give the flow of answers (RFC 3261 18.2.2), and where a new connection is opened to if that one is closed.

    It is the connection that the request came by, or over UDP the way to `where` the Via says.
    """
    if not flow.reliable:
        return flow if where == flow.remote else Flow(flow.transport, flow.local, where), where
    port = None if via is None else via.port
    return flow, (flow.remote[0], port or (5061 if flow.transport == "TLS" else 5060))
