"""`sip-guard shadow`: what rules in shadow would have done, as an operator asks before enforcing one."""

import json
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner, Result
from decisions import row

from sip_guard.cli import main
from sip_guard.journal.opening import to_write
from sip_guard.journal.options import Place
from sip_guard.journal.row import Answer, End
from sip_guard.journal.store import Store

NOON = 1_700_049_600.0
"""2023-11-15T12:00:00Z."""


def would(rule: str, action: str = "reject 403") -> dict[str, str]:
    return {"rule": rule, "action": action, "mode": "shadow"}


@pytest.fixture
def filled(store: Store) -> None:
    """Fill a record: of ten calls that a rule would have refused, six were answered, of which one still lasts."""
    store.add(
        [
            *(
                row(NOON + at, call=at, trunk="abroad" if at < 8 else "home", shadow=[would("uk-never")])
                for at in range(10)
            ),
            row(NOON + 20, call=20, shadow=[would("uk-never"), would("campaign", "tag")], sip_code=438),
            row(NOON + 21, call=21, shadow=[]),
        ]
    )
    lasted = {0: 2.0, 1: 3.0, 2: 30.4, 3: 100.0, 4: 4000.0}
    store.went([*(Answer(200, NOON + 30, call) for call in range(6)), Answer(486, None, 6), Answer(200, NOON, 21)])
    store.went([End(seconds, call) for call, seconds in lasted.items()])


def asked(record: object, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["shadow", "--record", str(record), *arguments])


def figures(record: object, *arguments: str) -> list[dict[str, Any]]:
    result = asked(record, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    made: list[dict[str, Any]] = json.loads(result.stdout)
    return made


@pytest.fixture
def place(tmp_path: Any) -> Place:
    made: Place = tmp_path / "decisions.sqlite3"
    to_write(made).close()
    return made


@pytest.mark.usefixtures("filled")
def test_each_rule_is_told_with_the_calls_that_it_would_have_stopped_and_how_they_went(place: Place) -> None:
    assert figures(place) == [
        {
            "rule": "campaign",
            "action": "tag",
            "calls": 1,
            "refused": 1,
            "answered": 0,
            "ended": 0,
            "median_seconds": None,
            "p90_seconds": None,
            "over_a_minute": 0,
        },
        {
            "rule": "uk-never",
            "action": "reject 403",
            "calls": 11,
            "refused": 1,
            "answered": 6,
            "ended": 5,
            "median_seconds": 30,
            "p90_seconds": 4000,
            "over_a_minute": 2,
        },
    ]


@pytest.mark.usefixtures("filled")
def test_a_rule_a_trunk_and_a_time_may_be_asked_for(place: Place) -> None:
    assert [each["calls"] for each in figures(place, "--rule", "uk-never")] == [11]
    assert [each["calls"] for each in figures(place, "--trunk", "abroad")] == [8]
    assert [each["calls"] for each in figures(place, "--since", str(NOON + 5), "--until", str(NOON + 9))] == [4]
    assert figures(place, "--since", "1h") == []


@pytest.mark.usefixtures("filled")
def test_the_table_says_the_same_in_words(place: Place) -> None:
    line = next(line for line in asked(place).stdout.splitlines() if "uk-never" in line)
    told = [cell.strip() for cell in line.split("\u2502")[1:-1]]
    assert told == ["uk-never", "reject 403", "11", "1", "6", "30 s", "1:06:40 h", "40% (2)"]


def test_a_record_without_rules_in_shadow_says_so(place: Place) -> None:
    with closing(to_write(place)) as store:
        store.add([row(NOON, shadow=[])])
    assert asked(place).stdout == "no rule in shadow would have done anything\n"
    assert figures(place) == []


def test_what_is_wrong_is_said_with_what_to_do(place: Place) -> None:
    missing = asked(f"{place}.not")
    assert missing.exit_code == 2
    assert missing.stderr == f"there is no record {place}.not: a guard makes it, with its first decision\n"
    assert asked(place, "--since", "tuesday").stderr.startswith("--since `tuesday`: expected a time such as")
