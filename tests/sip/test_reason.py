import pytest
from messages import read_response, response

from sip_guard.sip.reason import reason_lines

STIR = b'STIR;cause=438;text="Invalid Identity Header"'
SIP = b'SIP;cause=438;text="Invalid Identity Header"'


@pytest.mark.parametrize(
    "given",
    [
        ("Reason: SIP;cause=200",),
        ("Reason: sip ;cause=200",),
        ('Reason: Q.850;cause=16;text="a, b", SIP;cause=1',),
        ("Reason: Q.850;cause=16", "Reason: SIP;cause=1"),
    ],
)
def test_a_reason_of_protocol_sip_has_no_second_beside_it(given: tuple[str, ...]) -> None:
    assert reason_lines([STIR, SIP], read_response(response("200 OK", *given))) == [b"Reason: " + STIR]


@pytest.mark.parametrize(
    "given", [(), ("Reason: Q.850;cause=16",), ('Reason: Q.850;text="x, SIP;"',), ("Reason: STIR;cause=436",)]
)
def test_any_other_reason_has(given: tuple[str, ...]) -> None:
    lines = reason_lines([STIR, SIP], read_response(response("200 OK", *given)))
    assert lines == [b"Reason: " + STIR, b"Reason: " + SIP]
