import pytest
from messages import read_request, request, values

from sip_guard.sip.hygiene import strip
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.tagging import tag, with_verstat

PASSED = "TN-Validation-Passed"


@pytest.mark.parametrize(
    ("value", "tagged"),
    [
        ("<sip:+1@h;user=phone>;tag=1", "<sip:+1;verstat=V@h;user=phone>;tag=1"),
        ('"A, B"  <sips:+1@h>', '"A, B"  <sips:+1;verstat=V@h>'),
        ("<sip:+1;npdi;rn=+2@h>", "<sip:+1;npdi;rn=+2;verstat=V@h>"),
        ("<sip:+1:secret@h>", "<sip:+1;verstat=V:secret@h>"),
        ("<sip:%2B1@h>", "<sip:%2B1;verstat=V@h>"),
        ("<tel:+1>", "<tel:+1;verstat=V>"),
        ("<tel:+1;phone-context=x>;tag=1", "<tel:+1;phone-context=x;verstat=V>;tag=1"),
        ("tel:+1;tag=1", "<tel:+1;verstat=V>;tag=1"),
        ("sip:+1@h;tag=1", "<sip:+1;verstat=V@h>;tag=1"),
        ("sip:+1@h", "<sip:+1;verstat=V@h>"),
        ("<sip:h>", "<sip:h>"),
        ("<sip:alice@h>", "<sip:alice@h>"),
        ("<urn:service:sos>", "<urn:service:sos>"),
        ("<sip:+1@h", "<sip:+1@h"),
        ("", ""),
    ],
)
def test_the_number_is_tagged_where_3gpp_puts_it(value: str, tagged: str) -> None:
    assert with_verstat(value.encode(), "V").decode() == tagged


def test_only_the_fields_that_were_verified_are_tagged() -> None:
    message = read_request(request("INVITE", "sip:b@c", "P-Asserted-Identity: <sip:+2@h>", from_="<sip:+1@h>;tag=1"))
    draft = Draft(message)
    tag(draft, {b"p-asserted-identity", b"remote-party-id"}, PASSED)
    tagged = read_request(draft.octets())
    assert values(tagged, "p-asserted-identity") == [f"<sip:+2;verstat={PASSED}@h>"]
    assert values(tagged, "from") == ["<sip:+1@h>;tag=1"]


@pytest.mark.parametrize("joint", [", ", "\r\nP-Asserted-Identity: "])
def test_every_value_of_a_field_is_tagged(joint: str) -> None:
    message = read_request(request("INVITE", "sip:b@c", f"P-Asserted-Identity: <sip:+1@h>{joint}<tel:+1>"))
    draft = Draft(message)
    tag(draft, [b"p-asserted-identity"], PASSED)
    tagged = joint.join([f"<sip:+1;verstat={PASSED}@h>", f"<tel:+1;verstat={PASSED}>"])
    assert f"P-Asserted-Identity: {tagged}\r\n".encode() in draft.octets()


def test_what_another_said_is_replaced() -> None:
    draft = Draft(read_request(request(from_="<sip:+1;verstat=No-TN-Validation@h>;verstat=x;tag=1")))
    tag(draft, [b"from"], PASSED)
    assert values(read_request(draft.octets()), "from") == [f"<sip:+1;verstat={PASSED}@h>;tag=1"]


def test_a_folded_field_that_was_cleaned_can_be_tagged() -> None:
    draft = Draft(read_request(request(from_="<sip:+1@h>;\r\n verstat=x;\r\n tag=1")))
    strip(draft)
    tag(draft, [b"from"], PASSED)
    assert values(read_request(draft.octets()), "from") == [f"<sip:+1;verstat={PASSED}@h>; tag=1"]
