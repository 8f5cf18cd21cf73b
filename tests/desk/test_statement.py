"""What is brought to the desk is read as what it is, or refused with a word that helps."""

from contextlib import suppress

import pytest
from calls import ALICE, BOB, IAT, X5U, token
from hypothesis import given
from hypothesis import strategies as st
from incoming import call

from sip_guard.call import Party
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.statement import read
from sip_guard.number import PLAIN

VALUE = token() + f";info=<{X5U}>;alg=ES256;ppt=shaken".encode()


def numbers(text: bytes, **given_: str) -> tuple[str | None, str | None, str | None]:
    request = read(text, **given_).request
    return (
        Party.of(request.value(b"from"), PLAIN).number,
        Party.of(request.value(b"to"), PLAIN).number,
        Party.of(b"<%b>" % request.uri, PLAIN).number,
    )


FOLDED = VALUE.replace(b";info", b"\r\n ;info")
WRITTEN = [VALUE, b"Identity: " + VALUE, b"y:" + VALUE + b"\r\n", token(), b" " + token() + b"\n\n", FOLDED]


@pytest.mark.parametrize("text", WRITTEN, ids=["value", "field", "compact name", "token", "white space", "folded"])
def test_a_token_alone_is_about_the_call_that_it_names(text: bytes) -> None:
    statement = read(text)
    assert numbers(text) == (ALICE, BOB, BOB)
    assert statement.request.value(b"identity").startswith(token())
    assert (statement.compared, statement.iat) == (frozenset(), IAT)


def test_the_numbers_of_its_call_can_be_told() -> None:
    assert numbers(VALUE, caller="442079460000", called="112") == ("442079460000", "112", "112")
    assert read(VALUE, caller="442079460000").compared == {"orig"}


def test_several_tokens_stand_on_lines() -> None:
    assert len(read(VALUE + b"\n" + VALUE).request.values(b"identity")) == 2


def test_a_request_speaks_for_itself() -> None:
    raw = call(f"Identity: {VALUE.decode()}").request.raw
    statement = read(raw)
    assert statement.request.raw == raw
    assert (statement.compared, statement.iat) == (frozenset({"orig", "dest"}), IAT)


def test_a_request_may_have_the_lines_of_a_text_file() -> None:
    raw = call(f"Identity: {VALUE.decode()}").request.raw
    assert read(raw.replace(b"\r\n", b"\n").rstrip(b"\n")).request.raw == raw


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "there is nothing to verify"),
        (b" \n \r\n", "there is nothing to verify"),
        (b"garbage", "neither an INVITE nor an Identity header field nor a token"),
        (b"INVITE sip:b@b SIP/2.0\r\nX\r\n\r\n", "the request cannot be read: "),
        (b"a.b.c", "neither an INVITE"),
    ],
)
def test_anything_else_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(text)


@given(st.binary(max_size=300))
def test_no_octets_raise_anything_else(text: bytes) -> None:
    with suppress(BadInput):
        read(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_nor_do_any_numbers(caller: str, called: str) -> None:
    with suppress(BadInput):
        read(VALUE, caller, called)
