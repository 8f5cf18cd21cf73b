"""RFC 8224 4: the value of an Identity header field."""

import pytest
from calls import X5U, token
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.call import Code, Finding
from sip_guard.stir.identity import MAX_VALUE, Identity, parse

INFO = f"info=<{X5U}>".encode()
GOOD = Identity(b"aa.bb.cc", X5U, "ES256", "shaken")


def code(value: bytes) -> Code:
    found = parse(value)
    assert isinstance(found, Finding)
    return found.code


@pytest.mark.parametrize(
    "value",
    [
        b"aa.bb.cc;" + INFO + b";alg=ES256;ppt=shaken",
        b"aa.bb.cc;" + INFO + b';alg="ES256";ppt="shaken"',
        b"aa.bb.cc;ppt=shaken;alg=ES256;" + INFO,
        b"aa.bb.cc ; " + INFO + b" ;\talg = ES256\t; ppt  =  shaken ",
        b" aa.bb.cc;" + INFO + b";alg=ES256;ppt=shaken",
        b"aa.bb.cc;INFO=<" + X5U.encode() + b">;Alg=ES256;PPT=shaken",
        b'aa.bb.cc;x;y=z;v=";ppt=div";' + INFO + b";alg=ES256;w=<a;ppt=div>;ppt=shaken;canon=a=b",
    ],
)
def test_parameters_come_in_any_order_and_spelling(value: bytes) -> None:
    assert parse(value) == GOOD


def test_alg_and_ppt_may_be_absent() -> None:
    assert parse(b"aa.bb.cc;" + INFO) == Identity(b"aa.bb.cc", X5U, None, None)


def test_the_values_of_alg_and_ppt_keep_their_case() -> None:
    assert parse(b"aa.bb.cc;" + INFO + b";ppt=Shaken") == Identity(b"aa.bb.cc", X5U, None, "Shaken")


def test_a_url_may_hold_commas_and_semicolons() -> None:
    assert parse(b"aa.bb.cc;info=<https://a.example/b;c,d>") == Identity(
        b"aa.bb.cc", "https://a.example/b;c,d", None, None
    )


def test_the_compact_form_is_an_identity_too() -> None:
    assert parse(b"..cc;" + INFO) == Identity(b"..cc", X5U, None, None)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b";" + INFO,
        b"aa.bb.cc;" + INFO + b";" + INFO,
        b"aa.bb.cc;" + INFO + b";alg=ES256;ALG=ES256",
        b"aa.bb.cc;" + INFO + b";ppt=shaken;ppt=div",
        b"aa.bb.cc;" + INFO + b";ppt",
        b"aa.bb.cc;" + INFO + b";ppt=",
        b'aa.bb.cc;ppt="";' + INFO,
        b"aa.bb.cc;" + INFO + b";ppt=<shaken>",
        b"aa.bb.cc;" + INFO + b";alg=<ES256>",
        b"aa.bb.cc;" + INFO + b";",
        b"aa.bb.cc;;" + INFO,
        b"aa.bb.cc;" + INFO + b' ppt="shaken"',
        b'aa.bb.cc;ppt="shaken;' + INFO,
        b"aa.bb.cc;info=<https://a.example/",
        b"aa.bb.cc;info=<<https://a.example/>>",
        b"aa.bb.cc;info",
        b"aa.bb.cc;" + INFO + b";\x00=1",
        b"aa.bb.cc;" + INFO + b";\xc3\xa4=1",
        b"a" * MAX_VALUE + b";" + INFO,
        b"." * 1_000_000,
        b";" * 1_000_000,
    ],
    ids=lambda value: value[:40].decode("latin-1"),
)
def test_what_is_not_well_formed_is_malformed(value: bytes) -> None:
    assert code(value) is Code.IDENTITY_MALFORMED


def test_info_is_required() -> None:
    assert code(b"aa.bb.cc;alg=ES256;ppt=shaken") is Code.INFO_MISSING
    assert code(b"aa.bb.cc") is Code.INFO_MISSING


@pytest.mark.parametrize("info", [b"https://cert.example.org/a", b'"https://cert.example.org/a"'])
def test_info_stands_between_angle_brackets(info: bytes) -> None:
    assert code(b"aa.bb.cc;info=" + info) is Code.INFO_INVALID


@pytest.mark.parametrize("filler", [b" ", b"\t", b";", b"a", b"=", b'"', b"<", b";a=", b';a="\\', b"; "])
def test_no_run_of_anything_takes_long(filler: bytes) -> None:
    """Each of these has a parameter that only ends, or turns out to be wrong, after 20,000 octets."""
    fill = filler * (20_000 // len(filler))
    for value in (b"a.b.c;" + INFO + b";x" + fill + b"\x01", b"a.b.c;" + INFO + b";x=" + fill + b"\x01"):
        assert code(value) is Code.IDENTITY_MALFORMED


@given(st.binary(max_size=400))
def test_any_octets_are_a_value_or_a_finding(value: bytes) -> None:
    assert isinstance(parse(value), Identity | Finding)


@given(st.data())
def test_a_changed_value_is_a_value_or_a_finding(data: st.DataObject) -> None:
    value = bytearray(token() + b";" + INFO + b';alg=ES256;ppt="shaken"')
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(parse(bytes(value)), Identity | Finding)
