"""What a list says of a number is read strictly, and written as it is read."""

import pytest

from sip_guard.lists.listing import MAX_NAMES, Listing, Scope, expiry, last_day

TOO_MANY = "trunks " + " ".join(f"t{i}" for i in range(MAX_NAMES + 1))


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("nobody", Scope()),
        ("trunks carrier-a", Scope("trunks", "", ("carrier-a",))),
        ("trunks  b a", Scope("trunks", "", ("b", "a"))),
        ("attested A", Scope("attested", "A")),
        ("attested B 1234 567X", Scope("attested", "B", ("1234", "567X"))),
    ],
)
def test_a_scope_says_who_may_show_a_number(text: str, scope: Scope) -> None:
    assert Scope.parse(text) == scope
    assert Scope.parse(str(scope)) == scope


@pytest.mark.parametrize(
    "text",
    ["", "anybody", "nobody else", "trunks", "attested", "attested D", "attested a", "trunks a,b", "Nobody", TOO_MANY],
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no scope: expected `nobody`"):
        Scope.parse(text)


def test_a_row_counts_to_the_end_of_its_last_day() -> None:
    end = 1_830_297_600  # 2028-01-01T00:00:00Z
    listing = Listing(expires=expiry("2027-12-31"))
    assert (listing.counts(end - 0.001), listing.counts(end)) == (True, False)
    assert last_day(listing.expires) == "2027-12-31"


def test_a_row_without_a_last_day_always_counts() -> None:
    assert Listing(expires=expiry("")).counts(1e12)
    assert last_day(0) == ""


@pytest.mark.parametrize("text", ["31.12.2027", "2027-13-01", "tomorrow", "2027-12-31 x", "9999-12-31T25"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date, such as 2027-12-31"):
        expiry(text)
