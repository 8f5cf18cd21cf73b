"""Alice calls Bob through the guard, on a clock that only the test moves.

Alice is a caller on a trunk, Bob the PBX. Carol is where a second PBX would be, Erin somebody on another trunk. What
each sends goes through the real `parse` and the real `Proxy`; what the guard sends waits in an inbox until the test
says that it was got. A failed expectation prints the ladder so far.
"""

import ipaddress
from collections.abc import Callable
from random import Random
from typing import Literal, NamedTuple, cast, get_args

import msgspec
from messages import ALICE, BOB, answered, named, octets

from sip_guard.peer import Peers, Route, Source, Target, Trunk
from sip_guard.proxy.action import Abandon, Action, Answered, Ended, Followed, Marked, Refused, Screen, Send, Unreached
from sip_guard.proxy.core import Proxy
from sip_guard.proxy.forwarding import Sign
from sip_guard.proxy.place import Place
from sip_guard.sip.flow import Address, End, Flow
from sip_guard.sip.headers import split_list
from sip_guard.sip.hygiene import FORGEABLE
from sip_guard.sip.message import MalformedMessage, Message, Request, Response, parse
from sip_guard.verdict import Forward, Verdict

Transport = Literal["UDP", "TCP", "TLS"]
GUARD: Address = ("192.0.2.1", 5060)
SECRET = b"a secret of thirty-two octets..."
TRUNK = Trunk(name="carrier", sources=(Source(ipaddress.ip_network("198.51.100.0/24")),), targets=("pbx",))
OTHER_TRUNK = Trunk(name="other", sources=(Source(ipaddress.ip_network("198.18.0.0/24")),), targets=("pbx",))
TARGET = Target(name="pbx", host="203.0.113.5", port=5060)
SECOND = Target(name="pbx-2", host="203.0.113.6", port=5060, priority=1)
"""Carol, who is tried after Bob."""
OUT = Target(name="carrier-out", host="198.51.100.7", port=5060, trunk="carrier")
"""Alice, for calls of Bob."""
OTHER_OUT = Target(name="other-out", host="198.18.0.7", port=5060, trunk="other")
"""Erin."""


class Arrival(NamedTuple):
    """A message in an inbox, and when it came."""

    at: float
    message: Message


class Phone:
    """A user agent that does what it is told, and knows its dialog."""

    def __init__(self, scene: "Scene", name: str, user: str, address: Address, transport: Transport = "UDP") -> None:
        self.scene = scene
        self.name = name
        self.address = address
        self.transport = transport
        self.also: tuple[Transport, ...] = ()
        """Further transports that it speaks: it answers by that of the request."""
        over = "" if transport == "UDP" else f";transport={transport.lower()}"
        self.uri = f"sip:{user}@{address[0]}:{address[1]}{over}"
        self.inbox: list[Arrival] = []
        self.call_id = f"{name}-1"
        self.local = f"<sip:{user}@{name}.example>"
        self.tag = f"{name}-tag"
        self.remote = f"<sip:{BOB}@guard.example>"
        self.remote_tag = ""
        self.target = f"sip:{BOB}@{GUARD[0]}:{GUARD[1]}"
        self.routes: list[str] = []
        self.sent: dict[str, bytes] = {}
        """The last octets sent, by method or status."""
        self.got: dict[str, Message] = {}
        """The last message got, by method or status code."""
        self.replies: dict[str, str] = {}
        """Statuses by the method that they answer at once, without any word of the test."""
        self.replied: list[Arrival] = []
        """What was answered so."""
        self._cseq = 0
        self._serial = 0
        self._before = self.local, self.remote, self.target

    def calls(self, number: str) -> None:
        """Say whom the next call is for."""
        self._before = self.local, f"<sip:{number}@guard.example>", f"sip:{number}@{GUARD[0]}:{GUARD[1]}"
        self.forgets()

    def forgets(self) -> None:
        """Leave the call that was: the next one is another."""
        self.local, self.remote, self.target = self._before
        self.remote_tag, self.routes = "", []
        self.call_id = f"{self.name}-{self._serial + 1}"

    # Sending.

    def sends(self, what: str, *more: str, body: bytes = b"", **changed: str) -> bytes:
        """Send a request by its method, or a response (such as `180 Ringing`) to the last request of its kind.

        `more` are whole lines. `changed` are fields (`call_id`, `from_`), the `uri` or the `branch`; for a response,
        `to` is the method that it answers.
        """
        if what[0].isdigit():
            transport = cast("Transport", self.got[changed.get("to", "INVITE")].via.transport.decode())
            text = self._response(what, more, body, changed)
        else:
            transport = self.transport
            text = self._request(what, more, body, changed)
        self.sent[what.partition(" ")[0]] = text
        self.scene.hears(self, text, transport)
        return text

    def repeats(self, what: str) -> None:
        """Send the very octets of a method or status again."""
        self.says(self.sent[what])

    def says(self, text: bytes) -> None:
        """Send octets as they are."""
        self.scene.hears(self, text, self.transport)

    def _request(self, method: str, more: tuple[str, ...], body: bytes, changed: dict[str, str]) -> bytes:
        hop_by_hop = method == "CANCEL" or (method == "ACK" and int(self._final()) >= 300)
        if hop_by_hop:
            invite = parse(self.sent["INVITE"])
            assert isinstance(invite, Request)
            to = invite if method == "CANCEL" else self.got[self._final()]
            fields = {
                "Via": invite.value(b"via").decode(),
                "From": invite.value(b"from").decode(),
                "To": to.value(b"to").decode(),
                "Call-ID": invite.value(b"call-id").decode(),
                "CSeq": f"{invite.cseq} {method}",
            }
            target, routes = invite.uri.decode(), [value.decode() for value in invite.values(b"route")]
        else:
            self._serial += 1
            self._cseq += method != "ACK"
            fields = {
                "Via": self.via(changed.pop("branch", f"z9hG4bK-{self.name}-{self._serial}")),
                "From": f"{self.local};tag={self.tag}",
                "To": self.remote + (f";tag={self.remote_tag}" if self.remote_tag else ""),
                "Call-ID": self.call_id,
                "CSeq": f"{self._cseq} {method}",
                "Contact": f"<{self.uri}>",
            }
            target, routes = self.target, self.routes
        target = changed.pop("uri", target)
        if "route" not in changed and routes:
            fields["Route"] = ", ".join(routes)
        fields |= {"Max-Forwards": "70", "Content-Length": str(len(body))}
        return octets(f"{method} {target} SIP/2.0", fields | named(changed), more, body)

    def _response(self, status: str, more: tuple[str, ...], body: bytes, changed: dict[str, str]) -> bytes:
        request = self.got[changed.pop("to", "INVITE")]
        to = request.value(b"to").decode()
        fields = {
            "From": request.value(b"from").decode(),
            "To": to if request.to_tag or status.startswith("100") else f"{to};tag={self.tag}",
            "Call-ID": request.value(b"call-id").decode(),
            "CSeq": request.value(b"cseq").decode(),
            "Contact": f"<{self.uri}>",
            "Content-Length": str(len(body)),
        }
        chain = [request.lines[i].decode() for name in (b"via", b"record-route") for i in request.places(name)]
        return octets(f"SIP/2.0 {status}", fields | named(changed), (*chain, *more), body)

    def via(self, branch: str) -> str:
        """Write a Via of this phone."""
        return f"SIP/2.0/{self.transport} {self.address[0]}:{self.address[1]};branch={branch}"

    def _final(self) -> str:
        """Give the code of the final answer got last."""
        return next(code for code in reversed(self.got) if code.isdigit() and code >= "200")

    # Getting.

    def gets(self, what: str) -> Message:
        """Take the next message out of the inbox: a method, or a status line without the version."""
        message = self.takes(what)
        self._learn(message)
        return message

    def takes(self, what: str) -> Message:
        """Take the next message, and do not look at it: it was lost on its way."""
        if not self.inbox:
            raise self.scene.surprise(f"{self.name} should get {what!r}, and got nothing")
        message = self.inbox.pop(0).message
        if _title(message) != what:
            raise self.scene.surprise(f"{self.name} should get {what!r}, and got {_title(message)!r}")
        return message

    def _learn(self, message: Message) -> None:
        kind = str(message.code) if isinstance(message, Response) else message.method.decode()
        self.got.pop(kind, None)
        self.got[kind] = message
        routes = [item.decode() for value in message.values(b"record-route") for item in split_list(value)]
        contact = message.value(b"contact").decode().partition("<")[2].partition(">")[0]
        if isinstance(message, Response) and message.to_tag and message.code < 300 and not self.remote_tag:
            self.remote_tag, self.routes = message.to_tag.decode(), routes[::-1]
            self.target = contact or self.target
        elif isinstance(message, Request) and message.method == b"INVITE" and not self.remote_tag:
            self.remote_tag, self.routes = message.from_tag.decode(), routes
            self.remote = message.value(b"from").decode().rpartition(";tag=")[0]
            self.local = message.value(b"to").decode().partition(";tag=")[0]
            self.call_id = message.value(b"call-id").decode()
            self.target = contact


class Scene:
    """The guard with Alice and Bob, at second 1000 of a clock."""

    def __init__(
        self,
        *,
        trunk: Trunk = TRUNK,
        targets: tuple[Target, ...] = (TARGET,),
        routes: tuple[Route, ...] = (),
        max_transactions: int = 1000,
        urgent: Callable[[Request, Trunk | None], bool] = lambda *_: False,
        sign: Sign = lambda *_: (),
        alice: Transport = "UDP",
        bob: Transport = "UDP",
    ) -> None:
        """`targets`: all of them, of which Bob is the first. `alice` and `bob`: the transports that they speak.

        `urgent` tells emergency calls, `sign` signs calls of Bob.
        """
        self.now = 1000.0
        self.targets = (msgspec.structs.replace(targets[0], transport=bob), *targets[1:])
        ours = tuple(target.name for target in targets if not target.trunk)
        self.trunks = [msgspec.structs.replace(each, targets=ours) for each in (trunk, OTHER_TRUNK)]
        self.trunk = self.trunks[0]
        self.routes = routes
        self.ladder: list[str] = []
        self.screens: list[Screen] = []
        self.abandoned: list[Abandon] = []
        self.elsewhere: list[Send] = []
        """What went to addresses where nobody is."""
        self.marked: list[tuple[str, bool]] = []
        """Which targets were marked up (True) or down, in this order."""
        self.went: list[Answered | Ended] = []
        """How calls went on; they are numbered in the order of their verdicts."""
        self._decisions = 0
        self.phones: dict[Address, Phone] = {}
        self.max_transactions = max_transactions
        self.urgent = urgent
        self.sign = sign
        self.random = Random(1).randbytes
        self.guard = self.proxy()
        self.alice = self.phone("alice", ALICE, ("198.51.100.7", 5060), alice)
        self.bob = self.phone("bob", BOB, (TARGET.host, 5060), bob)
        self.bob.calls(ALICE)
        self.carol = self.phone("carol", BOB, (SECOND.host, 5060))
        self.carol.calls(ALICE)
        self.erin = self.phone("erin", ALICE, (OTHER_OUT.host, 5060))

    def proxy(self, secret: bytes = SECRET) -> Proxy:
        """Make a guard. Its private fields are those of the shipped configuration."""
        return Proxy(
            Peers(self.trunks, self.targets),
            [End(transport, GUARD) for transport in get_args(Transport)],
            secret,
            self.random,
            routes=self.routes,
            max_transactions=self.max_transactions,
            private=FORGEABLE | {b"x-sip-guard"},
            urgent=self.urgent,
            sign=self.sign,
        )

    def phone(self, name: str, user: str, address: Address, transport: Transport = "UDP") -> Phone:
        """Bring in one more phone."""
        self.phones[address] = Phone(self, name, user, address, transport)
        return self.phones[address]

    def hears(self, phone: Phone, text: bytes, transport: Transport) -> None:
        """Bring octets from a phone to the guard, as the runtime does."""
        flow = Flow(transport, GUARD, phone.address)
        if not self.guard.knows(flow):
            self._note(phone.name, "guard", "is not listened to")
            return
        try:
            message = parse(text)
        except MalformedMessage as malformed:
            self._note(phone.name, "guard", text.partition(b"\r\n")[0].decode("latin-1"))
            self.carries_out(self.guard.refuse(malformed, flow))
        else:
            self._note(phone.name, "guard", _title(message))
            self.carries_out(self.guard.receive(message, flow, self.now))

    def carries_out(self, actions: list[Action]) -> None:
        """Do what the guard wants done."""
        for action in actions:
            if isinstance(action, Screen):
                self.screens.append(action)
                self._note("guard", "guard", "screens")
            elif isinstance(action, Abandon):
                self.abandoned.append(action)
                self._note("guard", "guard", "abandons the screening")
            elif isinstance(action, Marked):
                self.marked.append((action.target, action.up))
                self._note("guard", "guard", f"marks {action.target} {'up' if action.up else 'down'}: {action.reason}")
            elif isinstance(action, Answered | Ended):
                self.went.append(action)
            elif isinstance(action, Unreached):
                self._note("guard", "guard", f"reached nobody: {action.code}")
            elif isinstance(action, Refused):
                self._note("guard", "guard", f"refused with {action.code}")
            else:
                self._delivers(action)

    def _delivers(self, send: Send) -> None:
        message = answered(send.octets)
        phone = self.phones.get(send.flow.remote)
        if phone is not None and send.flow.transport not in (phone.transport, *phone.also):
            raise self.surprise(f"{phone.name} does not speak {send.flow.transport}")
        self._note("guard", phone.name if phone else str(send.flow), _title(message))
        if phone is None:
            self.elsewhere.append(send)
        elif isinstance(message, Request) and (method := message.method.decode()) in phone.replies:
            phone.got[method] = message
            phone.replied.append(Arrival(self.now, message))
            phone.sends(phone.replies[method], to=method)
        else:
            phone.inbox.append(Arrival(self.now, message))

    def verdict(self, verdict: Verdict | None = None) -> None:
        """Let the verdict on the call that has waited longest come in: it is let through, if nothing else is said."""
        if not self.screens:
            raise self.surprise("nothing is being screened")
        screen = self.screens.pop(0)
        verdict = verdict or Forward()
        self._note("guard", "guard", f"decides: {verdict}")
        self._decisions += 1
        followed = Followed(self._decisions, hash(screen.trunk.name))
        self.carries_out(self.guard.decide(screen.key, verdict, self.now, followed))

    def passes(self, seconds: float) -> None:
        """Let time pass, and each timer fire when it is due."""
        end = self.now + seconds
        while (due := self.guard.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.carries_out(self.guard.tick(self.now))
        self.now = end

    def times(self, phone: Phone, what: str, seconds: float) -> list[float]:
        """Let time pass and give when the phone got `what`, counted from now. All else it gets is a surprise."""
        begin = self.now
        self.passes(seconds)
        arrivals, phone.inbox = phone.inbox, []
        for arrival in arrivals:
            if _title(arrival.message) != what:
                raise self.surprise(f"{phone.name} should get {what!r} alone, and got {_title(arrival.message)!r}")
        return [arrival.at - begin for arrival in arrivals]

    def loses(self, phone: Phone, transport: Transport | None = None) -> None:
        """Let the connection to a phone break: what is on its way does not arrive."""
        self._note(phone.name, "guard", "connection lost")
        self.carries_out(self.guard.failed(Flow(transport or phone.transport, GUARD, phone.address), self.now))

    def locates(self, *places: Place | Address) -> None:
        """Let the name of the first target lead to these places from now on."""
        found = tuple(place if isinstance(place, Place) else Place("UDP", place) for place in places)
        self._note("guard", "guard", f"finds {self.targets[0].host} at {[place.address for place in found]}")
        self.guard.located(self.targets[0], found, self.now)

    def restarts(self) -> None:
        """Start the guard again, with the secret that it had."""
        self.guard = self.proxy()
        self._note("guard", "guard", "starts again")

    def check_quiet(self) -> None:
        """Check that nobody got anything that was not expected."""
        for phone in self.phones.values():
            if phone.inbox:
                raise self.surprise(f"{phone.name} got {_title(phone.inbox[0].message)!r} too")
        if self.elsewhere:
            raise self.surprise(f"something went to {self.elsewhere[0].flow}")
        if self.screens:
            raise self.surprise("something is screened")

    def check_over(self) -> None:
        """Check that all is quiet and nothing remembered."""
        self.check_quiet()
        self.check_nothing_is_kept()

    def check_nothing_is_kept(self) -> None:
        """Check that nothing is remembered but the beats of probes, and nothing awaited but their answers."""
        table = self.guard._table
        assert self.guard.transactions == 0
        assert not table.strangers
        assert all(client.server is None and client.key[1] == b"OPTIONS" for client in table.clients.values())
        beating = {*self.guard._beats.values(), *table.clients.values()}
        assert all(timed in beating for timed in table.timers._live.values())
        assert beating or self.guard.next_timer() is None

    def surprise(self, what: str) -> AssertionError:
        """Make the failure, with the ladder."""
        return AssertionError("\n".join([what, "The ladder so far:", *self.ladder]))

    def _note(self, sender: str, receiver: str, what: str) -> None:
        arrow = f"{sender} -> {receiver}" if sender != receiver else sender
        self.ladder.append(f"{self.now - 1000:9.3f}  {arrow:<18} {what}")

    # What many ladders begin with.

    def call(self, *more: str, verdict: Verdict | None = None, **changed: str) -> None:
        """Alice calls and is let through: Bob has the INVITE."""
        self.alice.sends("INVITE", *more, body=b"", **changed)
        self.alice.gets("100 Trying")
        self.verdict(verdict)
        self.bob.gets("INVITE")

    def calls_out(self, *more: str, **changed: str) -> None:
        """Bob calls and is let through: Alice has the INVITE."""
        self.bob.sends("INVITE", *more, body=b"", **changed)
        self.bob.gets("100 Trying")
        self.alice.gets("INVITE")

    def talks_out(self, *more: str, **changed: str) -> None:
        """Bob and Alice are in a call that Bob began."""
        self.calls_out(*more, **changed)
        self.alice.sends("200 OK")
        self.bob.gets("200 OK")
        self.bob.sends("ACK")
        self.alice.gets("ACK")
        self.check_quiet()

    def talk(self, *more: str, verdict: Verdict | None = None, **changed: str) -> None:
        """Alice and Bob are in a call."""
        self.call(*more, verdict=verdict, **changed)
        self.bob.sends("200 OK")
        self.alice.gets("200 OK")
        self.alice.sends("ACK")
        self.bob.gets("ACK")
        self.check_quiet()


def target(of: Target = TARGET, /, **changed: object) -> Target:
    """Make Bob's target, or another, but for what is said of it."""
    return msgspec.structs.replace(of, **changed)


def trunk(**changed: object) -> Trunk:
    """Make Alice's trunk, but for what is said of it."""
    return msgspec.structs.replace(TRUNK, **changed)


def _title(message: Message) -> str:
    if isinstance(message, Response):
        return f"{message.code} {message.phrase.decode('utf-8', 'replace')}"
    return message.method.decode()
