"""The guard at work on a clock that only the test moves, with ports that only remember."""

import json
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import DEFAULT
from messages import answered, request, response
from pki import NOW
from scene import GUARD, SECRET, TARGET, TRUNK, target
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sip_guard.call import Call, Code, Finding
from sip_guard.checks import Check
from sip_guard.checks.emergency import Options
from sip_guard.log import logger
from sip_guard.peer import Peers, Probe, Target
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules
from sip_guard.proxy.core import Proxy
from sip_guard.proxy.forwarding import Forwarding
from sip_guard.proxy.muting import FIRST, IN_A_ROW, LASTING
from sip_guard.proxy.place import Place
from sip_guard.record import Masking
from sip_guard.runtime import HEARTBEAT, MAX_COMPLAINTS, Edition, Runtime
from sip_guard.screen import Screening
from sip_guard.sip.flow import Address, End, Flow

if TYPE_CHECKING:
    from sip_guard.hep.mirror import Mirror

HERE = End("UDP", GUARD)
ALICE: Address = ("198.51.100.7", 5060)
PBX: Address = ("203.0.113.5", 5060)
STRANGER: Address = ("203.0.113.99", 5060)
STALE = Finding(Code.IAT_STALE, token=1)
UNSIGNED = Finding(Code.NO_IDENTITY)


class Answers:
    """A check that gives what the test put into it."""

    name = "answers"

    def __init__(self, *found: Finding) -> None:
        self.found: list[Finding] | Exception = list(found)
        self.calls: list[Call] = []

    def check(self, call: Call) -> list[Finding]:
        self.calls.append(call)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Waits:
    """A check that is answered when the test says so."""

    name = "waits"

    def __init__(self) -> None:
        self.waiting: list[Deferred[list[Finding]]] = []
        self.calls: list[Call] = []
        self.left = 0

    def check(self, call: Call) -> Deferred[list[Finding]]:
        self.calls.append(call)
        self.waiting.append(Deferred(self._leave))
        return self.waiting[-1]

    def _leave(self, _: object) -> None:
        self.left += 1


class Remembers:
    """A record that only remembers."""

    def __init__(self) -> None:
        self.decisions: list[tuple[float, dict[str, object]]] = []
        self.told: list[tuple[object, ...]] = []
        """What was told of each call, in its order: the number, and what."""

    def decided(self, call: int, at: float, fields: dict[str, object]) -> None:
        self.decisions.append((at, fields))
        self.told.append((call, "decided"))

    def answered(self, call: int, code: int, at: float) -> None:
        self.told.append((call, "answered", code, at - NOW))

    def ended(self, call: int, duration: float) -> None:
        self.told.append((call, "ended", duration))


class Guard:
    """A runtime with all that it needs, and what it did."""

    def __init__(
        self,
        *checks: Check,
        rules: Rules | None = None,
        masking: Masking | None = None,
        target: Target = TARGET,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(50_000.25)
        self.began = self.clock.seconds()
        self.file = BytesIO()
        self.sent: list[tuple[bytes, Address]] = []
        self.record = Remembers()
        screening = Screening(
            checks or [Answers(UNSIGNED)],
            rules or Rules(DEFAULT),
            self.clock,
            emergency=Options(),
            tags=TagOptions(),
            time_limit=3.0,
            mistake=self._mistake,
        )
        self.runtime = Runtime(
            Proxy(Peers([TRUNK], [target]), [HERE], SECRET, lambda octets: b"r" * octets),
            Edition(screening, masking or Masking()),
            self.clock,
            logger(self.file),
            wall=lambda: NOW + self.clock.seconds() - self.began,
            kept=self.record,
            first=7,
        )
        self.runtime.connect({HERE: lambda octets, flow, _: self.sent.append((octets, flow.remote))})
        self.runtime.start()

    def _mistake(self, where: str, error: BaseException | None) -> None:
        self.runtime.mistake(where, error)

    def gets(self, data: bytes, source: Address = ALICE) -> None:
        self.runtime.received(data, Flow("UDP", GUARD, source))

    def sends(self) -> list[str]:
        """Give what was sent since the last time: the last octet of where to, and a status or method."""
        sent, self.sent = self.sent, []
        return [f"{remote[0].rpartition('.')[2]}: {_title(octets)}" for octets, remote in sent]

    def logs(self, event: str = "") -> list[dict[str, object]]:
        """Give the lines of the log, of one event or all."""
        lines = [json.loads(line) for line in self.file.getvalue().splitlines()]
        return [line for line in lines if event in (line["event"], "")]

    def counts(self) -> dict[str, int]:
        return dict(self.runtime.counts)


def _title(octets: bytes) -> str:
    first = octets.partition(b"\r\n")[0].decode()
    return first.removeprefix("SIP/2.0 ") if first.startswith("SIP/") else first.partition(" ")[0]


def invite(number: int = 1, *more: str) -> bytes:
    """Give an INVITE of a call of its own."""
    via = f"SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK{number}"
    return request("INVITE", "sip:+12155551213@192.0.2.1:5060", *more, via=via, call_id=f"call-{number}")


def acknowledged(guard: Guard) -> bytes:
    """Give the ACK to the refusal of the first INVITE that the guard sent last."""
    to = next(line for line in guard.sent[-1][0].split(b"\r\n") if line.startswith(b"To:"))
    via = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1"
    to_value = to.decode().partition(": ")[2]
    return request("ACK", "sip:+12155551213@192.0.2.1:5060", via=via, call_id="call-1", to=to_value)


def _answers(invite: bytes, status: str) -> bytes:
    """Give what the PBX answers to an INVITE."""
    lines = invite.split(b"\r\n")
    names = (b"Via:", b"Record-Route:", b"From:", b"Call-ID:", b"CSeq:")
    kept = [line for line in lines if line.startswith(names)]
    to = next(line for line in lines if line.startswith(b"To:"))
    return b"\r\n".join([b"SIP/2.0 " + status.encode(), *kept, to + b";tag=bob", b"Content-Length: 0", b"", b""])


def hangs_up(guard: Guard, number: int) -> None:
    """Let the caller end the call whose 2xx the guard sent last."""
    came = answered(guard.sent[-1][0])
    via, call_id = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKbye", f"call-{number}"
    route = f"Route: {came.value(b'record-route').decode()}"
    guard.gets(request("BYE", "sip:bob@203.0.113.5", route, via=via, call_id=call_id, to=came.value(b"to").decode()))


# Calls.


def test_a_call_is_answered_decided_sent_on_and_logged() -> None:
    guard = Guard()
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    (line,) = guard.logs()
    assert (line["event"], line["level"], line["call_id"], line["rule"]) == ("decision", "info", "call-1", "unsigned")
    assert (line["source"], line["from"], line["latency_ms"]) == ("198.51.100.7:5060", "12155551212", 0.0)
    assert guard.counts() == {"decision": 1}


def test_what_is_logged_of_a_decision_is_kept_at_the_time_of_the_day() -> None:
    guard = Guard()
    guard.clock.advance(12.5)
    guard.gets(invite())
    ((at, fields),) = guard.record.decisions
    assert at == NOW + 12.5
    (line,) = guard.logs("decision")
    assert line == {"ts": line["ts"], "event": "decision", "level": "info"} | fields


class Copies:
    """Stands for a mirror."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, bytes, Flow, bool]] = []
        self.decisions: list[tuple[float, str, Flow, dict[str, object]]] = []

    def message(self, when: float, octets: bytes, flow: Flow, *, sent: bool) -> None:
        self.messages.append((when, octets, flow, sent))

    def decision(self, *given: Any) -> None:
        self.decisions.append(given)


def test_all_that_peers_send_and_get_is_mirrored_and_the_decision_with_it() -> None:
    guard, copies = Guard(masking=Masking("last4")), Copies()
    guard.runtime.mirror = cast("Mirror", copies)
    guard.clock.advance(2.5)
    guard.gets(invite())
    guard.gets(b"nonsense\r\n\r\n")
    guard.gets(invite(), STRANGER)
    to_alice, to_pbx = Flow("UDP", GUARD, ALICE), Flow("UDP", GUARD, ("203.0.113.5", 5060))
    assert [(flow, sent, octets[:8]) for _, octets, flow, sent in copies.messages] == [
        (to_alice, False, b"INVITE s"),
        (to_alice, True, b"SIP/2.0 "),
        (to_pbx, True, b"INVITE s"),
        (to_alice, False, b"nonsense"),
    ]
    assert copies.messages[0][1] == invite()
    assert copies.messages[2][1] == guard.sent[1][0]
    assert {when for when, *_ in copies.messages} == {NOW + 2.5}
    ((when, call_id, flow, fields),) = copies.decisions
    ((_, kept),) = guard.record.decisions
    assert (when, call_id, flow, fields) == (NOW + 2.5, "call-1", to_alice, kept)
    assert str(fields["from"]).startswith("***")


def test_how_a_call_goes_on_is_kept_by_the_number_of_its_decision() -> None:
    guard = Guard(rules=Rules([]))
    guard.gets(invite(1))
    guard.gets(invite(2))
    first, second = (octets for octets, remote in guard.sent if remote == PBX)
    guard.gets(_answers(second, "486 Busy Here"), PBX)
    guard.clock.advance(3.0)
    guard.gets(_answers(first, "200 OK"), PBX)
    guard.clock.advance(61.5)
    hangs_up(guard, 1)
    assert guard.sends()[-1] == "5: BYE"
    assert guard.record.told == [
        (7, "decided"),
        (8, "decided"),
        (8, "answered", 486, 0.0),
        (7, "answered", 200, 3.0),
        (7, "ended", 61.5),
    ]


class Listens(Answers):
    """A check that follows calls to their end."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[int, float]] = []

    def ended(self, caller: int, duration: float) -> None:
        self.ends.append((caller, duration))


@pytest.mark.parametrize("emergency", [False, True])
def test_checks_that_follow_calls_learn_how_they_end_but_for_those_that_always_pass(emergency: bool) -> None:
    check = Listens()
    guard = Guard(check, rules=Rules([]))
    octets = invite(1)
    guard.gets(octets.replace(b"INVITE sip:+12155551213@", b"INVITE sip:112@") if emergency else octets)
    guard.gets(_answers(guard.sent[-1][0], "200 OK"), PBX)
    guard.clock.advance(2.5)
    hangs_up(guard, 1)
    ended = [(call.caller, 2.5) for call in check.calls]
    assert len(ended) == (0 if emergency else 1)
    assert check.ends == ended
    assert guard.record.told[-1] == (7, "ended", 2.5)


def test_a_decision_is_kept_before_what_came_of_it_at_once() -> None:
    guard = Guard(rules=Rules([]), target=target(host="2001:db8::5"))
    guard.gets(invite())
    (answer,) = guard.sends()[1:]
    assert guard.record.told == [(7, "decided"), (7, "answered", int(answer.split()[1]), 0.0)]
    assert guard.counts().get("mistake", 0) == 0


def test_of_a_refused_call_nothing_but_the_decision_is_kept() -> None:
    guard = Guard(Answers(STALE))
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "7: 403 Stale Date"]
    assert guard.record.told == [(7, "decided")]


def test_the_time_of_arrival_is_that_of_the_day() -> None:
    check = Answers(UNSIGNED)
    guard = Guard(check)
    guard.clock.advance(12.5)
    guard.gets(invite())
    assert check.calls[0].arrival == NOW + 12.5


def test_a_call_sent_again_is_decided_and_logged_once() -> None:
    check = Answers(STALE)
    guard = Guard(check)
    guard.gets(invite())
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "7: 403 Stale Date", "7: 403 Stale Date"]
    assert (len(check.calls), len(guard.logs())) == (1, 1)


def test_a_call_that_waits_is_decided_later() -> None:
    check = Waits()
    guard = Guard(check)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying"]
    assert guard.logs() == []
    guard.clock.advance(0.75)
    check.waiting[0].callback([STALE])
    assert guard.sends() == ["7: 403 Stale Date"]
    (line,) = guard.logs()
    assert (line["rule"], line["latency_ms"]) == ("stale", 750.0)


def test_a_call_that_waits_holds_up_no_other() -> None:
    check = Waits()
    guard = Guard(check)
    guard.gets(invite(1))
    guard.gets(invite(2))
    check.waiting[1].callback([STALE])
    check.waiting[0].callback([UNSIGNED])
    assert [line["call_id"] for line in guard.logs()] == ["call-2", "call-1"]


def test_a_check_without_an_answer_ends_at_its_limit() -> None:
    guard = Guard(Waits())
    guard.gets(invite())
    guard.clock.advance(3.0)
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    assert [line["reason"] for line in guard.logs()] == ["check-unavailable"]


def test_a_caller_who_gives_up_ends_the_finding_out() -> None:
    check = Waits()
    guard = Guard(check)
    guard.gets(invite())
    guard.gets(invite().replace(b"INVITE sip", b"CANCEL sip").replace(b"1 INVITE", b"1 CANCEL"))
    assert guard.sends() == ["7: 100 Trying", "7: 200 OK", "7: 487 Request Terminated"]
    assert check.left == 1
    guard.clock.pump([0.5] * 8)
    assert guard.logs() == []
    assert guard.counts() == {}


def test_a_verdict_that_comes_too_late_is_not_carried_out() -> None:
    class Deaf(Waits):
        def check(self, call: Call) -> Deferred[list[Finding]]:
            self.calls.append(call)
            self.waiting.append(Deferred())
            return self.waiting[-1]

    check = Deaf()
    guard = Guard(check)
    guard.gets(invite())
    guard.gets(invite().replace(b"INVITE sip", b"CANCEL sip").replace(b"1 INVITE", b"1 CANCEL"))
    guard.sends()
    check.waiting[0].callback([UNSIGNED])
    assert guard.sends() == []
    assert guard.logs() == []


# Timers.


def test_a_refusal_is_sent_again_until_it_is_acknowledged() -> None:
    guard = Guard(Answers(STALE))
    guard.gets(invite())
    guard.sends()
    guard.clock.advance(0.5)
    guard.clock.advance(1.0)
    assert [_title(octets) for octets, _ in guard.sent] == ["403 Stale Date"] * 2
    guard.gets(acknowledged(guard))
    guard.sends()
    guard.clock.pump([0.5] * 100)
    assert guard.sends() == []
    assert guard.runtime._proxy.next_timer() is None


def test_the_reactor_has_one_timer_however_many_calls_there_are() -> None:
    guard = Guard(Answers(STALE))
    for number in range(20):
        guard.gets(invite(number))
        guard.clock.advance(0.01)
        assert len(guard.clock.getDelayedCalls()) == 1
    guard.clock.pump([0.05] * 2000)
    assert guard.runtime._proxy.next_timer() is None
    assert guard.counts() == {"decision": 20}


def test_a_call_decided_later_has_its_timers_too() -> None:
    check = Waits()
    guard = Guard(check)
    guard.gets(invite())
    guard.clock.advance(1.0)
    check.waiting[0].callback([STALE])
    guard.sends()
    guard.clock.advance(0.5)
    assert guard.sends() == ["7: 403 Stale Date"]


# What is refused.


@pytest.mark.parametrize("data", [invite(), b"garbage", b"", response()])
def test_a_stranger_gets_no_answer(data: bytes) -> None:
    check = Answers(UNSIGNED)
    guard = Guard(check)
    guard.gets(data, STRANGER)
    assert guard.sends() == []
    assert check.calls == []
    assert guard.counts() == {"stranger": 1}
    (line,) = guard.logs()
    assert (line["event"], line["level"], line["source"]) == ("stranger", "warning", "203.0.113.99:5060")


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\0", b"\0\0\r\n"])
def test_what_only_keeps_the_way_open_is_passed_over(data: bytes) -> None:
    guard = Guard()
    guard.gets(data)
    assert (guard.sends(), guard.logs(), guard.counts()) == ([], [], {})


def test_a_malformed_request_is_answered_counted_and_logged() -> None:
    guard = Guard()
    guard.gets(invite().replace(b"Max-Forwards: 70", b"Max-Forwards: many"))
    assert guard.sends() == ["7: 400 Bad Request (Max-Forwards)"]
    assert guard.counts() == {"malformed": 1}
    (line,) = guard.logs()
    assert (line["event"], line["reason"], line["count"]) == ("malformed", "Max-Forwards", 1)


@pytest.mark.parametrize("data", [b"x", b"garbage\r\n\r\n", b"\xff" * 1000, b"SIP/2.0 200 OK\r\n\r\n", b"a" * 70_000])
def test_what_is_no_request_is_counted_and_not_answered(data: bytes) -> None:
    guard = Guard()
    guard.gets(data)
    assert guard.sends() == []
    assert guard.counts() == {"malformed": 1}


def test_each_source_has_one_line_a_second() -> None:
    guard = Guard()
    for _ in range(50):
        guard.gets(b"x")
        guard.gets(b"x", STRANGER)
        guard.gets(b"x", (STRANGER[0], 40_000))
    assert [line["source"] for line in guard.logs()] == ["198.51.100.7:5060", "203.0.113.99:5060"]
    assert guard.counts() == {"malformed": 50, "stranger": 100}
    guard.clock.advance(1.0)
    guard.gets(b"x")
    guard.gets(b"x")
    assert [line["count"] for line in guard.logs("malformed")] == [1, 51]


def test_no_flood_of_sources_floods_the_log() -> None:
    guard = Guard()
    for number in range(MAX_COMPLAINTS * 3):
        guard.gets(b"x", (f"192.0.{number // 256}.{number % 256}", 5060))
    assert len(guard.logs()) == MAX_COMPLAINTS
    assert guard.counts() == {"stranger": MAX_COMPLAINTS * 3}
    guard.clock.advance(1.0)
    guard.gets(b"x", STRANGER)
    assert len(guard.logs()) == MAX_COMPLAINTS + 1


def test_what_is_refused_disturbs_no_call() -> None:
    check = Waits()
    guard = Guard(check)
    guard.gets(invite())
    for data in (b"x", b"", invite(2)[:50], b"\xff" * 65_535):
        guard.gets(data)
        guard.gets(data, STRANGER)
    guard.sends()
    check.waiting[0].callback([UNSIGNED])
    assert guard.sends() == ["5: INVITE"]


# Who sends nothing but garbage.

MALFORMED = invite().replace(b"Max-Forwards: 70", b"Max-Forwards: x")


def garbage(guard: Guard, messages: int = IN_A_ROW, seconds: float = LASTING + 0.01, source: Address = ALICE) -> None:
    """Let so many messages that cannot be read come in these seconds, from the first to the last of them."""
    for number in range(messages):
        guard.clock.advance(seconds / (messages - 1) if number else 0.0)
        guard.gets(b"x", source)


def test_who_sends_nothing_but_garbage_for_long_gets_no_attention_for_a_while() -> None:
    guard = Guard()
    garbage(guard)
    guard.gets(MALFORMED)
    guard.runtime.broken(MALFORMED, "no Content-Length field", Flow("UDP", GUARD, ALICE))
    assert guard.sends() == []
    assert guard.counts() == {"malformed": IN_A_ROW, "muted": 2}
    (line,) = guard.logs("muted")
    assert (line["level"], line["source"]) == ("warning", "198.51.100.7")


def test_who_is_muted_is_heard_at_once_when_it_sends_what_can_be_read() -> None:
    guard = Guard()
    garbage(guard)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    guard.gets(MALFORMED)
    assert guard.sends() == ["7: 400 Bad Request (Max-Forwards)"]


def test_after_a_while_its_garbage_is_answered_again() -> None:
    guard = Guard()
    garbage(guard)
    guard.clock.advance(FIRST - 0.01)
    guard.gets(MALFORMED)
    assert guard.sends() == []
    guard.clock.advance(0.02)
    guard.gets(MALFORMED)
    assert guard.sends() == ["7: 400 Bad Request (Max-Forwards)"]


def test_who_goes_on_with_it_is_muted_for_longer() -> None:
    guard = Guard()
    garbage(guard)
    guard.clock.advance(FIRST + 0.01)
    garbage(guard)
    assert len(guard.logs("muted")) == 2
    guard.clock.advance(FIRST + 0.01)
    guard.gets(MALFORMED)
    assert guard.sends() == []
    guard.clock.advance(FIRST)
    guard.gets(MALFORMED)
    assert guard.sends() == ["7: 400 Bad Request (Max-Forwards)"]


def test_one_good_message_in_between_and_nobody_is_muted() -> None:
    guard = Guard()
    for number in range(5):
        garbage(guard, IN_A_ROW - 1, 10.0)
        guard.gets(invite(number))
    assert guard.logs("muted") == []
    assert "muted" not in guard.counts()


def test_a_burst_of_garbage_mutes_nobody_for_it_may_be_forged() -> None:
    guard = Guard()
    garbage(guard, 20 * IN_A_ROW, LASTING - 0.1)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    assert guard.logs("muted") == []


def test_a_little_garbage_mutes_nobody_however_long_it_lasts() -> None:
    guard = Guard()
    garbage(guard, IN_A_ROW - 1, 500.0)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]


def test_others_are_heard_while_one_is_muted() -> None:
    guard = Guard()
    garbage(guard, source=("198.51.100.8", 40_000))
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    guard.gets(MALFORMED, ("198.51.100.8", 5060))
    assert guard.sends() == []


def test_what_keeps_the_way_open_is_neither_garbage_nor_good() -> None:
    guard = Guard()
    for _ in range(IN_A_ROW):
        guard.clock.advance(1.0)
        guard.gets(b"\r\n\r\n")
    assert guard.counts() == {}
    garbage(guard, IN_A_ROW - 1)
    guard.gets(b"\r\n\r\n")
    guard.gets(b"x")
    assert len(guard.logs("muted")) == 1


def test_a_malformed_request_is_answered_until_its_sender_is_muted() -> None:
    guard = Guard()
    for _ in range(IN_A_ROW + 10):
        guard.clock.advance(0.2)
        guard.gets(MALFORMED)
    assert guard.sends() == ["7: 400 Bad Request (Max-Forwards)"] * IN_A_ROW


def test_streams_that_break_mute_their_source_as_well() -> None:
    guard = Guard()
    for _ in range(IN_A_ROW):
        guard.clock.advance(0.2)
        guard.runtime.broken(b"x", "no Content-Length field", Flow("UDP", GUARD, ALICE))
    assert len(guard.logs("muted")) == 1


# How late the reactor is.


def late(guard: Guard, seconds: float, lasting: float) -> None:
    """Let the reactor come back to its timers late every time, for it is always busy."""
    end = guard.clock.seconds() + lasting
    while guard.clock.seconds() < end:
        guard.clock.advance(HEARTBEAT + seconds)


def share(guard: Guard) -> float:
    return guard.runtime._proxy.overload.share(guard.clock.seconds())


def test_a_reactor_that_is_late_all_the_time_sheds_calls() -> None:
    guard = Guard()
    late(guard, 0.0, 3.0)
    assert share(guard) == 0.0
    late(guard, 0.5, 30.0)
    assert share(guard) > 0.5
    guard.gets(invite())
    assert guard.sends() == ["7: 503 Overloaded"]
    assert guard.logs("refused")[0]["reason"] == "INVITE 503 Overloaded"
    late(guard, 0.0, 30.0)
    assert share(guard) == 0.0
    guard.gets(invite(2))
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]


def test_a_reactor_that_was_late_once_sheds_none() -> None:
    guard = Guard()
    late(guard, 0.0, 3.0)
    guard.clock.advance(0.5)
    late(guard, 0.0, 0.3)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]


def test_a_guard_that_is_stopped_leaves_nothing_to_do() -> None:
    guard = Guard(target=target(probe=Probe()))
    late(guard, 0.0, 3.0)
    assert len(guard.clock.getDelayedCalls()) == 1
    guard.runtime.stop()
    assert guard.clock.getDelayedCalls() == []
    guard.runtime.stop()


# Where calls go.


PROBED = target(probe=Probe(every=15, timeout=4, up_after=1), down_after=1)


def replies(guard: Guard, code: int = 200) -> None:
    """Let the target answer the OPTIONS that it got last."""
    octets = next(sent for sent, _ in reversed(guard.sent) if sent.startswith(b"OPTIONS "))
    rest = octets.partition(b"\r\n")[2]
    guard.gets(b"SIP/2.0 %d Whatever\r\n" % code + rest, (TARGET.host, 5060))


def test_a_target_that_does_not_answer_is_logged_as_down_and_later_as_up() -> None:
    guard = Guard(target=PROBED)
    for _ in range(100):
        guard.clock.advance(0.1)
    (line,) = guard.logs()
    assert (line["event"], line["level"], line["target"]) == ("target_down", "warning", "pbx")
    assert (line["transport"], line["address"], line["reason"]) == ("UDP", "203.0.113.5:5060", "no answer")
    for _ in range(60):
        guard.clock.advance(0.1)
    replies(guard)
    up = guard.logs()[1]
    assert (up["event"], up["level"], up["target"]) == ("target_up", "info", "pbx")
    assert (up["address"], up["reason"]) == ("203.0.113.5:5060", "it answers")
    assert len(guard.logs()) == 2


def test_a_target_that_answers_is_not_logged() -> None:
    guard = Guard(target=PROBED)
    asked = 0
    for _ in range(600):
        guard.clock.advance(0.1)
        if guard.sent:
            asked += 1
            replies(guard, 404)
            guard.sent.clear()
    assert asked == 4
    assert guard.logs() == []


def test_where_the_name_of_a_target_leads_is_logged_and_called() -> None:
    named = target(host="pbx.example", port=None)
    guard = Guard(target=named)
    guard.runtime.located(named, (Place("UDP", ("203.0.113.8", 5062)), Place("UDP", ("2001:db8::1", 5060))))
    (line,) = guard.logs()
    assert (line["event"], line["level"], line["target"]) == ("target_located", "info", "pbx")
    assert (line["host"], line["places"]) == ("pbx.example", ["UDP 203.0.113.8:5062", "UDP [2001:db8::1]:5060"])
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "8: INVITE"]


def test_a_target_that_is_located_is_probed_without_any_other_cause() -> None:
    named = target(PROBED, host="pbx.example", port=None)
    guard = Guard(target=named)
    guard.clock.pump([0.1] * 20)
    assert guard.sends() == []
    guard.runtime.located(named, (Place("UDP", ("203.0.113.8", 5060)),))
    guard.clock.pump([0.1] * 11)
    assert guard.sends()[0] == "8: OPTIONS"


def test_the_certificate_of_a_target_is_to_name_it() -> None:
    guard = Guard(target=target(server_name="pbx.example"))
    assert guard.runtime.server_name((TARGET.host, 5060)) == "pbx.example"
    assert guard.runtime.server_name(STRANGER) is None


# Our own mistakes.


def test_a_mistake_in_a_check_costs_no_call() -> None:
    check = Answers()
    check.found = RuntimeError("oh")
    guard = Guard(check)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    assert guard.counts() == {"mistake": 1, "decision": 1}
    mistake = guard.logs("mistake")[0]
    assert (mistake["where"], mistake["level"]) == ("answers", "error")
    assert str(mistake["exception"]).endswith("RuntimeError: oh")


class BrokenOnce(Rules):
    """A policy that fails once."""

    works = False

    def about(self, call: Call, findings: Sequence[Finding]) -> tuple[Rule, ...]:
        if not self.works:
            self.works = True
            raise RuntimeError("oh")
        return super().about(call, findings)


def test_a_mistake_in_the_policy_is_answered_500_and_the_next_call_goes_on() -> None:
    guard = Guard(rules=BrokenOnce(DEFAULT))
    guard.gets(invite(1))
    assert guard.sends() == ["7: 100 Trying", "7: 500 Server Internal Error"]
    guard.gets(invite(2))
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    assert guard.counts() == {"mistake": 1, "decision": 1}
    assert guard.logs("mistake")[0]["where"] == "screen"


def test_a_mistake_after_waiting_is_answered_500_and_the_next_call_goes_on() -> None:
    check = Waits()
    guard = Guard(check, rules=BrokenOnce(DEFAULT))
    guard.gets(invite(1))
    guard.gets(invite(2))
    guard.sends()
    check.waiting[0].callback([UNSIGNED])
    assert guard.sends() == ["7: 500 Server Internal Error"]
    check.waiting[1].callback([UNSIGNED])
    assert guard.sends() == ["5: INVITE"]
    assert guard.counts() == {"mistake": 1, "decision": 1}
    guard.clock.advance(0.5)
    assert "7: 500 Server Internal Error" in guard.sends()


def test_a_mistake_in_sending_is_counted_and_the_next_message_is_read() -> None:
    guard = Guard()
    port = guard.runtime._sends[HERE]

    def broken(octets: bytes, flow: Flow, back: Address | None) -> None:
        raise RuntimeError("oh")

    guard.runtime.connect({HERE: broken})
    guard.gets(invite(1))
    guard.runtime.connect({HERE: port})
    guard.gets(invite(2))
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    assert guard.counts() == {"mistake": 1, "decision": 1}


def test_a_mistake_that_is_made_all_the_time_floods_no_log() -> None:
    check = Answers()
    check.found = RuntimeError("oh")
    guard = Guard(check)
    for number in range(50):
        guard.gets(invite(number))
    guard.clock.advance(1.0)
    guard.gets(invite(50))
    assert [line["count"] for line in guard.logs("mistake")] == [1, 51]
    assert guard.counts() == {"mistake": 51, "decision": 51}


def test_why_calls_go_out_unsigned_is_said_once_a_second_for_each_trunk_and_reason() -> None:
    guard = Guard()
    for _ in range(50):
        guard.runtime.unsigned(TRUNK, "expired")
    guard.runtime.unsigned(TRUNK, "no number")
    guard.clock.advance(1.0)
    guard.runtime.unsigned(TRUNK, "expired")
    lines = [(line["level"], line["trunk"], line["reason"], line["count"]) for line in guard.logs("unsigned")]
    assert lines == [
        ("warning", "carrier", "expired", 1),
        ("warning", "carrier", "no number", 51),
        ("warning", "carrier", "expired", 52),
    ]
    assert guard.counts() == {"unsigned": 52}


def test_a_mistake_is_logged_in_a_flood_of_strangers() -> None:
    check = Answers()
    check.found = RuntimeError("oh")
    guard = Guard(check)
    for number in range(MAX_COMPLAINTS * 2):
        guard.gets(b"x", (f"192.0.{number // 256}.{number % 256}", 5060))
    guard.gets(invite())
    assert len(guard.logs("mistake")) == 1


def test_a_mistake_in_a_timer_does_not_stop_the_timers() -> None:
    guard = Guard(Answers(STALE))
    guard.gets(invite())
    port = guard.runtime._sends[HERE]

    def broken(octets: bytes, flow: Flow, back: Address | None) -> None:
        raise RuntimeError("oh")

    guard.runtime.connect({HERE: broken})
    guard.clock.advance(0.5)
    guard.runtime.connect({HERE: port})
    guard.sends()
    guard.clock.advance(1.0)
    assert guard.sends() == ["7: 403 Stale Date"]
    assert guard.counts() == {"mistake": 1, "decision": 1}
    assert guard.logs("mistake")[0]["where"] == "tick"


# The log.


@pytest.mark.parametrize("masking", [Masking(), Masking("last4"), Masking("hash", b"key")])
def test_no_token_is_in_the_log(masking: Masking) -> None:
    guard = Guard(masking=masking)
    token = "eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.c2lnbmF0dXJl"
    identity = f"Identity: {token};info=<https://certs.example.com/a.pem>;alg=ES256;ppt=shaken"
    guard.gets(invite(1, identity))
    guard.gets(invite(2, identity).replace(b"Max-Forwards: 70", b"Max-Forwards: x"))
    guard.gets(identity.encode())
    assert len(guard.logs()) == 2
    assert not [part for part in token.split(".") if part.encode() in guard.file.getvalue()]


def test_numbers_in_the_log_can_be_masked() -> None:
    guard = Guard(masking=Masking("last4"))
    guard.gets(invite())
    assert guard.logs()[0]["from"] == "*******1212"
    assert b"1215555" not in guard.file.getvalue()


def test_a_log_that_cannot_be_written_stops_no_call() -> None:
    guard = Guard(Answers(STALE))

    class Full(BytesIO):
        def write(self, _: object, /) -> int:
            raise OSError(28, "No space left on device")

    guard.runtime._log = logger(Full())
    guard.gets(b"x", STRANGER)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "7: 403 Stale Date"]
    assert guard.counts() == {"stranger": 1, "decision": 1}


# Anything.


LINES = st.lists(
    st.sampled_from(
        [
            *invite().split(b"\r\n"),
            b"INVITE sip:112@x SIP/2.0",
            b"SIP/2.0 200 OK",
            b"ACK sip:a@b SIP/2.0",
            b"y: x;info=<https://a>;ppt=shaken",
            b"P-Asserted-Identity: <tel:+1>, <sip:%00@x>",
            b"Via: x",
            b"To: <sip:a@b>;tag=1",
            b"Route: <sip:192.0.2.1;lr;sg=x>",
            b" folded",
            b"Priority: psap-callback",
            b"Max-Forwards: 0",
            b"From: <tel:+" + b"1" * 200 + b">",
        ]
    ),
    max_size=14,
).map(lambda lines: b"\r\n".join([*lines, b"", b""]))


@given(
    st.lists(
        st.binary(max_size=200) | LINES | st.builds(bytes.__add__, st.just(invite()[:300]), st.binary()), max_size=6
    )
)
def test_nothing_that_a_peer_sends_is_a_mistake(datagrams: list[bytes]) -> None:
    guard = Guard()
    for data in datagrams:
        guard.gets(data)
        guard.gets(data, (TARGET.host, 5060))
        guard.gets(data, STRANGER)
    guard.clock.pump([0.5] * 20)
    assert guard.runtime.counts["mistake"] == 0


def test_a_message_on_a_stream_after_which_nothing_can_be_read_is_answered() -> None:
    guard = Guard()
    head = request("INVITE", "sip:+12155551213@192.0.2.1:5060", without=["Content-Length"])
    guard.runtime.broken(head, "no Content-Length field", Flow("UDP", GUARD, ALICE))
    assert guard.sends() == ["7: 400 Bad Request (no Content-Length field)"]
    guard.runtime.broken(b"\xff\r\n\r\n", "a CR or LF that stands alone", Flow("UDP", GUARD, ALICE))
    assert guard.sends() == []
    assert guard.counts() == {"malformed": 2}
    assert [line["reason"] for line in guard.logs("malformed")] == ["no Content-Length field"]


def test_what_does_not_arrive_is_logged() -> None:
    guard = Guard()
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "5: INVITE"]
    guard.runtime.failed(Flow("UDP", GUARD, (TARGET.host, 5060)), "refused")
    assert guard.sends() == []
    assert guard.logs("undelivered")[0]["reason"] == "refused"
    assert guard.counts() == {"decision": 1, "undelivered": 1}


@pytest.mark.interpreted  # it replaces a method
def test_a_mistake_in_carrying_out_a_verdict_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    monkeypatch.setattr(Forwarding, "begin", lambda *_: 1 / 0)
    guard.gets(invite())
    assert guard.sends() == ["7: 100 Trying", "7: 500 Server Internal Error"]
    assert guard.counts() == {"mistake": 1, "decision": 1}


def test_a_call_that_nobody_could_take_is_told_with_where_it_was_tried() -> None:
    guard = Guard()
    guard.gets(invite())
    guard.clock.pump([1.0] * 33)
    (line,) = guard.logs("unreached")
    assert line["reason"] == "INVITE 408, tried at: pbx UDP 203.0.113.5:5060"
    assert (line["peer"], line["source"]) == ("carrier", "198.51.100.7:5060")
    assert "call_id" in line


def test_a_line_of_one_kind_does_not_hide_one_of_another() -> None:
    guard = Guard()
    guard.gets(b"x")
    guard.gets(invite().replace(b"INVITE", b"REGISTER"))
    guard.gets(invite(2).replace(b"Max-Forwards: 70", b"Max-Forwards: 0"))
    assert [line["event"] for line in guard.logs()] == ["malformed", "refused", "refused"]
