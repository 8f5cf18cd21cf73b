"""What several findings come to."""

from itertools import permutations

import pytest
from incoming import passed

from sip_guard.call import Code, Finding, Outcome
from sip_guard.policy.weighing import RESULTS, chief, result

SILENT = {Outcome.NUMBER, Outcome.CAMPAIGN, Outcome.NOTE, Outcome.EXEMPT}
"""Outcomes that say nothing of the call's tokens."""


def found(*codes: Code) -> list[Finding]:
    return [passed() if code is Code.PASSED else Finding(code) for code in codes]


def test_every_outcome_says_something_of_tokens_or_is_known_to_say_nothing() -> None:
    assert RESULTS.keys() | SILENT == set(Outcome)
    assert not RESULTS.keys() & SILENT


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_one_finding_gives_the_result_of_its_outcome(code: Code) -> None:
    assert result(found(code)) == RESULTS.get(code.outcome, "absent")


def test_nothing_found_is_an_absent_result_without_a_reason() -> None:
    assert (result([]), chief([])) == ("absent", None)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((Code.PASSED, Code.RCD_NAME_MISMATCH), "passed"),
        ((Code.SIGNATURE_INVALID, Code.REVOCATION_UNCHECKED), "failed"),
        ((Code.NO_IDENTITY, Code.RPH_FAILED), "absent"),
        ((Code.PASSED, Code.TOKEN_REPLAYED), "unable"),
        ((Code.PASSED, Code.CHECK_UNAVAILABLE), "passed"),
        ((Code.ORIG_MISMATCH, Code.CHECK_UNAVAILABLE), "failed"),
        ((Code.NO_IDENTITY, Code.CHECK_UNAVAILABLE), "absent"),
        ((Code.PRESENTED_NOT_ATTESTED, Code.TOKEN_REPLAYED), "unable"),
    ],
)
def test_the_result_is_that_of_the_tokens_in_whatever_order_things_are_found(
    codes: tuple[Code, ...], expected: str
) -> None:
    assert {result(order) for order in permutations(found(*codes))} == {expected}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((Code.RCD_NAME_MISMATCH, Code.PASSED), Code.PASSED),
        ((Code.REVOCATION_UNCHECKED, Code.SIGNATURE_INVALID), Code.SIGNATURE_INVALID),
        ((Code.RPH_FAILED, Code.NO_IDENTITY), Code.NO_IDENTITY),
        ((Code.PASSED, Code.TOKEN_REPLAYED), Code.TOKEN_REPLAYED),
        ((Code.IAT_STALE, Code.PASSED, Code.RCD_FAILED), Code.PASSED),
        ((Code.ORIG_MISMATCH, Code.CERTIFICATE_REVOKED, Code.INFO_INVALID), Code.INFO_INVALID),
        ((Code.RCD_FAILED,), Code.RCD_FAILED),
    ],
)
def test_a_note_is_the_reason_only_where_there_is_nothing_else(codes: tuple[Code, ...], expected: Code) -> None:
    assert {getattr(chief(order), "code", None) for order in permutations(found(*codes))} == {expected}
