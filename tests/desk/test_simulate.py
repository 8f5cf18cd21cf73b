"""`sip-guard simulate`: what a configuration would do with captured calls, and which it treats otherwise."""

import gc
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import ALICE, BOB, IAT, PKI, X5U, token
from captures import GUARD, ethernet, pcap, tcp, udp
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from signed_lists import list_authority, revocation_list

from sip_guard.cli import main
from sip_guard.config import load
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.capture.messages import Messages
from sip_guard.desk.guard import DeskGuard, Means
from sip_guard.desk.simulate.arrivals import Arrivals, Counts
from sip_guard.desk.simulate.command import Wanted, simulate
from sip_guard.desk.simulate.often import MOST
from sip_guard.desk.simulate.tally import EXAMPLES, Change, Example, Fate, Tally
from sip_guard.desk.simulate.work import items
from sip_guard.repository.answer import NO_VALIDATORS
from sip_guard.repository.document import Document, file_name, write

CARRIER = ("192.0.2.1", 5060)
ABROAD = ("192.0.2.66", 5060)
PBX = ("198.51.100.80", 5060)
BANK = "+442079460001"

CONFIG = """\
listen:
  - udp: 127.0.0.1:5060
trunks:
  - name: carrier
    sources: [192.0.2.1]
  - name: abroad
    sources: [192.0.2.66]
targets:
  - name: pbx
    address: 198.51.100.80:5060
verification:
  anchors: [root.pem]
lists:
  - name: banks
    file: banks.csv
    scope: nobody
policy:
  rules:
"""


def invite(name: str, caller: str = f"+{ALICE}", called: str = f"+{BOB}", *more: str, to_tag: str = "") -> bytes:
    lines = [
        f"INVITE sip:{called}@198.51.100.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{name}",
        "Max-Forwards: 70",
        f"From: <sip:{caller}@carrier.example>;tag={name}",
        f"To: <sip:{called}@198.51.100.1>{to_tag}",
        f"Call-ID: {name}",
        "CSeq: 1 INVITE",
        "Contact: <sip:192.0.2.1>",
        *more,
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def signed(name: str, value: bytes | None = None) -> bytes:
    identity = (value or token()).decode() + f";info=<{X5U}>;alg=ES256;ppt=shaken"
    return invite(name, f"+{ALICE}", f"+{BOB}", f"Identity: {identity}")


class Desk:
    """A folder with a configuration, and the certificates that a guard has kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "root.pem").write_bytes(PKI.root.pem)
        (folder / "banks.csv").write_text(f"number,owner,source\n{BANK},A Bank,itself\n")
        kept = folder / "certificates"
        kept.mkdir()
        document = Document(X5U, NO_VALIDATORS, int(IAT) + 3600, PKI.signer.bundle)
        (kept / file_name(X5U)).write_bytes(write(document))

    def config(self, name: str, *rules: str) -> str:
        path = self.folder / f"{name}.yaml"
        path.write_text(CONFIG + "".join(f"    - {{{rule}}}\n" for rule in rules) + ("" if rules else "    []\n"))
        return str(path)

    def captured(self, *packets: bytes, name: str = "a.pcap", step: float = 0.001) -> str:
        return str(pcap(self.folder / name, map(ethernet, packets), at=IAT, step=step))

    def run(self, *options: str) -> Result:
        return CliRunner(env={"COLUMNS": "240"}).invoke(main, ["simulate", *options])

    def simulated(self, capture: str, policy: str, *options: str) -> dict[str, Any]:
        """Give the JSON that is printed."""
        result = self.run("--capture", capture, "--policy", policy, "--json", *options)
        assert result.exit_code == 0, result.stderr
        made: dict[str, Any] = json.loads(result.stdout)
        return made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def fates(made: dict[str, Any], which: str = "new") -> dict[str, int]:
    return {f"{each['rule']}: {each['action']}": each["calls"] for each in made["fates"][which]}


def test_each_call_is_decided_about_as_the_guard_would(desk: Desk) -> None:
    capture = desk.captured(
        udp(invite("unsigned"), CARRIER), udp(invite("bank", BANK), ABROAD), udp(signed("signed"), CARRIER)
    )
    made = desk.simulated(capture, desk.config("new"), "--certificates", str(desk.folder / "certificates"))
    assert fates(made) == {"unsigned: tag": 1, "protected: reject 403": 1, "attested: tag": 1}


TRIED = "id: protected, when: {finding: number-protected}, then: reject, mode: shadow"


class Wire:
    """Packets of calls, each a second after the other."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def calls(self, name: str, *answers: str, caller: str = f"+{ALICE}", lasts: int | None = None) -> None:
        """Let a call come, be answered, and end so many seconds after its last answer."""
        octets = invite(name, caller)
        self.packets.append(udp(octets, ABROAD))
        for answer in answers:
            head = octets.replace(octets.partition(b"\r\n")[0], f"SIP/2.0 {answer}".encode(), 1)
            said = head.replace(b"@198.51.100.1>\r\n", b"@198.51.100.1>;tag=bob\r\n")
            # On its way by the PBX, and then by the guard, whose branch the first of them has.
            self.packets.append(udp(said.replace(b"z9hG4bK", b"z9hG4bKours-"), PBX, GUARD))
            self.packets.append(udp(said, GUARD, ABROAD))
        if lasts is not None:
            self.packets += [udp(invite(f"other-{name}-{each}"), CARRIER) for each in range(lasts - 1)]
            bye = invite(name, caller, to_tag=";tag=bob").replace(b"INVITE", b"BYE").replace(b"bK", b"bKbye")
            self.packets.append(udp(bye, ABROAD))


def told(made: dict[str, Any], part: str, which: str = "new") -> dict[str, tuple[int | None, ...]]:
    """Give calls, answered, ended and the longest of nine in ten, by rule."""
    names = ("calls", "answered", "ended", "p90_seconds")
    return {each["rule"]: tuple(each[name] for name in names) for each in made[part][which]}


def test_how_calls_went_on_is_told_of_those_that_are_stopped_or_would_be(desk: Desk) -> None:
    wire = Wire()
    wire.calls("spoken", "180 Ringing", "200 OK", caller=BANK, lasts=30)
    wire.calls("busy", "486 Busy Here", caller=BANK)
    wire.calls("unknown", "200 OK", caller=BANK)
    wire.calls("nobody's", "200 OK", lasts=300)
    wire.calls("silent", caller=BANK)
    capture = desk.captured(*wire.packets, step=1.0)
    made = desk.simulated(capture, desk.config("new", TRIED), "--against", desk.config("old"))
    assert told(made, "shadows") == {"number": (4, 2, 1, 30), "protected": (4, 2, 1, 30)}
    assert told(made, "stopped") == {}
    assert told(made, "stopped", "old") == {"protected": (4, 2, 1, 30)}
    assert told(made, "shadows", "old") == {"number": (4, 2, 1, 30)}
    assert (made["counts"]["answers"], made["counts"]["ends"]) == (3, 2)
    table = desk.run("--capture", capture, "--policy", desk.config("old")).stdout
    line = next(line for line in table.splitlines() if "protected" in line and "30 s" in line)
    assert [cell.strip() for cell in line.split("\u2502")[1:-1]] == [
        "protected",
        "reject 403",
        "4",
        "2",
        "30 s",
        "30 s",
        "0% (0)",
    ]


def test_a_capture_without_answers_says_nothing_of_them(desk: Desk) -> None:
    table = desk.run(
        "--capture", desk.captured(udp(invite("b", BANK), ABROAD)), "--policy", desk.config("new", TRIED)
    ).stdout
    assert "What rules in shadow would do" in table
    assert "answered" not in table


def test_callees_who_hang_up_make_a_campaign_at_the_captures_own_time(desk: Desk) -> None:
    wire = Wire()
    for number in range(4):
        wire.calls(f"short-{number}", "200 OK", caller="+12155550123", lasts=2)
    config = desk.config("new")
    with Path(config).open("a") as file:
        file.write("campaign: {short: 3, short_seconds: 5}\n")
    capture = desk.captured(*wire.packets, step=1.0)
    made = desk.simulated(capture, config)
    assert fates(made)["campaign: tag"] == 1
    explained = CliRunner().invoke(main, ["explain", f"{capture}#{len(wire.packets) - 4}", "-c", config, "--json"])
    assert "campaign-short" in [each["code"] for each in json.loads(explained.stdout)["findings"]]


def test_nothing_is_fetched_unless_asked_for(desk: Desk) -> None:
    made = desk.simulated(desk.captured(udp(signed("signed"), CARRIER)), desk.config("new"))
    assert fates(made) == {"unavailable: tag": 1}


def test_calls_that_change_are_told_by_rule_trunk_and_number_with_examples(desk: Desk) -> None:
    packets = [udp(invite(f"b{i}", BANK), ABROAD) for i in range(7)] + [udp(invite("x"), CARRIER)]
    new = desk.config("new")
    old = desk.config("old", "id: protected, when: {finding: number-protected}, then: reject, mode: shadow")
    made = desk.simulated(desk.captured(*packets), new, "--against", old)
    [change] = made["changes"]
    assert (change["old"], change["new"]) == (
        {"rule": "unsigned", "action": "tag"},
        {"rule": "protected", "action": "reject 403"},
    )
    assert (change["calls"], change["trunks"], change["numbers"]) == (7, {"abroad": 7}, {BANK.lstrip("+"): 7})
    assert [each["frame"] for each in change["examples"]] == [1, 2, 3, 4, 5]
    assert change["examples"][0]["call_id"] == "b0"
    assert told(made, "shadows", "old")["protected"] == (7, 0, 0, None)


def test_only_new_calls_of_trunks_are_looked_at_and_each_once(desk: Desk) -> None:
    packets = [
        udp(invite("a"), CARRIER),
        udp(invite("a"), CARRIER),
        udp(invite("b", to_tag=";tag=2"), CARRIER),
        udp(invite("out"), PBX, CARRIER),
        udp(invite("stranger"), ("203.0.113.9", 5060)),
        udp(b"INVITE sip:x SIP/2.0\r\n\r\n", CARRIER),
        udp(b"SIP/2.0 200 OK\r\n\r\n", GUARD, CARRIER),
        tcp(invite("t"), 1, CARRIER),
    ]
    made = desk.simulated(desk.captured(*packets), desk.config("new"))
    assert made["calls"] == 2
    assert made["counts"] == {
        "messages": 8,
        "invites": 7,
        "repeated": 1,
        "within_calls": 1,
        "outward": 1,
        "strangers": 1,
        "unreadable": 1,
        "answers": 0,
        "ends": 0,
    }


def test_all_calls_can_be_taken_for_those_of_one_trunk(desk: Desk) -> None:
    capture = desk.captured(udp(invite("stranger"), ("203.0.113.9", 5060)))
    rule = "id: here, when: {trunk: abroad}, then: reject 403"
    assert fates(desk.simulated(capture, desk.config("new", rule), "--trunk", "abroad")) == {"here: reject 403": 1}


def test_a_replayed_token_is_found_at_the_time_of_the_capture(desk: Desk) -> None:
    same = token()
    certificates = "--certificates", str(desk.folder / "certificates")
    soon = desk.captured(udp(signed("a", same), CARRIER), udp(signed("b", same), CARRIER))
    assert fates(desk.simulated(soon, desk.config("new"), *certificates)) == {"attested: tag": 1, "replayed: tag": 1}
    late = desk.captured(udp(signed("a", same), CARRIER), udp(signed("b", same), CARRIER), step=3600)
    assert fates(desk.simulated(late, desk.config("new"), *certificates)) == {
        "attested: tag": 1,
        "stale: reject 403": 1,
    }


def test_the_result_does_not_depend_on_how_many_work_on_it(desk: Desk) -> None:
    same = token()
    calls = [
        signed(f"c{i}", same) if i % 50 == 7 else invite(f"c{i}", BANK if i % 9 == 0 else f"+{ALICE}")
        for i in range(600)
    ]
    capture = desk.captured(*(udp(call, CARRIER) for call in calls))
    new, old = desk.config("new"), desk.config("old", "id: all, then: allow")
    given = "--against", old, "--certificates", str(desk.folder / "certificates"), "--workers"
    lines = [desk.folder / "alone", desk.folder / "shared"]
    alone, shared = (
        desk.simulated(capture, new, *given, workers, "--decisions", str(file))
        for workers, file in zip(("0", "2"), lines, strict=True)
    )
    assert fates(alone)["replayed: tag"] == 11
    assert alone == shared
    assert lines[0].read_bytes() == lines[1].read_bytes()


def test_a_line_about_each_call_is_written_if_asked_for(desk: Desk) -> None:
    capture = desk.captured(udp(invite("a"), CARRIER), udp(invite("b", BANK), ABROAD))
    lines = desk.folder / "lines.json"
    desk.simulated(capture, desk.config("new"), "--decisions", str(lines))
    first, second = map(json.loads, lines.read_text().splitlines())
    assert (first["call_id"], first["frame"], first["new"]) == ("a", 1, {"rule": "unsigned", "action": "tag"})
    assert (second["trunk"], second["new"]["action"], "old" in second) == ("abroad", "reject 403", False)


def test_a_report_for_people_names_files_rules_and_calls(desk: Desk) -> None:
    capture = desk.captured(udp(invite("bank", BANK), ABROAD))
    result = desk.run("--capture", capture, "--policy", desk.config("new"))
    assert result.exit_code == 0
    for told in ("1 frames", "1 INVITEs", "protected", "reject 403", "#1", "1 of 1 calls are treated otherwise"):
        assert told in result.stdout


def test_a_list_that_is_refused_is_told(desk: Desk) -> None:
    (desk.folder / "banks.csv").write_text("number,owner,source\nnonsense,A Bank,itself\n")
    made = desk.simulated(desk.captured(udp(invite("a"), CARRIER)), desk.config("new"))
    assert made["problems"][0].startswith("the list banks is refused: ")
    assert fates(made) == {"unavailable: tag": 1}


GROUP = """\
  trust:
    - name: us
      anchors: [root.pem]
      revocation: {lists: [{file: crl, anchor: lists.pem}], unavailable: hard}
"""


def test_the_lists_of_trust_groups_are_asked_and_one_that_is_missing_is_told(desk: Desk) -> None:
    today = time.time()
    authority = list_authority(today)
    (desk.folder / "lists.pem").write_bytes(authority.pem)
    config = Path(desk.config("new"))
    config.write_text(config.read_text().replace("  anchors: [root.pem]\n", GROUP))
    asked = desk.captured(udp(signed("a"), CARRIER)), str(config), "--certificates", str(desk.folder / "certificates")
    made = desk.simulated(*asked)
    assert made["problems"] == [f"the revocation list {desk.folder / 'crl'} is not at hand"]
    assert fates(made) == {"unavailable: tag": 1}
    (desk.folder / "crl").write_bytes(revocation_list(authority, [PKI.signer], when=today))
    made = desk.simulated(*asked)
    assert (made["problems"], fates(made)) == ([], {"untrusted: reject 437": 1})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no capture", "it is no capture; expected a capture as tcpdump or Wireshark write it"),
        (None, "it cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_capture_is_refused(desk: Desk, content: bytes | None, told: str) -> None:
    if content is not None:
        (desk.folder / "x.pcap").write_bytes(content)
    result = desk.run("--capture", str(desk.folder / "x.pcap"), "--policy", desk.config("new"))
    assert result.exit_code == 2
    assert f"x.pcap: {told}" in result.stderr


def test_a_capture_without_calls_is_refused_and_says_what_may_be_wrong(desk: Desk) -> None:
    path = pcap(desk.folder / "a.pcap", [ethernet(udp(invite("a")))], shortened=99)
    result = desk.run("--capture", str(path), "--policy", desk.config("new"))
    assert result.exit_code == 2
    assert "no INVITE among 1 frames; some hold only the beginning of a packet" in result.stderr


def test_a_capture_that_is_cut_off_is_used_and_told(desk: Desk) -> None:
    capture = Path(desk.captured(udp(invite("a"), CARRIER), udp(invite("b"), CARRIER)))
    capture.write_bytes(capture.read_bytes()[:-5])
    made = desk.simulated(str(capture), desk.config("new"))
    assert made["calls"] == 1
    assert made["files"][0]["fault"] == "it is cut off after frame 1; what comes before it was used"


def test_a_wrong_configuration_or_trunk_is_refused(desk: Desk) -> None:
    capture = desk.captured(udp(invite("a"), CARRIER))
    bad = desk.run("--capture", capture, "--policy", desk.config("bad", "id: x, then: fly"))
    assert bad.exit_code == 2
    assert "policy.rules[0].then" in bad.stderr
    unknown = desk.run("--capture", capture, "--policy", desk.config("new"), "--trunk", "nobody")
    assert unknown.exit_code == 2
    assert "there is no trunk `nobody` in the configuration; there are: carrier, abroad" in unknown.stderr


def _tally(numbers: list[int]) -> Tally:
    made = Tally()
    for number in numbers:
        example = Example("f", number, 0.0, "c", "t", "s", str(number), "", "", "-")
        made.add(Fate("reject 403", "r"), Fate("allow", "no guard"), lambda example=example: example)  # type: ignore[misc]
    return made


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_counting_in_parts_is_counting_at_once(first: list[int], second: list[int]) -> None:
    merged = _tally(first)
    merged.merge(_tally(second))
    assert msgspec.to_builtins(list(merged.changes.values())) == msgspec.to_builtins(
        list(_tally(first + second).changes.values())
    )


def test_examples_and_numbers_are_bounded() -> None:
    merged = Tally()
    for begin in range(0, 8 * MOST, 250):
        merged.merge(_tally([0, *range(begin, begin + 250)]))
    [change] = merged.changes.values()
    assert isinstance(change, Change)
    assert len(change.numbers.counts) <= 2 * MOST
    assert len(change.examples) == EXAMPLES
    assert change.numbers.most_common(1)[0][0] == "0"


def test_numbers_that_are_too_many_are_said_to_be_counted_in_part(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sip_guard.desk.simulate.often.MOST", 2)
    callers = [BANK, "+441610000001", "+441610000002", BANK, "+441610000003", "+441610000004", BANK]
    capture = desk.captured(*(udp(invite(f"c{i}", caller), CARRIER) for i, caller in enumerate(callers)))
    refusing = desk.config("new", "id: all, then: reject 403")
    [change] = desk.simulated(capture, refusing)["changes"]
    assert (change["calls"], change["numbers"], change["numbers_missed"]) == (7, {BANK.lstrip("+"): 2}, 1)
    told = desk.run("--capture", capture, "--policy", refusing).stdout
    assert "numbers: at least 2 442079460001, and others; up to 1 calls of each are not counted" in told


def live(desk: Desk, calls: int) -> int:
    """Count the objects that are there when a capture was read: a new call a second, each with a token."""
    packets = (
        udp(invite(f"c{i}", f"+44161000{i % 40:04}", f"+{BOB}", f"Identity: head.{i}.x;info=<{X5U}>"), CARRIER)
        for i in range(calls)
    )
    capture = Path(desk.captured(*packets, name=f"{calls}.pcap", step=1.0))
    config = Path(desk.config("short"))
    config.write_text(SHORT + config.read_text().replace("verification:", "verification:\n  max_age: 20"))
    guard = DeskGuard(load(config), Means(desk.folder, None))
    counts = Counts()
    arrivals = Arrivals((guard,), counts).of(Messages(capture))
    gc.collect()
    tracemalloc.start()
    try:
        read = sum(1 for _ in items("x", arrivals, (guard,), None))
        gc.collect()
        ours = tracemalloc.take_snapshot().filter_traces(TABLES)
    finally:
        tracemalloc.stop()
    assert read == counts.invites == calls
    return sum(each.count for each in ours.statistics("filename"))


TABLES = [
    tracemalloc.Filter(inclusive=True, filename_pattern=f"*/sip_guard/{folder}/*") for folder in ("checks", "desk")
]
"""What checks and the desk keep. What was read of fields that come again is kept in number, whatever is read."""
SHORT = "campaign: {window: 30}\n"


def test_what_is_remembered_of_a_capture_does_not_grow_with_it(desk: Desk) -> None:
    live(desk, 300)
    # Beyond what rings at a time, and beyond the small integers, of which there is one each.
    first, second = live(desk, 600), live(desk, 1500)
    assert first > 200
    assert abs(second - first) < 20


def test_a_worker_that_dies_is_told(desk: Desk) -> None:
    path = Path(desk.config("new"))
    config = load(path)
    capture = desk.captured(*(udp(invite(f"c{i}"), CARRIER) for i in range(300)))
    wanted = Wanted(
        captures=(Path(capture),),
        policy=(path, config),
        against=None,
        trunk="",
        certificates=None,
        fetch=False,
        workers=1,
    )
    path.unlink()
    with pytest.raises(BadInput, match="a worker has died"):
        simulate(wanted, lambda _, __: None)
