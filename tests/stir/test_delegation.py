"""RFC 9060: who may speak for some may let others speak for these, and for nobody else."""

import pytest
from calls import PKI
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW, delegate

from sip_guard.call import Code, Finding
from sip_guard.demo.pki import Window, authority, issue, sti_delegating, sti_signer
from sip_guard.stir.certificate import Signer, judge
from sip_guard.stir.delegation import fault
from sip_guard.stir.tn_auth_list import MAX_ENTRIES, Numbers, TnAuthList

PROVIDER = TnAuthList(("1234",))
HUNDRED = TnAuthList((), (Numbers("12155551200", 100),))
ONE = TnAuthList((), (Numbers("12155551212"),))
ANOTHER = TnAuthList((), (Numbers("12155551300"),))


def listed(*numbers: str | tuple[str, int]) -> TnAuthList:
    return TnAuthList((), tuple(Numbers(each) if isinstance(each, str) else Numbers(*each) for each in numbers))


def good(below: TnAuthList | None, above: TnAuthList | None) -> bool:
    return fault([below, above]) is None


@pytest.mark.parametrize(
    ("below", "above"),
    [
        (listed("12155551212"), listed("12155551212")),
        (listed("12155551212"), HUNDRED),
        (listed(("12155551200", 100)), HUNDRED),
        (listed(("12155551250", 50)), HUNDRED),
        (listed(("10", 20)), listed("12", ("10", 2), ("13", 17))),
        (listed(("10", 4)), listed(("10", 3), ("11", 9))),
        (listed("*67#", "112"), listed("112", "*67#", "911")),
        (PROVIDER, TnAuthList(("5678", "1234"))),
        (ONE, PROVIDER),
        (TnAuthList(("1234",), ONE.numbers), TnAuthList(("1234",), ANOTHER.numbers)),
    ],
)
def test_what_the_issuer_has_may_be_delegated(below: TnAuthList, above: TnAuthList) -> None:
    assert good(below, above)


@pytest.mark.parametrize(
    ("below", "above"),
    [
        (listed("12155551300"), HUNDRED),
        (listed("12155551199"), HUNDRED),
        (listed(("12155551299", 2)), HUNDRED),
        (listed(("12155551199", 2)), HUNDRED),
        (listed("2155551212"), HUNDRED),
        (listed("012155551212"), HUNDRED),
        (listed(("10", 20)), listed(("10", 2), ("13", 17))),
        (listed("*67"), listed("67", ("10", 90))),
        (listed("67"), listed("*67")),
        (PROVIDER, HUNDRED),
        (PROVIDER, TnAuthList(("5678",))),
        (TnAuthList(("709j",)), TnAuthList(("709J",))),
        (TnAuthList(("1234", "5678")), PROVIDER),
    ],
)
def test_and_nothing_else(below: TnAuthList, above: TnAuthList) -> None:
    assert not good(below, above)


def test_an_issuer_without_a_list_may_issue_for_anybody_and_one_with_a_list_no_issuer_without() -> None:
    assert good(PROVIDER, None)
    assert fault([PROVIDER, None, None]) is None
    assert fault([PROVIDER, None, PROVIDER]) is not None
    assert fault([ONE, HUNDRED, PROVIDER, None, None]) is None
    assert fault([ONE, ANOTHER, PROVIDER]) is not None
    assert fault([ONE, PROVIDER, HUNDRED]) is not None


SPANS = st.lists(
    st.tuples(st.sampled_from(("0", "00", "1", "10", "13", "5", "93", "95")), st.integers(1, 5)).map(
        lambda each: Numbers(*each)
    ),
    min_size=1,
    max_size=5,
).map(tuple)


@given(SPANS, SPANS)
def test_lists_are_compared_as_if_number_by_number(below: tuple[Numbers, ...], above: tuple[Numbers, ...]) -> None:
    def every(numbers: tuple[Numbers, ...]) -> set[tuple[int, int]]:
        return {(len(each.start), int(each.start) + i) for each in numbers for i in range(each.count)}

    assert good(TnAuthList((), below), TnAuthList((), above)) is (every(below) <= every(above))


def test_the_longest_lists_with_the_largest_ranges_are_compared() -> None:
    step = 2 * 10**9
    ranges = tuple(Numbers(f"{9 * 10**14 + i * step}", step - 1) for i in range(MAX_ENTRIES))
    above = TnAuthList((), ranges)
    assert good(TnAuthList((), ranges[::-1]), above)
    assert not good(TnAuthList((), (*ranges[1:], Numbers(str(9 * 10**14 + step - 1)))), above)


def judged(*lists: TnAuthList) -> Signer | Finding:
    return judge(delegate(PKI.intermediate, *lists).bundle, PKI.anchors, NOW)


@pytest.mark.parametrize("lists", [(ONE,), (HUNDRED, ONE), (PROVIDER, HUNDRED, ONE), (PROVIDER, PROVIDER)])
def test_a_chain_of_delegations_is_believed(lists: tuple[TnAuthList, ...]) -> None:
    signer = judged(PROVIDER, *lists)
    assert isinstance(signer, Signer)
    assert (signer.spcs, signer.numbers) == (lists[-1].spcs, lists[-1].numbers)
    assert len(signer.chain) == 3 + len(lists)


@pytest.mark.parametrize(
    "lists",
    [
        (HUNDRED, ANOTHER),
        (HUNDRED, PROVIDER),
        (PROVIDER, HUNDRED, ANOTHER),
        (HUNDRED, PROVIDER, ONE),
        (PROVIDER, TnAuthList(("5678",))),
    ],
)
def test_who_delegates_more_than_it_has_makes_no_signer(lists: tuple[TnAuthList, ...]) -> None:
    found = judged(*lists)
    assert isinstance(found, Finding)
    assert found.code is Code.DELEGATION_EXCEEDED


def test_a_delegate_does_not_get_free_by_an_issuer_in_between_that_has_no_list() -> None:
    window = Window.around(NOW)
    customer = sti_delegating(PKI.intermediate, window, HUNDRED)
    between = issue("SHAKEN CA 2", customer, window, authority())
    found = judge(sti_signer(between, window).bundle, PKI.anchors, NOW)
    assert isinstance(found, Finding)
    assert found.code is Code.DELEGATION_EXCEEDED
