"""What a rule can name."""

from sip_guard.call import Code, Outcome
from sip_guard.policy.rule import EXEMPT, FINDINGS


def test_each_code_and_outcome_can_be_named_but_for_the_notes() -> None:
    names = {*(code.value for code in Code), *(outcome.value for outcome in Outcome)}
    assert names == FINDINGS | EXEMPT
    assert not FINDINGS & EXEMPT
    assert {"exempt", "emergency", "psap-callback"} == EXEMPT
