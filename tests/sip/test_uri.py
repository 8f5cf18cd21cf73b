import pytest

from sip_guard.sip.uri import Uri, scheme


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sip:a@b", ("sip", "a", "b", None, "", "")),
        ("SIPS:A:pw@B.example:5061;transport=tcp;lr?X=y", ("sips", "A", "B.example", 5061, ";transport=tcp;lr", "X=y")),
        ("sip:b", ("sip", "", "b", None, "", "")),
        ("sip:b;maddr=c", ("sip", "", "b", None, ";maddr=c", "")),
        ("sip:user;par=u%40example.net@example.com", ("sip", "user;par=u%40example.net", "example.com", None, "", "")),
        ("sip:%00@b", ("sip", "%00", "b", None, "", "")),
        ("sip:*67#1@b", ("sip", "*67#1", "b", None, "", "")),
        ("sip:[2001:db8::10]:5070", ("sip", "", "[2001:db8::10]", 5070, "", "")),
        ("sip:[2001:db8:::192.0.2.1]", ("sip", "", "[2001:db8:::192.0.2.1]", None, "", "")),
        ("sip:a@b_c", ("sip", "a", "b_c", None, "", "")),
        ("tel:+1-215-555.1212;phone-context=x", ("tel", "+1-215-555.1212", "", None, ";phone-context=x", "")),
        ("TEL:112", ("tel", "112", "", None, "", "")),
    ],
)
def test_a_uri_is_read_into_its_parts(text: str, parts: tuple[str, str, str, int | None, str, str]) -> None:
    uri = Uri.parse(text.encode())
    assert uri is not None
    read = (uri.scheme, uri.user, uri.host, uri.port, uri.params, uri.headers)
    assert tuple(part.decode() if isinstance(part, bytes) else part for part in read) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@b",
        "sip:a@",
        "sip:a@b:",
        "sip:a@b:0",
        "sip:a@b:65536",
        "sip:a@b@c",
        "sip:a b@c",
        'sip:"a"@b',
        "sip:a@b c",
        "sip:a@[::1",
        "sip:a@b;<",
        "sip:a\xff@b",
        "mailto:a@b",
        "tel:",
        "tel:bob",
        "tel:+1?x",
        "urn:service:sos",
    ],
)
def test_what_is_no_sip_or_tel_uri_is_none(text: str) -> None:
    assert Uri.parse(text.encode("latin-1")) is None


def test_a_parameter_is_found_in_any_case() -> None:
    uri = Uri.parse(b"sip:a@b;Transport=tcp;lr;x=")
    assert uri is not None
    assert uri.parameter(b"transport") == b"tcp"
    assert uri.parameter(b"lr") == b""
    assert uri.parameter(b"x") == b""
    assert uri.parameter(b"y") is None
    plain = Uri.parse(b"sip:a@b")
    assert plain is not None
    assert plain.parameter(b"lr") is None


def test_an_ipv6_host_has_no_brackets_as_an_address() -> None:
    for text, address in ((b"sip:[2001:db8::10]", "2001:db8::10"), (b"sip:a@192.0.2.1", "192.0.2.1")):
        uri = Uri.parse(text)
        assert uri is not None
        assert uri.address == address


def test_a_scheme_is_what_stands_before_the_first_colon() -> None:
    assert scheme(b"soap.beep://192.0.2.103") == b"soap.beep"
    assert scheme(b"URN:service:sos") == b"urn"
    assert scheme(b"nothing") is None
    assert scheme(b"1a:b") is None
