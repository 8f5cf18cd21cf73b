"""Carries out the core's actions on the reactor, and lets its timers go off."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from sip_guard.call import Call
from sip_guard.histogram import Histogram
from sip_guard.log import Logger
from sip_guard.memory import Memory, give_back
from sip_guard.peer import Target, Trunk
from sip_guard.policy.decision import Decision
from sip_guard.proxy.action import Abandon, Action, Answered, Ended, Followed, Marked, Screen, Send, Unreached
from sip_guard.proxy.core import Proxy
from sip_guard.proxy.key import Key
from sip_guard.proxy.muting import Muting
from sip_guard.proxy.place import Place
from sip_guard.record import Masking, record
from sip_guard.screen import Screening
from sip_guard.sip.flow import Address, End, Flow, written
from sip_guard.sip.message import MalformedMessage, Message, parse
from sip_guard.traffic import Traffic
from sip_guard.verdict import Reject

if TYPE_CHECKING:
    from sip_guard.hep.mirror import Mirror

MAX_COMPLAINTS = 100
"""Log lines a second about messages that were refused: one of each kind for each source, and no more than this."""

HEARTBEAT = 0.02
"""Seconds from one look at the core's timers, and at the lateness of the reactor, to the next.

The shortest timer of RFC 3261 is 0.5 s: what is due is done together, and no call pays for a timer of the reactor.
"""
LATENESS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""By which it is counted."""

Clock = Callable[[], float]
Carry = Callable[[bytes, Flow, Address | None], None]
"""Sends octets along a flow; the address is that of `Send.back`."""


class Record(Protocol):
    """Keeps decisions and how calls went on, by numbers of which no two are alike."""

    def decided(self, call: int, at: float, fields: dict[str, object]) -> None:
        """Keep a decision that was taken at `at`, in seconds since the epoch."""

    def answered(self, call: int, code: int, at: float) -> None:
        """Keep the final answer to a call that was let through."""

    def ended(self, call: int, duration: float) -> None:
        """Keep how many seconds a call lasted from its answer on."""


class Edition(NamedTuple):
    """What a configuration makes of deciding and telling: a call that came under it is decided and told by it."""

    screening: Screening
    masking: Masking
    generation: int = 1
    """Goes up with every configuration that takes the place of another."""


class Runtime:
    """The guard at work: datagrams in, datagrams out, and one record a decision."""

    def __init__(
        self,
        proxy: Proxy,
        edition: Edition,
        reactor: IReactorTime,
        log: Logger,
        *,
        wall: Clock,
        kept: Record | None = None,
        first: int = 1,
    ) -> None:
        """`wall` gives seconds since the epoch; the reactor's own clock, which never goes back, runs the timers.

        `kept` gets what the log gets of each decision, and how the call went on. `first` is the number of the first
        decision; the others follow.
        """
        self._proxy = proxy
        self.edition = edition
        """The one that new calls come under."""
        self._reactor = reactor
        self._log = log
        self._wall = wall
        self._kept = kept
        self._numbers = count(first)
        self._sends: dict[tuple[str, Address], Carry] = {}
        self._pending: dict[Key, Deferred[Decision]] = {}
        self._muting = Muting()
        self._heart = proxy.overload.queue()
        self._heartbeat: IDelayedCall | None = None
        self._memory = Memory(give_back)
        self._complained: set[tuple[str, ...]] = set()
        self._second = 0
        self.counts: Counter[str] = Counter()
        """What happened how often: `stranger`, `malformed`, `muted`, `refused`, `undelivered`, `unreached`, `mistake`,
        `unsigned`, `decision`."""
        self.mirror: Mirror | None = None
        """What gets every message and every decision; None: nothing does."""
        self.traffic = Traffic()
        self.lateness = Histogram(LATENESS)
        """Of the reactor, in seconds: how long work waits that is due."""

    def connect(self, sends: Mapping[End, Carry]) -> None:
        """Make each of these take what goes out from its end of ours; from no other end anything goes any more."""
        self._sends = {(end.transport, end.address): carry for end, carry in sends.items()}

    def received(self, data: bytes, flow: Flow) -> None:
        """Take one datagram. Nothing that a peer sends raises."""
        now = self._reactor.seconds()
        try:
            if not self._proxy.knows(flow):
                self._complain("stranger", flow, "no trunk or target has this address")
                return
            if not data.strip(b"\r\n\x00"):
                return
            if self.mirror is not None:
                self.mirror.message(self._wall(), data, flow, sent=False)
            try:
                message = parse(data)
            except MalformedMessage as fault:
                self._malformed(fault, flow, now)
            else:
                self._muting.good(flow.remote[0])
                self._do(self._proxy.receive(message, flow, now), now)
        except Exception as error:  # noqa: BLE001 - one message must not be the end of all others
            self.mistake("receive", error)

    def broken(self, head: bytes, reason: str, flow: Flow) -> None:
        """Take the head of a message on a stream, after which nobody can tell where the next one begins."""
        now = self._reactor.seconds()
        try:
            try:
                fault = MalformedMessage(reason, 400, parse(head))
            except MalformedMessage as worse:
                fault = MalformedMessage(reason, worse.code, worse.message)
            self._malformed(fault, flow, now)
        except Exception as error:  # noqa: BLE001 - as for any other message
            self.mistake("broken", error)

    def turned_away(self, flow: Flow, reason: str) -> None:
        """Take note of a connection that a peer has opened in vain."""
        self._complain("stranger", flow, reason)

    def failed(self, flow: Flow, reason: str) -> None:
        """Take note that what was sent along a connection does not arrive."""
        now = self._reactor.seconds()
        try:
            self._complain("undelivered", flow, reason)
            self._do(self._proxy.failed(flow, now), now)
        except Exception as error:  # noqa: BLE001 - the next call may still go through
            self.mistake("failed", error)

    def located(self, target: Target, places: tuple[Place, ...]) -> None:
        """Take the places that the name of a target leads to from now on."""
        self._proxy.located(target, places, self._reactor.seconds())
        if places:
            where = [f"{place.transport} {written(place.address)}" for place in places]
            self._log.info("target_located", target=target.name, host=target.host, places=where)

    def server_name(self, address: Address) -> str | None:
        """Give what the certificate of the TLS server at an address must name; None: nothing is said of it."""
        return self._proxy.hops.server_name(address)

    def changed(self, edition: Edition) -> None:
        """Go by another edition from now on, and by what else has changed in the proxy."""
        self.edition = edition

    def start(self) -> None:
        """Begin to ask the targets that are probed, to let timers go off, and to look at how late the reactor is."""
        now = self._reactor.seconds()
        self._proxy.start(now)
        self._beat(now)

    def stop(self) -> None:
        """End what is done without a cause from outside."""
        if self._heartbeat is not None and self._heartbeat.active():
            self._heartbeat.cancel()

    def _beat(self, due: float) -> None:
        now = self._reactor.seconds()
        self._heart.delayed(now - due, now)
        self.lateness.add(now - due)
        self._memory.look(self._proxy.pending)
        self._heartbeat = self._reactor.callLater(HEARTBEAT, self._beat, now + HEARTBEAT)
        try:
            self._do(self._proxy.tick(now), now)
        except Exception as error:  # noqa: BLE001 - the timers must go on
            self.mistake("tick", error)

    def mistake(self, where: str, error: BaseException | None) -> None:
        """Log and count a mistake of our own: the counter that must stay zero. One line a second for each place."""
        self.counts["mistake"] += 1
        said = self._said()
        if (where,) not in said:
            said.add((where,))
            self._log.error("mistake", where=where, exc_info=error, count=self.counts["mistake"])

    def unsigned(self, trunk: Trunk, reason: str) -> None:
        """Take note that a call goes out by a trunk without the token that it was to have."""
        self.counts["unsigned"] += 1
        said = self._said()
        key = "unsigned", trunk.name, reason
        if key not in said:
            said.add(key)
            self._log.warning("unsigned", trunk=trunk.name, reason=reason, count=self.counts["unsigned"])

    def _malformed(self, fault: MalformedMessage, flow: Flow, now: float) -> None:
        """Log and answer what cannot be read. Who sends nothing else gets no answer and no line for a while."""
        source = flow.remote[0]
        self.traffic.malformed[fault.code] += 1
        if self._muting.muted(source, now):
            self.counts["muted"] += 1
            return
        self._complain("malformed", flow, fault.reason, fault.message)
        if self._muting.bad(source, now):
            self._log.warning("muted", source=source, reason="it sends nothing that can be read")
        self._do(self._proxy.refuse(fault, flow), now)

    def _complain(self, kind: str, flow: Flow, reason: str, message: Message | None = None) -> None:
        self.counts[kind] += 1
        said = self._said()
        # What a limit refuses is told for each limit: there are few, and nobody can make up more.
        key = kind, flow.remote[0], reason if kind == "refused" else ""
        if key not in said and len(said) < MAX_COMPLAINTS:
            said.add(key)
            call_id = message.value(b"call-id")[:256].decode("utf-8", "replace") if message else ""
            fields = {"call_id": call_id} if call_id and self.edition.masking.numbers == "full" else {}
            peer = self._proxy.peers.of(flow)
            if peer is not None:
                fields["peer"] = peer.name
            self._log.warning(kind, source=written(flow.remote), reason=reason, count=self.counts[kind], **fields)

    def _said(self) -> set[tuple[str, ...]]:
        """Give what had its line in this second."""
        second = int(self._reactor.seconds())
        if second != self._second:
            self._second = second
            self._complained.clear()
        return self._complained

    def _do(self, actions: list[Action], now: float) -> None:
        for action in actions:
            if isinstance(action, Send):
                flow = action.flow
                self._sends[flow.transport, flow.local](action.octets, flow, action.back)
                if self.mirror is not None:
                    self.mirror.message(self._wall(), action.octets, flow, sent=True)
            elif isinstance(action, Screen):
                self._screen(action, now)
            elif isinstance(action, Answered):
                if self._kept is not None:
                    self._kept.answered(action.call.decision, action.code, self._wall())
            elif isinstance(action, Ended):
                self._ended(action)
            elif isinstance(action, Abandon):
                pending = self._pending.pop(action.key, None)
                if pending is not None:
                    pending.cancel()
            elif isinstance(action, Marked):
                self._marked(action)
            elif isinstance(action, Unreached):
                self._unreached(action)
            else:
                reason = f"{action.request.method.decode('ascii')} {action.code} {action.phrase}".rstrip()
                self._complain("refused", action.flow, reason, action.request)

    def _ended(self, action: Ended) -> None:
        """Keep how long a call has lasted, and tell the checks."""
        call = action.call
        if self._kept is not None:
            self._kept.ended(call.decision, action.duration)
        if call.caller is not None:
            self.edition.screening.ended(call.caller, action.duration)

    def _unreached(self, action: Unreached) -> None:
        """Tell where a request was tried that nobody has answered."""
        tried = ", ".join(f"{name} {end.transport} {written(end.address)}".lstrip() for name, end in action.tried)
        method = action.request.method.decode("ascii")
        reason = f"{method} {action.code}, tried at: {tried or 'nothing, for no target is up'}"
        self._complain("unreached", action.flow, reason, action.request)

    def _marked(self, action: Marked) -> None:
        """Tell the NOC that a target is used again, or not any more."""
        say = self._log.info if action.up else self._log.warning
        state = "target_up" if action.up else "target_down"
        end = action.end
        say(state, target=action.target, transport=end.transport, address=written(end.address), reason=action.reason)

    def _screen(self, action: Screen, now: float) -> None:
        edition = self.edition
        self.traffic.invites[action.trunk.name] += 1
        try:
            call = Call.of(action.request, action.trunk, action.flow, self._wall())
            decision = edition.screening.screen(call)
            if isinstance(decision, Decision):
                self._decided(decision, action.key, call, edition, now)
                return
        except Exception as error:  # noqa: BLE001 - the caller gets a 500, all others go on
            self.mistake("screen", error)
            self._do(self._proxy.decide(action.key, Reject(500, "Server Internal Error"), now), now)
            return
        self._pending[action.key] = decision
        decision.addCallback(self._decided_later, action.key, call, edition, now)
        decision.addErrback(self._given_up, action.key)

    def _decided_later(self, decision: Decision, key: Key, call: Call, edition: Edition, began: float) -> None:
        self._pending.pop(key, None)
        self._decided(decision, key, call, edition, began)

    def _given_up(self, failure: Failure, key: Key) -> None:
        self._pending.pop(key, None)
        if isinstance(failure.value, CancelledError):
            return
        self.mistake("decide", failure.value)
        now = self._reactor.seconds()
        self._do(self._proxy.decide(key, Reject(500, "Server Internal Error"), now), now)

    def _decided(self, decision: Decision, key: Key, call: Call, edition: Edition, began: float) -> None:
        now = self._reactor.seconds()
        self.counts["decision"] += 1
        self.traffic.decided(call, decision, now - began)
        number = next(self._numbers)
        followed = Followed(number, None if decision.exempt else call.caller)
        actions = self._proxy.decide(key, decision.verdict, now, followed)
        # The caller waits for what is sent, and the record for the decision, before it learns what came of it.
        self._do([action for action in actions if not isinstance(action, Answered)], now)
        wall = self._wall()
        fields = record(call, decision, edition.masking, now=wall, generation=edition.generation)
        self._log.info("decision", **fields)
        if self._kept is not None:
            self._kept.decided(number, wall, fields)
        if self.mirror is not None:
            self.mirror.decision(wall, call.call_id, call.flow, fields)
        self._do([action for action in actions if isinstance(action, Answered)], now)
