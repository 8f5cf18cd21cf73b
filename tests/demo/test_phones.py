"""The demonstration's two phones, with nothing between them."""

from collections.abc import Iterator

import pytest
from messages import read_request, request

from sip_guard.demo.phones import Caller, Pbx, seen


@pytest.fixture
def pbx() -> Iterator[Pbx]:
    opened = Pbx()
    yield opened
    opened.close()


@pytest.fixture
def caller() -> Iterator[Caller]:
    opened = Caller()
    yield opened
    opened.close()


def test_a_call_is_answered_and_hung_up(pbx: Pbx, caller: Caller) -> None:
    call_id, final = caller.call(pbx.port, '"Alice" <sip:+12155551212@x>', "12155551213", ["Identity: x", "Subject: y"])
    assert (final.code, final.phrase) == (200, b"OK")
    invite = pbx.calls[call_id]
    assert invite.uri == b"sip:12155551213@127.0.0.1:%d" % pbx.port
    assert invite.value(b"from").startswith(b'"Alice" <sip:+12155551212@x>;tag=')
    assert (invite.value(b"identity"), invite.value(b"subject")) == (b"x", b"y")


def test_each_call_is_one_of_its_own(pbx: Pbx, caller: Caller) -> None:
    calls = {caller.call(pbx.port, "<sip:a@x>", "1", [])[0] for _ in range(3)}
    assert len(calls) == 3
    assert set(pbx.calls) == calls


def test_what_is_no_sip_does_not_stop_the_pbx(pbx: Pbx, caller: Caller) -> None:
    for data in (b"", b"x", b"SIP/2.0 200 OK\r\n\r\n", b"\xff" * 1000):
        caller._socket.sendto(data, ("127.0.0.1", pbx.port))
    assert caller.call(pbx.port, "<sip:a@x>", "1", [])[1].code == 200


def test_a_call_id_that_is_no_text_does_not_stop_the_pbx(pbx: Pbx, caller: Caller) -> None:
    odd = request("INVITE", "sip:a@b", call_id="\xff\xfe")
    caller._socket.sendto(odd, ("127.0.0.1", pbx.port))
    assert [caller._socket.recv(1000)[:11] for _ in range(2)] == [b"SIP/2.0 180", b"SIP/2.0 200"]
    assert caller.call(pbx.port, "<sip:a@x>", "1", [])[1].code == 200


def test_a_closed_pbx_has_stopped(pbx: Pbx) -> None:
    pbx.close()
    assert not pbx._thread.is_alive()


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ((), "no tags"),
        (("X-SIP-Guard: v=1;verdict=absent;reason=no-identity",), "verdict=absent"),
    ],
)
def test_what_the_pbx_sees_is_the_verdict(fields: tuple[str, ...], shown: str) -> None:
    assert seen(read_request(request("INVITE", "sip:a@b", *fields))) == shown


def test_a_verstat_says_more_than_a_verdict() -> None:
    sender = '"A" <sip:+12155551212;verstat=TN-Validation-Passed@x>;tag=1'
    fields = ("X-SIP-Guard: v=1;verdict=passed",)
    assert seen(read_request(request("INVITE", "sip:a@b", *fields, from_=sender))) == "TN-Validation-Passed"
