"""What the documentation says of findings and options is what the code does."""

import re
from pathlib import Path

import pytest

from sip_guard.call import Code, Outcome
from sip_guard.config.policy import preset
from sip_guard.policy.rule import FINDINGS

ROOT = Path(__file__).parents[1]
ROW = re.compile(
    r"\| (?P<outcome>[a-z-]+) \| `(?P<code>[a-z0-9-]+)` \| (?P<sip>[^|]+) \| (?P<source>[^|]+) \| [^|]+ \| [^|]+ \|"
)


def rows() -> list[re.Match[str]]:
    lines = (ROOT / "docs" / "findings.md").read_text("utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    found = [ROW.fullmatch(line) for line in table]
    assert [line for line, match in zip(table, found, strict=True) if match is None] == []
    return [match for match in found if match is not None]


def test_each_finding_has_one_row_in_the_order_of_the_code() -> None:
    assert [row["code"] for row in rows()] == [code.value for code in Code]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["code"])
def test_a_row_says_what_the_code_does(row: re.Match[str]) -> None:
    code = next(code for code in Code if code.value == row["code"])
    assert row["outcome"] == code.outcome.value
    assert row["sip"] == (f"{code.sip_code} {code.phrase}" if code.sip_code else "-")
    assert row["source"] == code.source


def test_a_refusal_has_a_code_that_the_standards_know() -> None:
    assert {code.sip_code for code in Code} == {0, 403, 428, 436, 437, 438}
    assert [code for code in Code if bool(code.sip_code) != bool(code.phrase)] == []
    unanswered = {code.outcome for code in Code if not code.sip_code}
    assert unanswered == {Outcome.PASSED, Outcome.NOTE, Outcome.EXEMPT}


def test_each_outcome_has_a_finding() -> None:
    assert {code.outcome for code in Code} == set(Outcome)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "sip_guard" / "policy" / "presets").glob("*.yaml")), ids=lambda p: p.name
)
def test_each_preset_loads_and_is_an_option(path: Path) -> None:
    rules = preset(path.stem)
    assert rules
    assert len({rule.id for rule in rules}) == len(rules)
    assert frozenset().union(*(rule.when.finding.wanted | rule.when.finding.refused for rule in rules)) <= FINDINGS
