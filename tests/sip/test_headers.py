import pytest

from sip_guard.sip.headers import Via, name_addr, parameters, split_list, unquoted


@pytest.mark.parametrize(
    ("value", "display", "uri", "params"),
    [
        ("<sip:a@b>", "", "sip:a@b", {}),
        ("<sip:a@b>;tag=1", "", "sip:a@b", {"tag": "1"}),
        ("sip:a@b;tag=1", "", "sip:a@b", {"tag": "1"}),
        ("<sip:a@b;user=phone>;tag=1", "", "sip:a@b;user=phone", {"tag": "1"}),
        ("caller<sip:a@b>;tag=1", "caller", "sip:a@b", {"tag": "1"}),
        ("A. G. Bell <sip:a@b>", "A. G. Bell", "sip:a@b", {}),
        ('"Bell, A" <sip:a@b> ; tag = 1', "Bell, A", "sip:a@b", {"tag": "1"}),
        ('"J \\\\\\"" <sip:a@b>', 'J \\"', "sip:a@b", {}),
        ('"" <sip:a@b>', "", "sip:a@b", {}),
        ('"<sip:eve@x>" <sip:a@b>', "<sip:eve@x>", "sip:a@b", {}),
        ("tel:+1215;tag=1", "", "tel:+1215", {"tag": "1"}),
        ("<sip:a@b?Subject=x>", "", "sip:a@b?Subject=x", {}),
        ("<http://www.example.com>;tag=1", "", "http://www.example.com", {"tag": "1"}),
        ("isbn:2983792873", "", "isbn:2983792873", {}),
        (
            '<sip:a@b>;Expires=3;lr;x="y;z";w=[::1]',
            "",
            "sip:a@b",
            {"expires": "3", "lr": "", "x": '"y;z"', "w": "[::1]"},
        ),
        ("<sip:a@b>;tag=YWJj==", "", "sip:a@b", {"tag": "YWJj=="}),
        ("  <sip:a@b>  ;tag=1  ", "", "sip:a@b", {"tag": "1"}),
        ("Мюллер <sip:a@b>", "Мюллер", "sip:a@b", {}),
        ("AT&T (Sales) <sip:a@b>", "AT&T (Sales)", "sip:a@b", {}),
        ("sip:victim@bank <sip:a@b>", None, "", {}),
        ('"Мюллер" <sip:a@b>', "Мюллер", "sip:a@b", {}),
    ],
)
def test_an_address_is_read_into_its_parts(value: str, display: str | None, uri: str, params: dict[str, str]) -> None:
    address = name_addr(value.encode())
    assert address.display.decode() == (display or "")
    assert address.uri.decode() == uri
    assert {name.decode(): text.decode() for name, text in address.params.items()} == params
    assert bool(address.uri) == (display is not None)
    assert value.encode()[address.start :].startswith(address.uri)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "<sip:a@b",
        "sip:a@b>",
        "<sip:a b>",
        "< sip:a@b>",
        "<>",
        '"a <sip:a@b>',
        "<sip:a@b>;",
        "<sip:a@b>;x=;y",
        "<sip:a@b> x",
    ],
)
def test_what_is_no_address_has_no_uri(value: str) -> None:
    assert not name_addr(value.encode()).uri


@pytest.mark.parametrize(
    ("text", "meant"),
    [('"a"', "a"), ('"a\\"b"', 'a"b'), ('"\\\\"', "\\"), ('""', ""), ('"', '"'), ("a", "a"), ('"a', '"a')],
)
def test_quotes_and_escapes_are_taken_off(text: str, meant: str) -> None:
    assert unquoted(text.encode()).decode() == meant


def test_a_parameter_that_stands_twice_leaves_none() -> None:
    assert parameters(b";a=1;b=2;A=3") is None
    assert parameters(b";a=1;b=2") == {b"a": b"1", b"b": b"2"}


def test_a_parameter_in_quotes_is_none() -> None:
    assert parameters(b';a=";b=1";c') == {b"a": b'";b=1"', b"c": b""}


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ("", []),
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        (",a,,b,", ["a", "b"]),
        ('"a,b" <sip:c,d@e>;x="f,g", h', ['"a,b" <sip:c,d@e>;x="f,g"', "h"]),
        ('"a\\",b", c', ['"a\\",b"', "c"]),
        ('"a,b', ['"a,b']),
        ("<a,b", ["<a,b"]),
        ("<a<b,c>", ["<a<b,c>"]),
        ("a>,b", ["a>", "b"]),
    ],
)
def test_a_list_is_split_at_the_commas_that_are_no_part_of_a_value(value: str, items: list[str]) -> None:
    assert [item.decode() for item in split_list(value.encode())] == items


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("SIP/2.0/UDP 192.0.2.2;branch=390skdjuw", ("UDP", "192.0.2.2", None, "390skdjuw", "192.0.2.2:5060")),
        ("sip / 2.0 / udp  h.Example : 5070 ; branch = z", ("UDP", "h.Example", 5070, "z", "h.example:5070")),
        ("SIP/2.0/TLS a;rport;BRANCH=b", ("TLS", "a", None, "b", "a:5061")),
        ("SIP/2.0/UNKNOWN [2001:db8::1]:5062", ("UNKNOWN", "[2001:db8::1]", 5062, "", "[2001:db8::1]:5062")),
        ("SIP/2.0/UDP [::A];received=2001:db8::2", ("UDP", "[::A]", None, "", "[::a]:5060")),
        ("SIP/2.0/UDP h;received=[2001:db8::2];x", ("UDP", "h", None, "", "h:5060")),
    ],
)
def test_a_via_is_read_into_its_parts(value: str, parts: tuple[str, str, int | None, str, str]) -> None:
    via = Via.parse(value.encode())
    assert via is not None
    read = (via.transport, via.host, via.port, via.branch, via.sent_by)
    assert tuple(part.decode() if isinstance(part, bytes) else part for part in read) == parts


@pytest.mark.parametrize(
    "value", ["SIP/2.0/UDP h:99999", "SIP/2.0/UDP h:0", "SIP/2.0/UDPh", "UDP h", "SIP/2.0/UDP h, x"]
)
def test_what_is_no_via_is_none(value: str) -> None:
    assert Via.parse(value.encode()) is None
