"""`sip-guard explain`: one call, what was found, every rule, and the verdict."""

import gzip
import io
import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from calls import IAT, token
from captures import fragments, udp
from click.testing import CliRunner, Result
from test_simulate import ABROAD, BANK, CARRIER, PBX, Desk, invite, signed

from sip_guard import secret
from sip_guard.call import Call
from sip_guard.cli import main
from sip_guard.config import Config, load
from sip_guard.desk.guard import DeskGuard, Means, prepare
from sip_guard.journal.file import FileStore
from sip_guard.journal.row import Answer, End, Row
from sip_guard.log import logger
from sip_guard.policy.rules import Rules
from sip_guard.record import Masking, record
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import Request, parse

SHADOW = "id: protected, when: {finding: number-protected}, then: reject, mode: shadow"
NEVER = "id: never, when: {trunk: abroad, caller: '+99'}, then: reject 403"


def call_of(octets: bytes, config: Config) -> Call:
    request = parse(octets)
    assert isinstance(request, Request)
    return Call.of(request, config.trunks[0], Flow("UDP", ("127.0.0.1", 5060), CARRIER), IAT)


class Explained(Desk):
    def explain(self, what: str, config: str, *options: str) -> Result:
        given = ["explain", what, "--config", config, *options]
        return CliRunner(env={"COLUMNS": "240"}).invoke(main, given)

    def told(self, what: str, config: str, *options: str, code: int = 0) -> dict[str, Any]:
        """Give the JSON that is printed."""
        result = self.explain(what, config, "--json", *options)
        assert result.exit_code == code, result.stderr
        made: dict[str, Any] = json.loads(result.stdout)
        return made

    def message(self, octets: bytes) -> str:
        (self.folder / "call.sip").write_bytes(octets)
        return str(self.folder / "call.sip")

    def recorded(self, config: str, *calls: bytes, packed: bool = False, masking: Masking | None = None) -> str:
        """Have a guard decide about calls of the carrier, and write its record."""
        lists = self.folder / "compiled"
        lists.mkdir(exist_ok=True)
        read = load(Path(config))
        assert prepare(read, lists, fetch=False) == []
        guard = DeskGuard(read, Means(lists, self.folder / "certificates"))
        file = io.BytesIO()
        log = logger(file)
        log.info("started")
        for octets in calls:
            call = call_of(octets, read)
            decision = guard.decide(call, guard.remember(call))
            log.info("decision", **record(call, decision, masking or Masking(), now=IAT, generation=1))
        path = self.folder / "guard.log"
        path.write_bytes(gzip.compress(file.getvalue()) if packed else file.getvalue())
        return str(path)


def kept(log: str) -> str:
    """Make a record of the decisions in a log, which are numbered from 0."""
    path = Path(log).with_name("decisions.sqlite3")
    with closing(FileStore.to_write(path)) as store:
        lines = [json.loads(line) for line in Path(log).read_bytes().splitlines()]
        decisions = [line for line in lines if line.pop("event") == "decision"]
        store.add(
            [Row.of(at, datetime.fromisoformat(each.pop("ts")).timestamp(), each) for at, each in enumerate(decisions)]
        )
    return str(path)


@pytest.fixture
def desk(tmp_path: Path) -> Explained:
    return Explained(tmp_path)


def outcomes(made: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["outcome"] for rule in made["rules"]}


def codes(made: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in made["findings"]]


def test_a_message_is_explained_with_every_rule_and_why(desk: Explained) -> None:
    made = desk.told(desk.message(invite("a", BANK)), desk.config("c", NEVER), "--trunk", "carrier", code=1)
    assert (made["action"], made["rule"], made["reason"]) == ("reject 403", "protected", "number-protected")
    assert (made["from"], made["trunk"]) == (BANK.lstrip("+"), "carrier")
    never, *_ = made["rules"]
    assert never["unmet"] == ["trunk: abroad", "caller: +99"]
    assert {"protected": "applies", "never": "does not apply", "unsigned": "not asked"}.items() <= outcomes(
        made
    ).items()


def test_what_rules_in_shadow_would_do_is_told(desk: Explained) -> None:
    made = desk.told(desk.message(invite("a", BANK)), desk.config("c", SHADOW), "--trunk", "abroad")
    assert {"rule": "protected", "action": "reject 403"}.items() <= made["shadow"][0].items()
    assert outcomes(made)["protected"] == "in shadow"
    assert made["action"] == "tag"


def test_a_frame_of_a_capture_is_explained_as_it_came(desk: Explained) -> None:
    capture = desk.captured(udp(invite("x"), CARRIER), udp(invite("bank", BANK), ABROAD))
    made = desk.told(f"{capture}#2", desk.config("c"), code=1)
    assert (made["call_id"], made["trunk"], made["source"]) == ("bank", "abroad", "192.0.2.66:5060")
    assert made["at"] == pytest.approx(IAT + 0.001, abs=1e-5)


def test_what_came_before_in_the_capture_is_remembered(desk: Explained) -> None:
    same = token()
    capture = desk.captured(udp(signed("a", same), CARRIER), udp(signed("b", same), CARRIER))
    made = desk.told(f"{capture}#2", desk.config("c"), "--certificates", str(desk.folder / "certificates"))
    assert codes(made) == ["passed", "token-replayed"]
    assert made["rule"] == "replayed"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("", "which call? Say FILE#FRAME; new calls of trunks are in #1, #7 ..."),
        ("#99", "there is no frame 99: it has 7 frames; new calls of trunks are in #1, #7 ..."),
        ("#0", "there is no frame 0: it has 7 frames"),
        ("#2", "frame 2 holds `SIP/2.0 200 OK`, which begins no call"),
        ("#3", "the INVITE in frame 3 comes from 203.0.113.9:5060, which is nobody's address in the configuration"),
        ("#4", "the INVITE in frame 4 comes from 198.51.100.80:5060, which is our side in the configuration"),
        ("#5", "the INVITE in frame 5 was sent again, is within a call, or cannot be read"),
        ("#6", "frame 6 completes no SIP message over UDP or TCP"),
    ],
)
def test_a_frame_that_begins_no_call_says_what_it_is_and_where_calls_are(
    desk: Explained, place: str, told: str
) -> None:
    packets = [
        udp(invite("a"), CARRIER),
        udp(b"SIP/2.0 200 OK\r\n\r\n", CARRIER),
        udp(invite("s"), ("203.0.113.9", 5060)),
        udp(invite("o"), PBX),
        udp(invite("a"), CARRIER),
        b"no packet",
        udp(invite("b"), CARRIER),
    ]
    result = desk.explain(desk.captured(*packets) + place, desk.config("c"))
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_capture_without_calls_of_trunks_says_how_they_are_taken(desk: Explained) -> None:
    result = desk.explain(desk.captured(udp(invite("s"), ("203.0.113.9", 5060))) + "#1", desk.config("c"))
    assert result.exit_code == 2
    assert "there is no new call of a trunk in it; --trunk NAME takes every call for one of that trunk" in result.stderr


@pytest.mark.parametrize("packed", [False, True])
def test_a_call_of_the_record_is_explained_by_its_findings(desk: Explained, packed: bool) -> None:
    config = desk.config("c", NEVER)
    log = desk.recorded(config, invite("other"), invite("bank", BANK), signed("good"), packed=packed)
    made = desk.told("bank", config, "--record", log, code=1)
    assert (made["rule"], made["from"], made["to"]) == ("protected", BANK.lstrip("+"), "12155551213")
    assert codes(made) == ["number-protected", "no-identity"]
    assert made["problems"] == []
    good = desk.told("good", config, "--record", log)
    assert (good["rule"], good["findings"][0]["attest"]) == ("attested", "A")


def test_the_record_is_asked_where_there_is_one_and_else_the_log(desk: Explained) -> None:
    config = desk.config("c", NEVER)
    with Path(config).open("a") as file:
        file.write("state_directory: .\nlog: {file: guard.log}\n")
    log = desk.recorded(config, invite("bank"), invite("bank", BANK), invite("other"))
    assert desk.told("other", config)["rule"] == "unsigned"
    record = kept(log)
    Path(log).unlink()
    for given in ((), ("--record", record)):
        made = desk.told("bank", config, *given, code=1)
        assert (made["rule"], made["from"]) == ("protected", BANK.lstrip("+"))
        assert made["problems"] == ["there are 2 decisions about this Call-ID, of which this is the last"]
    gone = desk.explain("nothing", config)
    assert (gone.exit_code, "Call-ID of a decision in the record" in gone.stderr) == (2, True)


def test_how_a_recorded_call_went_on_is_told(desk: Explained) -> None:
    config = desk.config("c", NEVER)
    record = kept(desk.recorded(config, invite("spoken")))
    with closing(FileStore.to_write(Path(record))) as store:
        store.went([Answer(200, IAT + 5, 0), End(61.5, 0)])
    made = desk.told("spoken", config, "--record", record)
    assert (made["answer"], made["duration"]) == (200, 61.5)
    assert desk.explain("spoken", config, "--record", record).stdout.endswith(
        "was answered with 200, and lasted 1:02 min\n"
    )


def test_other_rules_than_in_line_are_tried_on_a_recorded_call(desk: Explained) -> None:
    log = desk.recorded(desk.config("old", SHADOW), invite("bank", BANK))
    made = desk.told("bank", desk.config("new"), "--record", log, code=1)
    assert made["action"] == "reject 403"
    assert made["problems"] == [
        "in line it was tag by unsigned: the rules were others, or saw more than is in the record"
    ]


def test_masked_numbers_and_several_decisions_are_told(desk: Explained) -> None:
    config = desk.config("c")
    with Path(config).open("a") as file:
        file.write("log: {numbers: last4}\n")
    log = desk.recorded(config, invite("a"), invite("a"), masking=Masking("last4"))
    assert desk.told("a", config, "--record", log)["problems"] == [
        "there are 2 decisions about this Call-ID, of which this is the last",
        "numbers are masked in the record: rules about them may have applied otherwise",
    ]


def test_an_emergency_call_needs_no_rule(desk: Explained) -> None:
    config = desk.config("c")
    call = invite("help", BANK, "112")
    for made in (
        desk.told(desk.message(call), config, "--trunk", "carrier"),
        desk.told("help", config, "--record", desk.recorded(config, call)),
    ):
        assert (made["action"], made["rule"], made["rules"]) == ("allow", "emergency", [])


def test_what_is_nowhere_is_said(desk: Explained) -> None:
    config = desk.config("c")
    assert "give --record FILE" in desk.explain("nothing", config).stderr
    result = desk.explain("nothing", config, "--record", desk.recorded(config, invite("a")))
    assert result.exit_code == 2
    assert "`nothing` is neither a file nor a Call-ID of a decision in the record" in result.stderr
    gone = desk.explain("nothing", config, "--record", "/nowhere/guard.log")
    assert (gone.exit_code, "cannot be read" in gone.stderr) == (2, True)


def test_a_message_needs_its_trunk_where_there_are_several(desk: Explained) -> None:
    result = desk.explain(desk.message(invite("a")), desk.config("c"))
    assert result.exit_code == 2
    assert "by which trunk did it come? Give --trunk NAME, one of: carrier, abroad" in result.stderr


def test_the_tables_name_findings_rules_and_verdict(desk: Explained) -> None:
    config = desk.config("c", NEVER)
    result = desk.explain(desk.message(invite("a", BANK)), config, "--trunk", "carrier")
    for told in (
        "number-protected",
        "not so: trunk: abroad; caller: +99",
        "reject 403 by protected",
        "not asked",
    ):
        assert told in result.stdout


def test_the_frame_of_a_fragmented_call_is_the_one_that_completes_it(desk: Explained) -> None:
    capture = desk.captured(*fragments(invite("a"), [10, 20], CARRIER))
    assert desk.told(f"{capture}#3", desk.config("c"))["call_id"] == "a"
    assert "frame 1 completes no SIP message" in desk.explain(f"{capture}#1", desk.config("c")).stderr


def test_a_rule_in_sample_acts_on_the_calls_that_it_acts_on_in_line(desk: Explained) -> None:
    config = desk.config("c", "id: some, then: reject 403, mode: sample 50%")
    (desk.folder / "state").mkdir()
    with Path(config).open("a") as file:
        file.write("state_directory: state\n")
    kept = b"k" * secret.OCTETS
    (desk.folder / "state" / secret.FILE).write_bytes(kept)
    read = load(Path(config))
    calls = {f"c{i}": invite(f"c{i}") for i in range(12)}
    acted = set()
    for name, octets in calls.items():
        result = desk.explain(desk.message(octets), config, "--trunk", "carrier", "--json")
        if json.loads(result.stdout)["rule"] == "some":
            acted.add(name)
    rules = Rules(read.rules, kept)
    expected = {
        name for name, octets in calls.items() if rules.mode(read.rules[0], call_of(octets, read)).word == "sample"
    }
    assert acted == expected
    assert 0 < len(acted) < 12
