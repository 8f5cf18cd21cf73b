"""RFC 8226 9: the TNAuthList extension, with its explicit tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.stir.tn_auth_list import MAX_ENTRIES, Numbers, TnAuthList


def tlv(tag: int, *contents: bytes) -> bytes:
    text = b"".join(contents)
    size = bytes((len(text),)) if len(text) < 128 else bytes((0x82,)) + len(text).to_bytes(2)
    return bytes((tag,)) + size + text


def ia5(text: bytes) -> bytes:
    return tlv(0x16, text)


def spc(text: bytes) -> bytes:
    return tlv(0xA0, ia5(text))


def several(start: bytes, count: bytes) -> bytes:
    return tlv(0xA1, tlv(0x30, ia5(start), tlv(0x02, count)))


def one(text: bytes) -> bytes:
    return tlv(0xA2, ia5(text))


@pytest.mark.parametrize(
    ("der", "listed"),
    [
        (bytes.fromhex("3008 a006 1604 31323334"), TnAuthList(("1234",))),
        (bytes.fromhex("3005 a003 1601 31"), TnAuthList(("1",))),
        (tlv(0x30, one(b"12155551212")), TnAuthList((), (Numbers("12155551212"),))),
        (tlv(0x30, one(b"*67#")), TnAuthList((), (Numbers("*67#"),))),
        (tlv(0x30, several(b"12155550000", b"\x03\xe8")), TnAuthList((), (Numbers("12155550000", 1000),))),
        (tlv(0x30, several(b"98", b"\x02")), TnAuthList((), (Numbers("98", 2),))),
        (
            tlv(0x30, spc(b"709J"), spc(b"1234"), several(b"10", b"\x05"), one(b"112")),
            TnAuthList(("709J", "1234"), (Numbers("10", 5), Numbers("112"))),
        ),
    ],
)
def test_a_list_is_read_and_written(der: bytes, listed: TnAuthList) -> None:
    assert TnAuthList.parse(der) == listed
    assert listed.der() == der


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        tlv(0x30),
        tlv(0x31, spc(b"1234")),
        spc(b"1234"),
        tlv(0x30, spc(b"1234")) + b"\x00",
        tlv(0x30, spc(b"1234"))[:-1],
        tlv(0x30, tlv(0x80, b"1234")),
        tlv(0x30, tlv(0xA0, b"1234")),
        tlv(0x30, tlv(0xA0, tlv(0x0C, b"1234"))),
        tlv(0x30, tlv(0xA0, tlv(0x13, b"1234"))),
        tlv(0x30, ia5(b"1234")),
        tlv(0x30, tlv(0xA3, ia5(b"1234"))),
        tlv(0x30, tlv(0xA0, ia5(b"1234"), ia5(b"5678"))),
        tlv(0x30, spc(b"")),
        tlv(0x30, spc(b"12 34")),
        tlv(0x30, spc(b"12,34")),
        tlv(0x30, spc(b"https://example.org/list")),
        tlv(0x30, spc(b"\xff\xff")),
        tlv(0x30, spc(b"1" * 33)),
        tlv(0x30, one(b"")),
        tlv(0x30, one(b"+12155551212")),
        tlv(0x30, one(b"1" * 16)),
        tlv(0x30, one(b"12a")),
        tlv(0x30, several(b"98", b"\x01")),
        tlv(0x30, several(b"98", b"\x00")),
        tlv(0x30, several(b"98", b"\xff")),
        tlv(0x30, several(b"98", b"\x03")),
        tlv(0x30, several(b"12#", b"\x05")),
        tlv(0x30, several(b"98", b"\x7f" * 100)),
        tlv(0x30, several(b"98", b"")),
        tlv(0x30, tlv(0xA1, tlv(0x30, ia5(b"98")))),
        tlv(0x30, spc(b"1") * (MAX_ENTRIES + 1)),
        b"\x30\x80" + spc(b"1234") + b"\x00\x00",
        b"\x30\x81\x08" + spc(b"1234"),
        b"https://example.org/tnauthlist",
    ],
    ids=lambda der: der[:24].hex() or "empty",
)
def test_anything_else_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        TnAuthList.parse(der)


@pytest.mark.parametrize(
    ("numbers", "inside", "outside"),
    [
        (Numbers("12155551212"), ["12155551212"], ["12155551213", "2155551212", "121555512120", "+12155551212", ""]),
        (Numbers("12155550000", 1000), ["12155550000", "12155550999"], ["12155551000", "12155549999", "2155550500"]),
        (Numbers("00", 100), ["00", "07", "99"], ["0", "7", "100", "*7", "1#", "\u0661\u0662"]),
        (Numbers("*67"), ["*67"], ["67", "*68"]),
    ],
)
def test_a_range_holds_numbers_of_as_many_digits(numbers: Numbers, inside: list[str], outside: list[str]) -> None:
    assert [number for number in inside if number not in numbers] == []
    assert [number for number in outside if number in numbers] == []
    assert None not in numbers


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda text: tlv(0x30, tlv(0xA0, ia5(text)), text)))
def test_any_octets_are_a_list_or_a_value_error(der: bytes) -> None:
    try:
        listed = TnAuthList.parse(der)
    except ValueError:
        return
    assert listed.der()


@given(
    st.lists(st.from_regex(r"[0-9A-Z]{1,8}", fullmatch=True), max_size=40),
    st.lists(st.builds(Numbers, st.from_regex(r"[0-8][0-9]{3,10}", fullmatch=True), st.integers(1, 999)), max_size=40),
)
def test_what_is_written_is_read_again(spcs: list[str], numbers: list[Numbers]) -> None:
    listed = TnAuthList(tuple(spcs), tuple(numbers))
    if spcs or numbers:
        assert TnAuthList.parse(listed.der()) == listed
