"""Protected numbers: who may show them is told by the list, the trunk and the token."""

from collections.abc import Sequence
from typing import Any

import pytest
from incoming import ALICE_NUMBER, DEFAULT, call, decide, passed
from pki import NOW
from scene import TRUNK, trunk

from sip_guard.call import Attestation, Code, Excuse, Finding
from sip_guard.checks.protected import ProtectedCheck
from sip_guard.lists.keeper import Entry
from sip_guard.lists.listing import Listing, Scope, expiry
from sip_guard.number import DialPlan
from sip_guard.policy.decision import TagOptions
from sip_guard.verdict import Forward, Reject

ASSERTED = "P-Asserted-Identity: <sip:+442079460000@x>"


def check(*entries: Entry, number: str = ALICE_NUMBER, missing: Sequence[str] = ()) -> ProtectedCheck:
    """Make the check of a list that has one number."""

    def find(asked: str, now: float) -> list[Entry]:
        assert now == NOW
        return list(entries) if asked == number else []

    return ProtectedCheck(find, lambda: missing)


def entry(scope: str = "nobody", digits: int = 11, **listing: Any) -> Entry:
    return Entry("dno", Listing(scope=Scope.parse(scope), **listing), digits)


def test_a_number_on_no_list_is_nothing_to_speak_of() -> None:
    assert check(entry(), number="442079460000").check(call()) == []


def test_what_the_list_says_is_in_the_finding() -> None:
    (found,) = check(entry(owner="HMRC", source="Ofcom", expires=expiry("2027-12-31"))).check(call())
    assert found == Finding(
        Code.NUMBER_PROTECTED,
        "the number in `from` is on the list dno: nobody",
        particulars=(
            ("list", "dno"),
            ("field", "from"),
            ("entry", "number"),
            ("owner", "HMRC"),
            ("source", "Ofcom"),
            ("scope", "nobody"),
            ("expires", "2027-12-31"),
        ),
    )


def test_the_asserted_number_is_looked_up_too_and_a_prefix_is_told() -> None:
    (found,) = check(entry(digits=4), number="442079460000").check(call(ASSERTED))
    assert dict(found.particulars)["field"] == "asserted"
    assert dict(found.particulars)["entry"] == "prefix"


@pytest.mark.parametrize("name", ["+44 20 7946 0000", "Call 0044 (20) 7946-0000", "442079460000 Example Bank"])
def test_a_number_in_a_display_name_is_looked_up_and_no_token_excuses_it(name: str) -> None:
    of = call(
        fields={"From": f'"{name}" <sip:+{ALICE_NUMBER}@x>;tag=1'}, trunk=trunk(dial_plan=DialPlan(None, ("00",)))
    )
    (found,) = check(entry("attested A"), number="442079460000").check(of)
    assert dict(found.particulars)["field"] == "name"
    assert found.excuse is None
    assert check(entry(f"trunks {TRUNK.name}"), number="442079460000").check(of) == []


def test_a_name_that_is_the_callers_own_number_claims_nothing_more() -> None:
    of = call(fields={"From": f'"+1 (215) 555-1212" <sip:+{ALICE_NUMBER}@x>;tag=1'})
    assert of.named() == []
    assert len(check(entry()).check(of)) == 1


def test_a_number_that_stands_twice_in_a_field_is_told_once() -> None:
    twice = "P-Asserted-Identity: <sip:+442079460000@x>, <tel:+442079460000>"
    assert len(check(entry(), number="442079460000").check(call(twice))) == 1


def test_every_list_that_has_it_is_told() -> None:
    found = check(entry(), Entry("more", Listing(), 11)).check(call())
    assert [dict(each.particulars)["list"] for each in found] == ["dno", "more"]


def test_a_trunk_that_may_show_it_does() -> None:
    assert check(entry(f"trunks other {TRUNK.name}")).check(call()) == []
    assert len(check(entry("trunks other")).check(call())) == 1


def test_an_attestation_that_is_asked_for_is_an_excuse_for_the_field() -> None:
    (found,) = check(entry("attested B 1234 567X")).check(call())
    assert found.excuse == Excuse(b"from", "B", frozenset({"1234", "567X"}))


def test_a_list_that_is_not_loaded_is_no_fraud() -> None:
    (found,) = check(missing=["dno", "uk"]).check(call())
    assert (found.code, found.detail) == (Code.CHECK_UNAVAILABLE, "not loaded: the lists dno, uk")


@pytest.mark.parametrize("from_", ["<sip:anonymous@anonymous.invalid>", "<sip:bob@x>", "<urn:service:sos>"])
def test_a_call_without_a_number_has_nothing_to_look_up(from_: str) -> None:
    assert check(entry()).check(call(from_=f"{from_};tag=1")) == []


# What the policy that ships makes of it.


def decided(scope: str, *tokens: Finding) -> Forward | Reject:
    made = call()
    verdict = decide(made, [*check(entry(scope)).check(made), *tokens], DEFAULT, TagOptions()).verdict
    assert isinstance(verdict, Forward | Reject)
    return verdict


def test_a_protected_number_is_refused_with_and_without_a_token() -> None:
    unsigned = Finding(Code.NO_IDENTITY)
    assert decided("nobody", unsigned) == Reject(403, "Forbidden", (b"Q.850;cause=21",))
    assert decided("nobody", passed("A")) == Reject(403, "Forbidden", (b"Q.850;cause=21",))
    assert decided("attested A", unsigned) == Reject(403, "Forbidden", (b"Q.850;cause=21",))


@pytest.mark.parametrize(
    ("scope", "token", "passes"),
    [
        ("attested A", passed("A"), True),
        ("attested A", passed("B"), False),
        ("attested B", passed("A"), True),
        ("attested A 1234", passed("A"), True),
        ("attested A 999 1234", passed("A"), True),
        ("attested A 123", passed("A"), False),
        ("attested A", passed("A", b"asserted"), False),
        ("attested A", passed("A", b"from", b"asserted"), True),
        ("attested A", Finding(Code.PASSED, weighs=False, attestation=passed("A").attestation), False),
        ("attested A", Finding(Code.PRESENTED_NOT_ATTESTED, attestation=passed("A").attestation), False),
    ],
)
def test_a_token_of_those_who_may_show_it_lets_the_call_pass(scope: str, token: Finding, *, passes: bool) -> None:
    assert isinstance(decided(scope, token), Forward) == passes


def test_a_token_that_came_before_with_another_call_is_no_excuse() -> None:
    replayed = Finding(Code.TOKEN_REPLAYED, token=1)
    assert decided("attested A", passed("A", token=1), replayed) == Reject(403, "Forbidden", (b"Q.850;cause=21",))
    assert isinstance(decided("attested A", passed("A", token=2), replayed), Forward)


def test_an_excused_finding_stays_in_the_explanation() -> None:
    made = call()
    found = [*check(entry("attested A")).check(made), passed("A")]
    decision = decide(made, found, DEFAULT, TagOptions())
    assert [(each.code, each.weighs) for each in decision.findings] == [
        (Code.NUMBER_PROTECTED, False),
        (Code.PASSED, True),
    ]
    assert (decision.result, decision.reason) == ("passed", "passed")


def test_the_codes_of_a_signer_are_several() -> None:
    excuse = Excuse(b"from", "A", frozenset({"2"}))
    assert excuse.accepts(Attestation("A", "", "1,2", frozenset({b"from"})))
    assert not excuse.accepts(Attestation("A", "", "12", frozenset({b"from"})))
    assert not excuse.accepts(Attestation("A", "", "", frozenset({b"from"})))
