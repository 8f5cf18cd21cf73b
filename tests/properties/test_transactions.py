"""Whatever peers send, lose, repeat and reorder, and however long they wait: the core keeps its promises."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from messages import octets, request
from scene import Phone, Scene

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
          "486 Busy Here", "503 Service Unavailable", "603 Decline"]  # fmt: skip
SECONDS = [0.0, 0.1, 0.5, 1.0, 3.5, 5.0, 31.0, 32.0, 40.0, 185.0]


class Peers(RuleBasedStateMachine):
    """Alice and Bob, each with all that they ever sent and got."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(max_transactions=20)
        self.sent: list[tuple[Phone, bytes]] = []
        self.got: dict[str, list[Message]] = {"alice": [], "bob": []}
        self.finals: dict[object, set[int]] = {}
        """Final answers that left, by the transaction they belong to."""
        self.serial = 0

    @initialize()
    def first_call(self) -> None:
        self.invite(forged=False)

    def says(self, phone: Phone, text: bytes) -> None:
        self.sent.append((phone, text))
        phone.says(text)
        self.collect()

    def collect(self, *, noting: bool = True) -> None:
        """Take what came out of the inboxes, and note the final answers to each INVITE."""
        for phone in (self.scene.alice, self.scene.bob):
            for arrival in phone.inbox:
                self.got[phone.name].append(arrival.message)
                if noting:
                    self.note(arrival.message)
            phone.inbox.clear()

    def note(self, message: Message) -> None:
        if not isinstance(message, Response) or message.code < 200 or message.method != b"INVITE":
            return
        for server in self.scene.guard._servers.values():
            asked = server.request.via
            same = (asked.branch, asked.sent_by) == (message.via.branch, message.via.sent_by)
            if server.invite and same and server.key[2:] == (asked.sent_by, asked.branch):
                self.finals.setdefault(server, set()).add(message.code)

    def pick(self, data: st.DataObject, messages: list[Message]) -> Message:
        return messages[data.draw(st.integers(0, len(messages) - 1))]

    @rule(forged=st.booleans())
    def invite(self, forged: bool) -> None:
        self.serial += 1
        to = "<sip:+12155551213@guard.example>" + (";tag=forged" if forged else "")
        via = self.scene.alice.via(f"z9hG4bK{self.serial}")
        self.says(self.scene.alice, request(via=via, to=to, call_id=f"call-{self.serial}"))

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

    @rule(
        data=st.data(),
        name=st.sampled_from(["alice", "bob"]),
        status=st.sampled_from(STATUS),
        tag=st.sampled_from("xy"),
    )
    def answer(self, data: st.DataObject, name: str, status: str, tag: str) -> None:
        asked = [message for message in self.got[name] if isinstance(message, Request)]
        if not asked:
            return
        asked_ = self.pick(data, list(asked))
        phone = self.scene.alice if name == "alice" else self.scene.bob
        lines = [asked_.lines[i].decode("latin-1") for key in (b"via", b"record-route", b"from", b"call-id", b"cseq")
                 for i in asked_.places(key)]  # fmt: skip
        to = asked_.value(b"to").decode("latin-1") + ("" if asked_.to_tag else f";tag={tag}")
        self.says(phone, octets(f"SIP/2.0 {status}", {"To": to, "Contact": f"<{phone.uri}>"}, lines))

    @rule(data=st.data(), name=st.sampled_from(["alice", "bob"]), method=st.sampled_from(["ACK", "CANCEL"]))
    def hop_by_hop(self, data: st.DataObject, name: str, method: str) -> None:
        invites = [text for phone, text in self.sent if phone.name == name and text.startswith(b"INVITE")]
        if not invites:
            return
        invite = invites[data.draw(st.integers(0, len(invites) - 1))]
        phone = self.scene.alice if name == "alice" else self.scene.bob
        self.says(phone, invite.replace(b"INVITE", method.encode()))

    @rule(
        data=st.data(), name=st.sampled_from(["alice", "bob"]), method=st.sampled_from(["ACK", "BYE", "INFO", "INVITE"])
    )
    def in_dialog(self, data: st.DataObject, name: str, method: str) -> None:
        """Send a request with the route set of any message that shows one."""
        known = [message for message in self.got[name] if b"record-route" in message and b"contact" in message]
        if not known:
            return
        message = self.pick(data, known)
        answer = isinstance(message, Response)
        phone = self.scene.alice if name == "alice" else self.scene.bob
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
        target = message.value(b"contact").strip(b"<>").decode("latin-1")
        self.says(phone, octets(f"{method} {target} SIP/2.0", fields))

    @rule(data=st.data(), piece=st.binary(max_size=6))
    def breakage(self, data: st.DataObject, piece: bytes) -> None:
        phone, text = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        at = data.draw(st.integers(0, len(text)))
        phone.says(text[:at] + piece + text[at + data.draw(st.integers(0, 12)) :])
        # A broken INVITE is another message: its 400 is none of the transaction's answers.
        self.collect(noting=False)

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: float) -> None:
        self.scene.passes(seconds)
        self.collect()

    @invariant()
    def never_two_different_final_answers_to_one_invite(self) -> None:
        for codes in self.finals.values():
            assert len(codes) <= 1

    @invariant()
    def what_is_kept_is_bounded(self) -> None:
        assert self.scene.guard.transactions <= 40

    def teardown(self) -> None:
        self.scene.passes(1000)
        self.collect()
        self.never_two_different_final_answers_to_one_invite()
        assert self.scene.guard.transactions == 0
        assert not self.scene.guard._clients
        assert not self.scene.guard._timers._live
        assert self.scene.guard.next_timer() is None


Peers.TestCase.settings = settings(max_examples=250, stateful_step_count=40)
TestPeers = Peers.TestCase
