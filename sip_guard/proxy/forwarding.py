"""Sending requests on, and what comes of it: answers, failover, the best answer (RFC 3261 16.6 to 16.9)."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from msgspec.structs import replace

from sip_guard.peer import Target, Trunk
from sip_guard.proxy.action import Action, Marked, Send, Unreached
from sip_guard.proxy.anonymity import conceal_answer
from sip_guard.proxy.best import best, gather_challenges
from sip_guard.proxy.border import Border
from sip_guard.proxy.hops import Hop, Hops
from sip_guard.proxy.key import COOKIE
from sip_guard.proxy.loops import Loops, branch, limit_breadth
from sip_guard.proxy.probe import Beat, options
from sip_guard.proxy.redirection import contacts
from sip_guard.proxy.route import REMEMBERED, Seal, b64url, bind, record_route, way
from sip_guard.proxy.table import Table
from sip_guard.proxy.timers import TRANSACTION
from sip_guard.proxy.transaction import ClientTransaction, Final, ServerTransaction, State
from sip_guard.sip import overload_control
from sip_guard.sip.flow import Address, End, Flow, bracketed
from sip_guard.sip.message import Response
from sip_guard.sip.overload_control import OFFER
from sip_guard.sip.reason import reason_lines
from sip_guard.sip.request_uri import towards
from sip_guard.sip.rewrite import Draft, acknowledgement, cancellation, restore, without_top_via

MAX_REDIRECTIONS = 10
"""Contacts that one call is redirected to."""
LARGE = 1300
"""Octets from which on a request should not go by UDP (RFC 3261 18.1.1)."""
Sign = Callable[[Draft, Trunk, Target], tuple[bytes, ...]]
"""Gives the header lines that sign a call of a target of ours as it leaves by a trunk; none: it is not signed."""
_SECONDS = re.compile(rb"[0-9]{1,9}").match


class Forwarding:
    """The client side of the proxy."""

    def __init__(
        self,
        table: Table,
        hops: Hops,
        own: Iterable[End],
        *,
        seal: Seal,
        random: Callable[[int], bytes],
        border: Border,
        loops: Loops,
        sign: Sign,
    ) -> None:
        """Send from the first end of `own` that reaches where a request goes to."""
        self._table = table
        self._hops = hops
        self._own = tuple(own)
        self._seal = seal
        self._random = random
        self._border = border
        self._loops = loops
        self._sign = sign

    # Requests.

    def begin(self, server: ServerTransaction, hops: list[Hop], proof: bytes, now: float) -> list[Action]:
        """Send a request on to the first of `hops`; the others are for the case that nothing comes of it.

        An INVITE gets a Record-Route with `proof`, which is the way back as well.
        """
        count_hop(server.draft)
        limit_breadth(server.draft)
        overload_control.stamp(server.draft)
        came = End(server.flow.transport, server.flow.local)
        server.hops = [hop for hop in hops if self.local(hop.end, came) is not None]
        server.mark = proof
        server.digest = self._loops.digest(server.request, server.peer)
        return self._next(server, now)

    def _next(self, server: ServerTransaction, now: float) -> list[Action]:
        """Try the next hop that is up; if there is none, answer with the best of what came."""
        while server.hops:
            hop = server.hops.pop(0)
            if server.cancelled or (server.tried and not self._hops.is_up(hop, now)):
                continue
            client = self._client(server, hop, now)
            if client is not None:
                server.tried.append(hop)
                self._hops.tried(client.hop, now)
                self._table.add(client)
                return [Send(client.sent, client.flow)]
        return self._conclude(server, now)

    def _client(self, server: ServerTransaction, hop: Hop, now: float) -> ClientTransaction | None:
        """Make the request that goes to `hop`; None if no end of ours reaches it.

        Where it leaves by another end than it came by, there is a Record-Route for each side (RFC 5658 5), but not
        where it does so only because it is large.
        """
        came = End(server.flow.transport, server.flow.local)
        end = hop.end
        local = self.local(end, came)
        if local is None:
            return None
        request, target = server.request, hop.target
        draft = server.draft.copy()
        if hop.uri:
            draft.uri = hop.uri
        elif target is not None and target.request_uri == "rewrite" and not request.to_tag:
            draft.uri = towards(draft.uri, target.host, target.port)
        side = self._hops.side(hop)
        self._border.withhold(draft, side, anonymous=bool(server.hidden))
        if server.invite and not request.to_tag and isinstance(server.peer, Target) and isinstance(side, Trunk):
            draft.below += self._sign(draft, side, server.peer)
        key = branch(b64url(self._random(12)), server.digest), request.method
        offer = OFFER if target is not None and target.overload_control else b""
        draft.above.append(via_line(local, key[0], offer))
        if server.invite:
            draft.above.append(record_route(local, server.mark))
            if came != local:
                draft.above.append(record_route(came, server.mark))
        octets = draft.octets()
        avoids_fragments = target is not None and target.large_requests == "tcp" and not hop.fragmented
        if avoids_fragments and len(octets) > LARGE and end.transport == "UDP":
            by_tcp = End("TCP", end.address)
            reaching = self.local(by_tcp, came)
            if reaching is not None and self._hops.is_up(Hop(by_tcp), now):
                server.hops.insert(0, replace(hop, fragmented=True))
                hop, end, local = replace(hop, end=by_tcp), by_tcp, reaching
                draft.above[0] = via_line(local, key[0], offer)
                octets = draft.octets()
        flow = Flow(end.transport, local.address, end.address)
        patience = target.patience if target is not None and server.invite and server.hops else TRANSACTION
        return ClientTransaction(
            key,
            draft,
            octets,
            flow,
            now,
            hop=hop,
            server=server,
            patience=patience,
        )

    def local(self, hop: End, *preferred: End) -> End | None:
        """Give the end of ours that `hop` is reached from: one that is preferred if it can be; None: there is none."""
        transport, is_ipv6 = hop.transport, ":" in hop.address[0]
        for own in (*preferred, *self._own):
            if own.transport == transport and (":" in own.address[0]) == is_ipv6:
                return own
        return None

    def cancel(self, server: ServerTransaction, now: float) -> list[Action]:
        """Cancel an INVITE wherever it was sent on to (RFC 3261 16.10)."""
        server.cancelled = True
        server.hops = []
        return self._cancel_all(server, now)

    def _cancel_all(self, server: ServerTransaction, now: float) -> list[Action]:
        return [
            action for client in server.clients if client.invite and client.open for action in self._cancel(client, now)
        ]

    def _cancel(self, client: ClientTransaction, now: float) -> list[Action]:
        """Cancel an INVITE that was sent on: now, or once there is a provisional answer (RFC 3261 9.1)."""
        if not client.cancel(now):
            return []
        self._table.watch(client)
        key = client.key[0], b"CANCEL"
        cancel = ClientTransaction(key, client.draft, cancellation(client.draft), client.flow, now, hop=client.hop)
        self._table.add(cancel)
        return [Send(cancel.sent, cancel.flow)]

    def probe(self, beat: Beat, now: float) -> list[Action]:
        """Ask a target whether it is there."""
        probe = beat.target.probe
        end = beat.hop.end
        local = self.local(end)
        if probe is None or local is None:
            return []
        beat.expire_at = now + probe.every
        key = COOKIE + b64url(self._random(12)), b"OPTIONS"
        draft = options(beat.target, end, local, b64url(self._random(12)), via_line(local, key[0]))
        flow = Flow(end.transport, local.address, end.address)
        client = ClientTransaction(key, draft, draft.octets(), flow, now, hop=beat.hop, patience=probe.timeout)
        self._table.add(client)
        return [Send(client.sent, client.flow)]

    # Answers.

    def awaits(self, address: Address) -> bool:
        """Tell whether an answer may come from an address that is no peer's."""
        return address in self._table.strangers

    def response(self, response: Response, sender: Trunk | Target | None, flow: Flow, now: float) -> list[Action]:
        """Pass an answer on (RFC 3261 16.7); one that belongs to no request of ours is dropped (RFC 6026 8.2).

        So is one that comes neither from a peer (`sender`) nor from where the request was sent to.
        """
        client = self._table.clients.get((response.via.branch, response.method))
        if client is None or (sender is None and flow.remote != client.flow.remote):
            return []
        server, code = client.server, response.code
        if server is not None and len(response.vias) < 2:
            return []
        again = not client.open
        passed = client.response(code, now)
        if code >= 200:
            # One that is provisional puts timers off.
            self._table.watch(client)
        actions: list[Action] = []
        if code >= 300 and client.invite and client.state is State.COMPLETED:
            actions.append(Send(acknowledgement(client.draft, response), client.flow))
        if not again:
            actions += self._noted(client, response, now)
        if client.cancelled and client.invite and client.open:
            actions += self._cancel(client, now)
        if not passed or server is None or (code < 200 and client.abandoned):
            return actions
        if code >= 300:
            return [*actions, *self._failure(server, Final(response, client), now)]
        actions += self._pass_on(server, response, client, sender, now)
        if code >= 200:
            server.hops = []
            if len(server.clients) > 1:
                actions += self._cancel_all(server, now)
        return actions

    def _noted(self, client: ClientTransaction, response: Response, now: float) -> list[Marked]:
        """Take note of what an answer says about the target."""
        hop = client.hop
        if hop.target is not None and hop.target.overload_control:
            self._hops.told(hop, response.via, now)
        if response.code != 503:
            return self._hops.answered(hop, now)
        rest = _SECONDS(response.value(b"retry-after"))
        if rest is not None and int(rest[0]):
            return self._hops.refused(hop, float(rest[0]), now)
        if client.key[1] == b"OPTIONS" and client.server is None:
            return self._hops.unanswered(hop, now, "503 to OPTIONS")
        return []

    def _failure(self, server: ServerTransaction, final: Final, now: float) -> list[Action]:
        """Go on elsewhere after a final answer that is no 2xx, or give the best of what came."""
        response, client = final.response, final.client
        if response.code >= 600:
            # Wherever it came from, nobody else is to be asked (RFC 3261 16.7 step 5).
            server.hops = []
        if not client.abandoned:
            # It has answered by TCP, and need not be tried by UDP.
            server.hops = [hop for hop in server.hops if not hop.fragmented]
        if not client.abandoned and not client.cancelled and response.code < 400:
            further = self._redirected(server, final)
            if further:
                server.hops = further
                return self._next(server, now)
        # The contacts of a redirection are tried in turn whatever they answer (RFC 3261 16.5); targets, if they cannot.
        goes_on = response.code == 503 or (client.hop.uri and any(hop.uri for hop in server.hops))
        if goes_on and not client.abandoned and server.hops and not client.cancelled:
            server.finals.append(final)
            return self._next(server, now)
        if client.abandoned and response.code == 487:
            # It answers our own CANCEL, and says nothing to the caller.
            return []
        server.finals.append(final)
        if client.abandoned:
            return self._cancel_all(server, now) if response.code >= 600 else []
        server.hops = []
        return self._conclude(server, now)

    @staticmethod
    def _redirected(server: ServerTransaction, final: Final) -> list[Hop]:
        """Give what a 3xx of a target leads to, if it is followed: the same target, with another Request-URI.

        Only its own side knows where a contact is; the guard opens no way to anywhere else.
        """
        target = final.client.hop.target
        if target is None or target.redirects == "pass" or server.request.to_tag:
            return []
        tried = [hop.uri for hop in server.tried]
        room = MAX_REDIRECTIONS - len(server.redirected)
        found = contacts(final.response, server.request, [*tried, *server.redirected])[: max(0, room)]
        server.redirected += found
        return [replace(final.client.hop, uri=uri, fragmented=False) for uri in found] + (server.hops if found else [])

    def _conclude(self, server: ServerTransaction, now: float) -> list[Action]:
        """Answer with the best of what came (RFC 3261 16.7 step 6), or tell that nothing did."""
        codes = [final.response.code for final in server.finals]
        code, at = best(codes) if codes else (server.failure, None)
        if code == 408 and not server.invite:
            self._table.stay_silent(server, now)
            return []
        if at is not None:
            final = server.finals[at]
            sender = self._hops.peers.of(final.client.flow)
            return self._pass_on(server, final.response, final.client, sender, now)
        if server.cancelled and server.invite:
            return self._table.answer(server, 487, now)
        if not any(self._hops.is_up(hop, now) for hop in server.tried):
            code = 503
        answered = self._table.answer(server, code, now)
        tried = tuple((hop.target.name if hop.target else "", hop.end) for hop in server.tried)
        return [*answered, Unreached(server.request, code, server.flow, tried)] if answered else []

    def _pass_on(
        self,
        server: ServerTransaction,
        response: Response,
        client: ClientTransaction,
        sender: Trunk | Target | None,
        now: float,
    ) -> list[Action]:
        draft = Draft(response)
        without_top_via(draft)
        self._border.clean(draft, sender)
        self._border.withhold(draft, server.peer)
        if len(server.finals) > 1:
            gather_challenges(draft, [each.response for each in server.finals])
        overload_control.stamp(draft, server.asking)
        withheld = server.hidden if isinstance(server.peer, Target) else b""
        if withheld:
            # The callee asked, and the caller answers.
            conceal_answer(draft, self._seal)
        if server.mark and b"record-route" in response:
            proof = self._seal.dialog(response, anonymous=bool(server.hidden)) + b"." + way(client.flow)
            bind(draft, server.mark, proof + b"." + withheld if withheld else proof)
        restore(draft, server.request)
        if server.reasons:
            told = server.tells(response.code, response.to_tag, response.value(b"rseq"))
            draft.below += reason_lines(told, response)
        return self._table.send(server, response.code, draft.octets(), now, response.to_tag)

    # When nothing comes.

    def failed(self, flow: Flow, now: float) -> list[Action]:
        """Take note that what was sent along `flow` does not arrive: who waits for an answer gets none (16.9).

        A datagram that has nowhere else to go is sent again nevertheless: there may be a way in half a second.
        """
        lost = [
            client
            for client in self._table.clients.values()
            if client.open and client.flow == flow and (flow.reliable or self._may_go_on(client, now))
        ]
        return [action for client in lost for action in self._unanswered(client, 500, now)]

    def _may_go_on(self, client: ClientTransaction, now: float) -> bool:
        return client.server is not None and any(self._hops.is_up(hop, now) for hop in client.server.hops)

    def expire(self, client: ClientTransaction, now: float) -> list[Action]:
        """Do what is due when the time of a request that was sent is over."""
        if client.invite and client.state is State.PROCEEDING and not client.cancelled:
            # Timer C (RFC 3261 16.8).
            if client.server is not None:
                client.server.hops = []
            return self._cancel(client, now)
        if client.open and client.server is not None and now < client.began + TRANSACTION:
            return self._impatient(client, client.server, now)
        if client.open:
            return self._unanswered(client, 408, now)
        self._table.forget(client)
        return []

    def _impatient(self, client: ClientTransaction, server: ServerTransaction, now: float) -> list[Action]:
        """Try the next target if there is one, for this one has not answered for as long as its patience lasts."""
        client.expire_at = client.began + TRANSACTION
        if not self._may_go_on(client, now):
            return []
        client.abandon()
        marked = self._hops.unanswered(client.hop, now, "no answer")
        actions = [*marked, *self._next(server, now)]
        for other in self._waiting(client.hop.end) if marked else ():
            actions += self._impatient(*other, now)
            self._table.watch(other[0])
        return actions

    def _waiting(self, end: End) -> list[tuple[ClientTransaction, ServerTransaction]]:
        """Give the requests that wait for any answer from there, and could go elsewhere."""
        return [
            (client, client.server)
            for client in self._table.clients.values()
            if client.hop.end == end
            and client.state is State.TRYING
            and not client.cancelled
            and client.server is not None
            and client.server.hops
        ]

    def _unanswered(self, client: ClientTransaction, code: int, now: float) -> list[Action]:
        """Go on elsewhere with a request that will have no answer; `code`: what it is answered if there is no where."""
        actions: list[Action] = []
        if not client.abandoned and client.key[1] != b"CANCEL" and (client.state is State.TRYING or code != 408):
            reason = "no answer" if code == 408 else "the connection failed"
            actions += self._hops.unanswered(client.hop, now, reason)
        self._table.forget(client)
        server = client.server
        if server is None or client.abandoned:
            return actions
        if client.cancelled and server.invite:
            server.hops = []
            return [*actions, *(self._conclude(server, now) if server.finals else self._table.answer(server, 487, now))]
        server.failure = code
        if code == 408 and not server.invite:
            # Whoever sent it has given up by now (Timer F), and may have sent it once more.
            server.hops = []
        return [*actions, *self._next(server, now)]


def count_hop(draft: Draft) -> None:
    """One hop less (RFC 3261 16.6 step 3)."""
    place = draft.message.index(b"max-forwards")
    if place is None:
        draft.below.insert(0, b"Max-Forwards: 70")
    else:
        draft.set_value(place, b"%d" % max(0, int(draft.message.value_at(place)) - 1))


def via_line(own: End, branch: bytes, offer: bytes = b"") -> bytes:
    """Write our Via; `offer` are further parameters."""
    return b"%b;branch=%b;rport%b" % (_sent_by(own), branch, offer)


@lru_cache(maxsize=REMEMBERED)
def _sent_by(own: End) -> bytes:
    host, port = bracketed(own.address[0]).encode(), own.address[1]
    return b"Via: SIP/2.0/%b %b:%d" % (own.transport.encode(), host, port)
