"""Whatever peers send, lose, repeat and reorder, and however long they wait: the core keeps its promises."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from messages import ALICE, BOB, octets, request
from scene import OTHER_OUT, OUT, SECOND, Phone, Scene, target, trunk

from sip_guard.peer import Probe, Route
from sip_guard.sip.flow import Address
from sip_guard.sip.headers import split_list
from sip_guard.sip.message import Message, Request, Response
from sip_guard.verdict import Forward, Reject, Tags, Verdict

TOLD = Forward(reasons=(b"STIR;cause=438",))
VERDICTS: list[Verdict] = [
    Forward(),
    Forward(Tags("TN-Validation-Passed", frozenset({b"from"}), ((b"X-SIP-Guard", b"v=1"),))),
    TOLD,
    Reject(438, "Invalid Identity Header"),
    Reject(403, "Stale Date", (b"STIR;cause=403", b"STIR;cause=438")),
]
RINGING = ["100 Trying", "180 Ringing", "183 Progress"]
REFUSED = ["302 Moved", "404 Not Found", "408 Request Timeout", "486 Busy Here", "487 Request Terminated",
           "503 Service Unavailable", "603 Decline"]  # fmt: skip
SECONDS = [0.0, 0.1, 0.5, 1.0, 2.0, 3.5, 5.0, 31.0, 32.0, 40.0, 185.0]
NAMES = ["alice", "bob", "carol", "dave", "erin", "phone"]
BOBS: Address = ("203.0.113.5", 5060)
DAVES: Address = ("203.0.113.7", 5060)
PHONES: Address = ("192.0.2.99", 5060)
TARGETS = (
    target(
        host="pbx.example",
        patience=1.0,
        down_after=2,
        probe=Probe(every=50.0),
        redirects="follow",
        large_requests="tcp",
    ),
    target(SECOND, patience=0.5, down_after=2, retry_after=5.0),
    OUT,
    OTHER_OUT,
)
"""Bob and Dave are where the first one's name may lead, Carol is tried after them; Alice and Erin are on trunks."""
MAX_TRANSACTIONS = 20


class Peers(RuleBasedStateMachine):
    """Callers and callees on either side, each with all that they ever sent and got."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(
            trunk=trunk(methods=frozenset({"MESSAGE"})),
            targets=TARGETS,
            routes=(Route(trunks=("carrier", "other")),),
            max_transactions=MAX_TRANSACTIONS,
        )
        self.scene.phone("dave", BOB, DAVES)
        self.scene.phone("phone", ALICE, PHONES)
        self.phones = {phone.name: phone for phone in self.scene.phones.values()}
        for phone in self.phones.values():
            phone.also = ("TCP",)
            phone.replies = {"OPTIONS": "200 OK"}
        self.sent: list[tuple[Phone, bytes]] = []
        self.got: dict[str, list[Message]] = {name: [] for name in NAMES}
        self.asked: set[object] = set()
        """Transactions of INVITEs."""
        self.finals: dict[object, set[int]] = {}
        """Final answers that left, by the transaction they belong to."""
        self.told: dict[object, set[tuple[int, bytes]]] = {}
        """Answers that told of wrong tokens, by the transaction they belong to, as code and tag."""
        self.broken = False
        """Whether anything was sent of which it is not known what it is."""
        self.serial = 0

    @initialize(name=st.sampled_from(["alice", "bob"]))
    def first_call(self, name: str) -> None:
        self.scene.locates(BOBS)
        self.begin("INVITE", name, "usual", TOLD)

    def says(self, phone: Phone, text: bytes) -> None:
        self.sent.append((phone, text))
        phone.says(text)
        self.collect()

    def collect(self, *, noting: bool = True) -> None:
        """Take what came out of the inboxes, and note the final answers to each INVITE."""
        servers = self.scene.guard._table.servers.values()
        self.asked.update(server for server in servers if server.invite)
        for phone in self.phones.values():
            for arrival in phone.inbox:
                self.got[phone.name].append(arrival.message)
                if noting:
                    self.note(phone, arrival.message)
            phone.inbox.clear()
            phone.replied.clear()
        self.scene.ladder.clear()

    def note(self, phone: Phone, message: Message) -> None:
        if not isinstance(message, Response) or message.method != b"INVITE":
            return
        named = message.via.sent_by, message.via.branch
        for server in self.scene.guard._table.servers.values():
            if server.invite and server.key[3:] == named and server.flow.remote == phone.address:
                if message.code >= 200:
                    self.finals.setdefault(server, set()).add(message.code)
                if b"reason" in message:
                    self.told.setdefault(server, set()).add((message.code, message.to_tag))

    def pick(self, data: st.DataObject, messages: list[Message]) -> Message:
        return messages[data.draw(st.integers(0, len(messages) - 1))]

    @rule(
        method=st.sampled_from(["INVITE", "INVITE", "MESSAGE"]),
        name=st.sampled_from(["alice", "bob"]),
        kind=st.sampled_from(["usual", "forged", "large", "of a stranger"]),
        verdict=st.none() | st.sampled_from(VERDICTS),
    )
    def begin(self, method: str, name: str, kind: str, verdict: Verdict | None) -> None:
        """Send a request outside of calls, and give the verdict on it at once, or not yet."""
        self.begins(
            method,
            name,
            forged=kind == "forged",
            body=b"v=0\r\n" * 300 if kind == "large" else b"",
            contact=f"<sip:x@{PHONES[0]}:{PHONES[1]}>" if kind == "of a stranger" else f"<{self.phones[name].uri}>",
        )
        if verdict is not None and self.scene.screens:
            self.decided(-1, verdict)

    def begins(self, method: str, name: str, *, forged: bool, body: bytes, contact: str) -> None:
        self.serial += 1
        number = BOB if name == "alice" else ALICE
        to = f"<sip:{number}@guard.example>" + (";tag=forged" if forged else "")
        via = self.phones[name].via(f"z9hG4bK{self.serial}")
        call_id = f"call-{self.serial}"
        uri = f"sip:{number}@192.0.2.1"
        self.says(self.phones[name], request(method, uri, via=via, to=to, call_id=call_id, contact=contact, body=body))

    @precondition(lambda self: self.scene.screens)
    @rule(data=st.data(), verdict=st.sampled_from(VERDICTS))
    def verdict(self, data: st.DataObject, verdict: Verdict) -> None:
        self.decided(data.draw(st.integers(0, len(self.scene.screens) - 1)), verdict)

    def decided(self, at: int, verdict: Verdict) -> None:
        screen = self.scene.screens.pop(at)
        self.scene.carries_out(self.scene.guard.decide(screen.key, verdict, self.scene.now))
        self.collect()

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        phone, text = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        self.says(phone, text)

    @rule(data=st.data(), statuses=st.lists(st.sampled_from(RINGING), min_size=1, max_size=3))
    def ring(self, data: st.DataObject, statuses: list[str]) -> None:
        for status in statuses:
            self.answer(data, status, awaited=True)

    @rule(data=st.data(), count=st.integers(1, 2))
    def take(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            self.answer(data, "200 OK", awaited=True)

    @rule(data=st.data(), status=st.sampled_from(REFUSED), rest=st.booleans())
    def refuse(self, data: st.DataObject, status: str, rest: bool) -> None:
        self.answer(data, status, *["Retry-After: 7"] * rest, awaited=True)

    @rule(data=st.data(), status=st.sampled_from([*RINGING, "200 OK", *REFUSED]), tag=st.sampled_from("xy"))
    def answer_anything(self, data: st.DataObject, status: str, tag: str) -> None:
        self.answer(data, status, awaited=False, tag=tag)

    def answer(self, data: st.DataObject, status: str, *more: str, awaited: bool, tag: str = "x") -> None:
        """Let somebody answer a request it has got: one whose answer is awaited, or any."""
        clients = self.scene.guard._table.clients
        asked = [
            (name, message)
            for name in NAMES
            for message in self.got[name]
            if isinstance(message, Request) and not (awaited and ((message.via.branch, message.method) not in clients))
        ]
        if not asked:
            return
        name, asked_ = asked[data.draw(st.integers(0, len(asked) - 1))]
        phone = self.phones[name]
        lines = [asked_.lines[i].decode("latin-1") for key in (b"via", b"record-route", b"from", b"call-id", b"cseq")
                 for i in asked_.places(key)]  # fmt: skip
        to = asked_.value(b"to").decode("latin-1") + ("" if asked_.to_tag else f";tag={tag}")
        self.says(phone, octets(f"SIP/2.0 {status}", {"To": to, "Contact": f"<{phone.uri}>"}, [*lines, *more]))

    @rule(data=st.data(), name=st.sampled_from(["alice", "bob"]), method=st.sampled_from(["ACK", "CANCEL"]))
    def hop_by_hop(self, data: st.DataObject, name: str, method: str) -> None:
        invites = [text for phone, text in self.sent if phone.name == name and text.startswith(b"INVITE")]
        if not invites:
            return
        invite = invites[data.draw(st.integers(0, len(invites) - 1))]
        self.says(self.phones[name], invite.replace(b"INVITE", method.encode()))

    @rule(data=st.data(), method=st.sampled_from(["ACK", "BYE", "INFO", "INVITE"]))
    def in_dialog(self, data: st.DataObject, method: str) -> None:
        """Send a request with the route set of any message that shows one."""
        known = [
            (name, message)
            for name in NAMES
            for message in self.got[name]
            if b"record-route" in message and b"contact" in message
        ]
        if not known:
            return
        name, message = known[data.draw(st.integers(0, len(known) - 1))]
        answer = isinstance(message, Response)
        phone = self.phones[name]
        self.serial += 1
        routes = [item for value in message.values(b"record-route") for item in split_list(value)]
        local, remote = (b"from", b"to") if answer else (b"to", b"from")
        fields = {
            "Via": phone.via(f"z9hG4bK{self.serial}"),
            "From": message.value(local).decode("latin-1") + ("" if answer or message.to_tag else ";tag=x"),
            "To": message.value(remote).decode("latin-1"),
            "Call-ID": message.value(b"call-id").decode("latin-1"),
            "CSeq": f"{self.serial} {method}",
            "Route": b", ".join(routes[::-1] if answer else routes).decode("latin-1"),
            "Contact": f"<{phone.uri}>",
        }
        target_uri = message.value(b"contact").strip(b"<>").decode("latin-1")
        self.says(phone, octets(f"{method} {target_uri} SIP/2.0", fields))

    @rule(name=st.sampled_from(NAMES), tcp=st.booleans())
    def lose_a_connection(self, name: str, tcp: bool) -> None:
        self.scene.loses(self.phones[name], "TCP" if tcp else "UDP")
        self.collect()

    @rule(
        places=st.sampled_from([(), (BOBS,), (DAVES,), (BOBS, DAVES), (DAVES, BOBS)]),
        status=st.sampled_from(["", "200 OK", "503 Service Unavailable"]),
    )
    def change_what_is_there(self, places: tuple[Address, ...], status: str) -> None:
        """Let the name lead elsewhere, and probes be answered otherwise, or not at all."""
        self.scene.locates(*places)
        for phone in self.phones.values():
            phone.replies = {"OPTIONS": status} if status else {}

    @rule(data=st.data(), piece=st.binary(max_size=6))
    def break_something(self, data: st.DataObject, piece: bytes) -> None:
        phone, text = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        at = data.draw(st.integers(0, len(text)))
        phone.says(text[:at] + piece + text[at + data.draw(st.integers(0, 12)) :])
        # A broken INVITE is another message: its 400 is none of the transaction's answers.
        self.broken = True
        self.collect(noting=False)

    @rule(seconds=st.sampled_from(SECONDS))
    def wait(self, seconds: float) -> None:
        self.passes(seconds)

    def passes(self, seconds: float) -> None:
        """Let time pass in steps that no transaction with a final answer is shorter than."""
        while seconds > 0:
            self.scene.passes(min(seconds, 30.0))
            self.collect()
            seconds -= 30.0

    @invariant()
    def never_two_different_final_answers_to_one_invite(self) -> None:
        for codes in self.finals.values():
            assert len(codes) <= 1

    @invariant()
    def one_answer_to_an_invite_tells_of_its_tokens_and_never_100(self) -> None:
        for told in self.told.values():
            assert len(told) == 1
            assert all(code > 100 for code, _ in told)

    @invariant()
    def what_is_kept_is_bounded(self) -> None:
        guard = self.scene.guard
        table = guard._table
        assert guard.transactions <= 2 * MAX_TRANSACTIONS
        ends = 3 * len(self.phones)
        assert len(guard.hops._health._troubles) <= ends
        assert len(guard._beats) <= 2
        outside = [client for client in table.clients.values() if client.hop.target is None]
        assert table.strangers.total() == len(outside)
        assert len(table.timers._live) <= len(table.clients) + len(table.servers) + len(guard._beats)

    def teardown(self) -> None:
        self.passes(1000)
        self.never_two_different_final_answers_to_one_invite()
        self.scene.check_nothing_is_kept()
        if not self.broken:
            assert self.asked == self.finals.keys()


Peers.TestCase.settings = settings(max_examples=130, stateful_step_count=40)
TestPeers = Peers.TestCase
