"""The state machines by themselves: what is answered and sent again, and until when."""

import pytest
from messages import read_request, request
from scene import GUARD, SECRET, TARGET, TRUNK

from sip_guard.proxy.hops import Hop
from sip_guard.proxy.route import Seal
from sip_guard.proxy.transaction import ClientTransaction, ServerTransaction, State
from sip_guard.sip.flow import End, Flow
from sip_guard.sip.rewrite import Draft

FLOW = Flow("UDP", GUARD, (TARGET.host, 5060))
TRYING = b"SIP/2.0 100 Trying\r\nVia: x\r\n"
HOP = Hop(End("UDP", FLOW.remote), TARGET)


def server(method: str = "INVITE") -> ServerTransaction:
    message = read_request(request(method))
    made = ServerTransaction(
        (b"key",), message, Draft(message), TRUNK, FLOW, back=FLOW.remote, via=b"Via: x", seal=Seal(SECRET)
    )
    made.begin(0.0)
    return made


def client(method: str = "INVITE") -> ClientTransaction:
    message = read_request(request(method))
    return ClientTransaction((b"branch", method.encode()), Draft(message), b"sent", FLOW, 0.0, hop=HOP)


def test_an_invite_is_answered_with_100_at_once_and_another_request_when_it_takes_long() -> None:
    assert server().again().startswith(TRYING)
    other = server("INFO")
    assert other.again() == b""
    assert other.resend_at == 3.5
    assert other.resend(3.5).startswith(TRYING)
    assert other.again().startswith(TRYING)
    assert other.resend_at is None


@pytest.mark.parametrize("first", [200, 486])
def test_what_comes_after_a_final_answer_is_not_sent(first: int) -> None:
    one = server()
    assert one.answer(180, b"180", 1.0)
    assert one.again() == b"180"
    assert one.answer(first, b"final", 2.0)
    assert not one.answer(180, b"180", 3.0)
    assert not one.answer(487, b"487", 3.0)
    assert one.answer(200, b"again", 3.0) == (first == 200)
    assert one.again() == (b"final" if first == 486 else b"")


def test_an_ack_ends_here_but_for_that_of_a_2xx() -> None:
    refused, answered, waiting = server(), server(), server()
    refused.answer(486, b"486", 1.0)
    answered.answer(200, b"200", 1.0)
    assert refused.acknowledge(2.0)
    assert (refused.state, refused.resend_at, refused.expire_at) == (State.CONFIRMED, None, 7.0)
    assert refused.again() == b""
    assert not answered.acknowledge(2.0)
    assert waiting.acknowledge(2.0)
    assert waiting.state is State.PROCEEDING


def test_a_request_that_stays_without_an_answer_is_absorbed_for_a_while() -> None:
    one = server("BYE")
    one.stay_silent(1.0)
    assert one.again() == b""
    assert one.expire_at == 33.0
    assert not one.answer(200, b"200", 2.0)


def test_a_final_answer_is_passed_on_once_and_2xx_as_often_as_it_comes() -> None:
    refused, answered = client(), client()
    assert [refused.response(code, 1.0) for code in (100, 180, 486, 486, 200, 180)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert [answered.response(code, 1.0) for code in (200, 200, 486, 180)] == [True, True, False, False]
    assert (refused.expire_at, answered.expire_at) == (33.0, 33.0)


def test_a_request_other_than_invite_passes_on_its_final_answer_alone() -> None:
    one = client("INFO")
    assert [one.response(code, 1.0) for code in (100, 180, 200, 200)] == [False, False, True, False]
    assert one.expire_at == 6.0


def test_a_cancel_waits_for_a_provisional_answer_and_is_due_once() -> None:
    one = client()
    assert not one.cancel(1.0)
    one.response(100, 2.0)
    assert one.expire_at == 32.0
    assert one.cancel(2.0)
    assert one.expire_at == 34.0
    assert not one.cancel(3.0)
    one.response(180, 4.0)
    assert one.expire_at == 34.0


def test_nothing_that_was_answered_is_cancelled() -> None:
    one = client()
    one.response(200, 1.0)
    assert not one.cancel(2.0)
    assert one.expire_at == 33.0
