"""Whatever peers send, lose, repeat and reorder, and however long they wait: the core keeps its promises."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from messages import ALICE, BOB, octets, request
from scene import OTHER_OUT, OUT, SECOND, Phone, Scene, target, trunk

from sip_guard.peer import Probe, Route
from sip_guard.proxy.transaction import ServerTransaction
from sip_guard.sip.flow import Address
from sip_guard.sip.headers import split_list
from sip_guard.sip.message import Message, Request, Response
from sip_guard.verdict import Forward, Reject, Tags, Verdict

VERDICTS: list[Verdict] = [
    Forward(),
    Forward(Tags("TN-Validation-Passed", frozenset({b"from"}), ((b"X-SIP-Guard", b"v=1"),))),
    Reject(438, "Invalid Identity Header"),
    Reject(403, "Stale Date"),
]
STATUS = ["100 Trying", "180 Ringing", "183 Progress", "200 OK", "302 Moved", "404 Not Found", "408 Request Timeout",
          "486 Busy Here", "487 Request Terminated", "503 Service Unavailable", "603 Decline"]  # fmt: skip
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
        self.asked: set[ServerTransaction] = set()
        """Transactions of INVITEs."""
        self.finals: dict[ServerTransaction, set[int]] = {}
        """Final answers that left, by the transaction they belong to."""
        self.broken = False
        """Whether anything was sent of which it is not known what it is."""
        self.serial = 0

    @initialize(name=st.sampled_from(["alice", "bob"]))
    def first_call(self, name: str) -> None:
        self.scene.locates(BOBS)
        self.invite(name, forged=False, large=False, stranger=False)
        if self.scene.screens:
            self.scene.verdict()
            self.collect()

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
        if not isinstance(message, Response) or message.code < 200 or message.method != b"INVITE":
            return
        named = message.via.sent_by, message.via.branch
        for server in self.scene.guard._table.servers.values():
            if server.invite and server.key[3:] == named and server.flow.remote == phone.address:
                self.finals.setdefault(server, set()).add(message.code)

    def pick(self, data: st.DataObject, messages: list[Message]) -> Message:
        return messages[data.draw(st.integers(0, len(messages) - 1))]

    @rule(name=st.sampled_from(["alice", "bob"]), forged=st.booleans(), large=st.booleans(), stranger=st.booleans())
    def invite(self, name: str, forged: bool, large: bool, stranger: bool) -> None:
        self.begins(
            "INVITE",
            name,
            forged=forged,
            body=b"v=0\r\n" * 300 if large else b"",
            contact=f"<sip:someone@{PHONES[0]}:{PHONES[1]}>" if stranger else f"<{self.phones[name].uri}>",
        )

    @rule(name=st.sampled_from(["alice", "bob"]))
    def message(self, name: str) -> None:
        self.begins("MESSAGE", name)

    def begins(self, method: str, name: str, *, forged: bool = False, body: bytes = b"", **more: str) -> None:
        self.serial += 1
        number = BOB if name == "alice" else ALICE
        to = f"<sip:{number}@guard.example>" + (";tag=forged" if forged else "")
        via = self.phones[name].via(f"z9hG4bK{self.serial}")
        text = request(method, f"sip:{number}@192.0.2.1", via=via, to=to, call_id=f"{self.serial}", body=body, **more)
        self.says(self.phones[name], text)

    @precondition(lambda self: self.scene.screens)
    @rule(data=st.data(), verdict=st.sampled_from(VERDICTS))
    def verdict(self, data: st.DataObject, verdict: Verdict) -> None:
        screens = self.scene.screens
        screen = screens.pop(data.draw(st.integers(0, len(screens) - 1)))
        self.scene.carries_out(self.scene.guard.decide(screen.key, verdict, self.scene.now))
        self.collect()

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        phone, text = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        self.says(phone, text)

    @rule(data=st.data(), answers=st.lists(st.tuples(st.sampled_from(STATUS), st.sampled_from("xy"), st.booleans(),
                                                     st.booleans()), min_size=1, max_size=4))  # fmt: skip
    def answers(self, data: st.DataObject, answers: list[tuple[str, str, bool, bool]]) -> None:
        for status, tag, latest, rest in answers:
            self.answer(data, status, tag, latest=latest, rest=rest)

    def answer(self, data: st.DataObject, status: str, tag: str, *, latest: bool, rest: bool) -> None:
        """Let somebody answer a request it has got: the latest, or any."""
        asked = {name: asked for name in NAMES if (asked := [m for m in self.got[name] if isinstance(m, Request)])}
        if not asked:
            return
        name = data.draw(st.sampled_from(list(asked)))
        asked_ = asked[name][-1] if latest else self.pick(data, list(asked[name]))
        phone = self.phones[name]
        lines = [asked_.lines[i].decode("latin-1") for key in (b"via", b"record-route", b"from", b"call-id", b"cseq")
                 for i in asked_.places(key)]  # fmt: skip
        if rest:
            lines.append("Retry-After: 7")
        to = asked_.value(b"to").decode("latin-1") + ("" if asked_.to_tag else f";tag={tag}")
        self.says(phone, octets(f"SIP/2.0 {status}", {"To": to, "Contact": f"<{phone.uri}>"}, lines))

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
    def connection_lost(self, name: str, tcp: bool) -> None:
        self.scene.loses(self.phones[name], "TCP" if tcp else "UDP")
        self.collect()

    @rule(status=st.sampled_from(["", "200 OK", "503 Service Unavailable"]))
    def probes_are_answered(self, status: str) -> None:
        for phone in self.phones.values():
            phone.replies = {"OPTIONS": status} if status else {}

    @rule(places=st.sampled_from([(), (BOBS,), (DAVES,), (BOBS, DAVES), (DAVES, BOBS)]))
    def name_leads_elsewhere(self, places: tuple[Address, ...]) -> None:
        self.scene.locates(*places)

    @rule(data=st.data(), piece=st.binary(max_size=6))
    def breakage(self, data: st.DataObject, piece: bytes) -> None:
        phone, text = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        at = data.draw(st.integers(0, len(text)))
        phone.says(text[:at] + piece + text[at + data.draw(st.integers(0, 12)) :])
        # A broken INVITE is another message: its 400 is none of the transaction's answers.
        self.broken = True
        self.collect(noting=False)

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: float) -> None:
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


Peers.TestCase.settings = settings(max_examples=250, stateful_step_count=40)
TestPeers = Peers.TestCase
