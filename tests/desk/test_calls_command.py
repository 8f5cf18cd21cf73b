"""`sip-guard calls` and `sip-guard forget`: the record, as an operator asks it."""

import csv
import io
import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from decisions import NUMBERS
from decisions import fields as decision

from sip_guard.cli import main
from sip_guard.journal.file import FileStore
from sip_guard.journal.row import Answer, End, Row
from sip_guard.record import Masking
from sip_guard.secret import FILE as SECRET_FILE

BANK = "442079460123"
NOON = 1_700_049_600.0
"""2023-11-15T12:00:00Z."""
CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [127.0.0.1]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.2
"""


class Office:
    """A configuration, and a record that is filled by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "guard.yaml"
        self.config.write_text(f"{CONFIG}state_directory: .\n")
        self.record = folder / "decisions.sqlite3"

    def keeps(self, *decisions: dict[str, Any], at: float = NOON) -> list[int]:
        """Keep decisions of one minute after the other; give their numbers."""
        numbers = [next(NUMBERS) for _ in decisions]
        with closing(FileStore.to_write(self.record)) as store:
            pairs = enumerate(zip(numbers, decisions, strict=True))
            store.add([Row.of(number, at + 60 * minute, each) for minute, (number, each) in pairs])
        return numbers

    def asks(self, *arguments: str, typed: str | None = None) -> Result:
        runner = CliRunner(env={"COLUMNS": "240", "SIP_GUARD_CONFIG": str(self.config)})
        return runner.invoke(main, list(arguments), input=typed)

    def finds(self, *arguments: str) -> list[str]:
        """Give the Call-IDs that are found."""
        result = self.asks("calls", "--json", *arguments)
        assert result.exit_code == 0, result.stderr
        return [json.loads(line)["call_id"] for line in result.stdout.splitlines()]

    def fault(self, *arguments: str) -> str:
        result = self.asks(*arguments)
        assert result.exit_code == 2
        return result.stderr.removesuffix("\n")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_each_condition_finds_its_calls_and_all_together_what_meets_them_all(office: Office) -> None:
    office.keeps(
        decision("a", **{"from": BANK}),
        decision("b", asserted=[BANK], action="reject 403", rule="protected"),
        decision("c", trunk="abroad", result="passed", rule="attested"),
        decision("d", action="reject 438", result="failed", to=BANK),
        decision("e", target=BANK),
    )
    assert office.finds() == ["e", "d", "c", "b", "a"]
    assert office.finds("--number", "+44 20 7946 0123") == ["e", "d", "b", "a"]
    assert office.finds("--number", f"00{BANK}", "--action", "reject") == ["d", "b"]
    assert office.finds("--action", "reject 403") == ["b"]
    assert office.finds("--call-id", "c") == office.finds("--trunk", "abroad") == office.finds("--rule", "attested")
    assert office.finds("--result", "failed") == ["d"]
    assert office.finds("--since", "2023-11-15T12:01:00Z", "--until", str(NOON + 180)) == ["c", "b"]
    assert office.finds("--since", "2023-11-15T13:01:00+01:00", "--until", "1d") == ["e", "d", "c", "b"]
    assert office.finds("--since", "1w") == []
    assert office.finds("--number", BANK[:-1]) == []


def test_json_is_the_line_of_the_log(office: Office) -> None:
    office.keeps(decision("a"))
    (line,) = office.asks("calls", "--json").stdout.splitlines()
    log = {"ts": "2023-11-15T12:00:00.000000Z", "event": "decision", "level": "info"}
    assert json.loads(line) == log | decision("a")


def test_csv_has_a_row_a_decision_and_no_formulas(office: Office) -> None:
    office.keeps(decision('=cmd|" /C calc"!A0', shadow=[]), decision("b", **{"from": "", "asserted": ["1", "2"]}))
    later, first = csv.DictReader(io.StringIO(office.asks("calls", "--csv").stdout))
    assert first["call_id"] == '\'=cmd|" /C calc"!A0'
    assert (first["time"], first["findings"], first["shadow"]) == ("2023-11-15T12:00:00.000000Z", "no-identity", "")
    assert (later["from"], later["asserted"], later["shadow"]) == ("", "1 2", "number:reject 403")


def test_the_table_shows_a_line_a_decision_and_nothing_that_a_terminal_obeys(office: Office) -> None:
    office.keeps(decision("evil\x1b[2J[bold]", **{"from": BANK}))
    shown = office.asks("calls").stdout
    assert "2023-11-15T12:00:00Z" in shown
    assert BANK in shown
    assert "evil?[2J[bold]" in shown
    assert office.asks("calls", "--trunk", "nobody").stdout == "no such decision in the record\n"


def test_how_a_call_went_on_is_shown_where_it_is_known(office: Office) -> None:
    _, spoken, busy, _ = office.keeps(
        decision("refused", sip_code=403), decision("spoken"), decision("busy"), decision("lost")
    )
    with closing(FileStore.to_write(office.record)) as store:
        store.went([Answer(200, NOON + 65, spoken), End(3725.0, spoken), Answer(486, None, busy)])
    table = [line.split("\u2502") for line in office.asks("calls").stdout.splitlines() if "2023-11-15" in line]
    assert [(cells[9].strip(), cells[10].strip()) for cells in table] == [
        ("", ""),
        ("486", ""),
        ("200", "1:02:05 h"),
        ("403", ""),
    ]
    lines = [*map(json.loads, office.asks("calls", "--json").stdout.splitlines())]
    assert lines[2] == {
        "ts": "2023-11-15T12:01:00.000000Z",
        "event": "decision",
        "level": "info",
        **decision("spoken"),
        "answer": 200,
        "answered": "2023-11-15T12:01:05.000000Z",
        "duration": 3725.0,
    }
    assert "answer" not in lines[0]
    rows = csv.DictReader(io.StringIO(office.asks("calls", "--csv").stdout))
    assert [(row["answer"], row["answered"][:19], row["duration"]) for row in rows] == [
        ("", "", ""),
        ("486", "", ""),
        ("200", "2023-11-15T12:01:05", "3725.0"),
        ("", "", ""),
    ]


def test_it_is_said_that_there_are_more(office: Office) -> None:
    office.keeps(*map(decision, "abc"))
    result = office.asks("calls", "--limit", "2", "--json")
    assert [json.loads(line)["call_id"] for line in result.stdout.splitlines()] == ["c", "b"]
    assert result.stderr == "there are more than these 2; see --limit, --since and --until\n"
    assert office.asks("calls", "--limit", "3", "--json").stderr == ""


def test_masked_numbers_are_found_by_the_whole_number(office: Office) -> None:
    key = b"k" * 32
    (office.folder / SECRET_FILE).write_bytes(key)
    hidden = Masking("hash", key).mask(BANK)
    office.keeps(decision("h", **{"from": hidden}), decision("l", **{"from": "********0123"}), decision("x"))
    assert office.finds("--number", BANK) == ["l", "h"]
    assert office.finds("--number", "442079469999") == []
    assert office.asks("forget", BANK, "--yes").stdout == "1 decisions deleted\n"
    assert office.finds() == ["x", "l"]
    assert office.asks("forget", BANK, "--yes", "--last4").stdout == "1 decisions deleted\n"
    assert office.finds() == ["x"]


def test_forgetting_asks_before_it_deletes(office: Office) -> None:
    office.keeps(decision("a", **{"from": BANK}), decision("b"))
    declined = office.asks("forget", f"+{BANK}", typed="n\n")
    assert declined.exit_code == 1
    assert declined.stderr.startswith(f"Delete 1 decisions of {office.record}? [y/N]: ")
    assert office.finds() == ["b", "a"]
    assert office.asks("forget", f"+{BANK}", typed="y\n").stdout.endswith("1 decisions deleted\n")
    assert office.finds() == ["b"]
    assert office.asks("forget", f"+{BANK}").stdout == "0 decisions deleted\n"


def test_a_record_may_be_named_instead_of_a_configuration(office: Office) -> None:
    office.keeps(decision("a"))
    runner = CliRunner()
    assert json.loads(runner.invoke(main, ["calls", "--json", "--record", str(office.record)]).stdout)["call_id"] == "a"
    assert runner.invoke(main, ["calls"]).stderr == "which record? Give --config FILE, or --record FILE\n"


def test_what_is_wrong_is_said_with_what_to_do(office: Office) -> None:
    assert office.fault("calls") == f"there is no record {office.record}: a guard makes it, with its first decision"
    office.record.write_bytes(b"no database" * 1000)
    assert office.fault("calls") == (
        f"{office.record} is damaged, or no record at all: file is not a database; "
        "name another one, or put back a copy of it"
    )
    office.record.unlink()
    office.record.touch()
    assert office.fault("calls").endswith("is an older record, or a new one; a guard of this version makes it ready")
    assert office.fault("calls", "--since", "tuesday").startswith("--since `tuesday`: expected a time such as")
    assert office.fault("calls", "--action", "refuse").startswith(
        "--action `refuse`: expected allow, tag, anonymise, redirect, "
    )
    assert office.fault("forget", "-", "--yes") == "`-` is no number"
    office.config.write_text(CONFIG)
    assert office.fault("calls").startswith("the configuration keeps no record: it has no `state_directory`")


def test_reading_leaves_a_record_as_it_is(office: Office) -> None:
    office.keeps(decision("a"))
    before = (office.record.read_bytes(), stat.S_IMODE(office.record.stat().st_mode))
    assert office.finds() == ["a"]
    assert (office.record.read_bytes(), stat.S_IMODE(office.record.stat().st_mode)) == before
