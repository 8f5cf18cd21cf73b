"""Whether one rule takes all that another takes: what is said for sure is so for every call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import calling, passed, rule, when
from scene import trunk

from sip_guard.call import Call, Code, Finding
from sip_guard.policy.covering import covers, hidden_by
from sip_guard.policy.when import When


@pytest.mark.parametrize(
    ("wide", "narrow", "holds"),
    [
        (when(), when("stale", trunk="a"), True),
        (when("stale"), when(), False),
        (when("stale"), when("iat-stale"), True),
        (when("iat-stale"), when("stale"), False),
        (when("iat-stale", "iat-future"), when("stale"), True),
        (when("stale", "!passed"), when("stale"), False),
        (when("stale", "!passed"), when("stale", "!passed", "!unsigned"), True),
        (when(trunk="!a"), when(trunk="b"), True),
        (when(trunk="!a"), when(trunk="a b"), False),
        (when(country="!GB"), when(country="FR"), False),
        (when(caller="+44"), when(caller="+4420"), True),
        (when(caller="+4420"), when(caller="+44"), False),
        (when(diverted="true"), when(diverted="true", diverting="+44"), True),
        (when(diverted="true"), when(diverted="false"), False),
        (when(diverted="true"), when(), False),
        (when(diverting="+44"), when(diverting="+4420"), True),
        (when(diverting="+4420"), when(diverting="+44"), False),
        (when(hours="08:00-18:00"), when(hours="09:00-10:00 12:00-18:00"), True),
        (when(hours="08:00-18:00"), when(hours="09:00-18:01"), False),
        (when(hours="22:00-06:00"), when(hours="23:00-01:00"), True),
        (when(days="mon tue"), when(days="mon"), True),
        (when(days="mon"), when(), False),
    ],
)
def test_one_covers_another(wide: When, narrow: When, *, holds: bool) -> None:
    assert covers(wide, narrow) is holds


def test_only_a_rule_that_always_acts_and_ends_the_list_hides_others() -> None:
    last = rule("z", "tag", "stale")
    for then, mode in (("tag", "enforce"), ("anonymise", "enforce"), ("reject", "shadow"), ("allow", "sample 50%")):
        assert hidden_by(last, [rule("a", then, "stale", mode=mode)]) is None
    for then in ("allow", "reject", "redirect sip:a@b"):
        first = rule("a", then, "stale")
        assert hidden_by(last, [first]) == first


WORDS = {
    "trunk": ("a", "b"),
    "origin": ("customer", "domestic"),
    "caller": ("+44", "+4420", "+1"),
    "country": ("GB", "FR"),
    "field": ("from", "asserted"),
    "attestation": ("A", "B"),
    "days": ("mon", "thu"),
}
FOUND = (
    Finding(Code.IAT_STALE),
    Finding(Code.NO_IDENTITY),
    passed("A"),
    passed("B"),
    Finding(Code.NUMBER_INVALID, particulars=(("field", "from"), ("country", "GB"))),
    Finding(Code.NUMBER_INVALID, particulars=(("field", "asserted"), ("country", "FR"))),
    Finding(Code.COUNTRIES_DIFFER, particulars=(("from_country", "GB"), ("asserted_country", "FR"))),
)
PAI = "P-Asserted-Identity: <tel:+12155551212>"
CALLS = tuple(
    calling(user, *more, trunk=trunk(name=name, origin=origin))
    for user in ("+442079460000", "+12155551212", "alice")
    for more in ((), (PAI,))
    for name, origin in (("a", "customer"), ("b", "domestic"))
)


def words(choices: tuple[str, ...]) -> st.SearchStrategy[str]:
    every = [*choices, *(f"!{word}" for word in choices)]
    return st.lists(st.sampled_from(every), max_size=3, unique=True).map(" ".join)


CONDITIONS = st.tuples(
    words(("stale", "iat-stale", "passed", "number", "unsigned")).map(str.split),
    st.fixed_dictionaries({}, optional={name: words(choices) for name, choices in WORDS.items()}),
).map(lambda parts: when(*parts[0], **parts[1]))


@given(CONDITIONS, CONDITIONS, st.sampled_from(CALLS), st.lists(st.sampled_from(FOUND), max_size=4, unique=True))
def test_what_covers_another_holds_wherever_that_one_does(
    wide: When, narrow: When, of: Call, found: list[Finding]
) -> None:
    if narrow.match(of, found) is not None and covers(wide, narrow):
        assert wide.match(of, found) is not None


@given(CONDITIONS, st.sampled_from(CALLS), st.lists(st.sampled_from(FOUND), max_size=4, unique=True))
def test_what_does_not_hold_is_always_explained(asked: When, of: Call, found: list[Finding]) -> None:
    assert bool(asked.unmet(of, found)) is (asked.match(of, found) is None)
