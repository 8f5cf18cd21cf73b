"""RFC 8224 8.5: SIP URIs in canonical form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.sip.uri import Uri
from sip_guard.stir.canonical_uri import canonical_uri


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sip:Alice@Example.COM:5070;user=phone", "sip:alice@example.com"),
        ("SIPS:alice@example.com?subject=x", "sips:alice@example.com"),
        ("sip:alice:secret@example.com;transport=tcp", "sip:alice@example.com"),
        ("sip:%61l%69ce@example.com", "sip:alice@example.com"),
        ("sip:a%2Db%5Fc%7e@example.com", "sip:a-b_c~@example.com"),
        ("sip:a%40b@example.com", "sip:a%40b@example.com"),
        ("sip:alice@[2001:DB8::1]:5060", "sip:alice@[2001:db8::1]"),
        ("sip:example.com", None),
        ("tel:+12155551212", None),
        ("https://example.com", None),
    ],
)
def test_a_uri_and_its_canonical_form(text: str, canonical: str | None) -> None:
    assert canonical_uri(Uri.parse(text.encode())) == canonical


@given(st.from_regex(r"sips?:[A-Za-z0-9%.@:;=-]{1,20}@[a-zA-Z.0-9]{1,9}", fullmatch=True))
def test_what_is_canonical_stays_as_it_is(text: str) -> None:
    once = canonical_uri(Uri.parse(text.encode()))
    if once is not None:
        assert canonical_uri(Uri.parse(once.encode())) in (once, None)
