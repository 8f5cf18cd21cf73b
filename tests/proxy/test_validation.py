from collections.abc import Mapping

import pytest
from messages import read_request, request

from sip_guard.peer import Trunk
from sip_guard.proxy.loops import Loops, branch
from sip_guard.proxy.route import Addresses, Seal
from sip_guard.proxy.validation import Refusal, invalid
from sip_guard.sip.flow import End
from sip_guard.sip.message import Request
from sip_guard.sip.rewrite import PHRASES

CARRIER = Trunk(name="carrier", targets=("pbx",))
OWN = End("UDP", ("192.0.2.1", 5060))
LOOPS = Loops([OWN], Seal(b"0123456789abcdef"))
ADDRESSES = Addresses([OWN.address])


def answered(received: Request) -> Refusal | None:
    return invalid(received, CARRIER, ADDRESSES, LOOPS)


def looped(method: str = "INVITE", uri: str = "sip:b@c", fields: Mapping[str, str] | None = None) -> Request:
    """Make a request that was here before."""
    digest = LOOPS.digest(read_request(request(method, uri, fields=fields)), CARRIER)
    via = f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch={branch(b'x', digest).decode()}"
    return read_request(request(method, uri, via, fields=fields))


WRONG = [
    (416, "http://b.example/", {}),
    (483, "sip:b@c", {"Max-Forwards": "0"}),
    (482, "sip:b@c", {}),
    (420, "sip:b@c", {"Proxy-Require": "privacy, foo"}),
    (440, "sip:b@c", {"Max-Breadth": "0"}),
]


@pytest.mark.parametrize(("code", "uri", "fields"), WRONG)
def test_each_thing_that_is_wrong_has_its_answer(code: int, uri: str, fields: dict[str, str]) -> None:
    received = looped(uri=uri) if code == 482 else read_request(request(uri=uri, fields=fields))
    refusal = answered(received)
    assert refusal is not None
    assert refusal[:2] == (code, "")
    assert code in PHRASES


@pytest.mark.parametrize("sooner", range(len(WRONG)))
def test_what_is_checked_first_is_answered_first(sooner: int) -> None:
    code, uri, _ = WRONG[sooner]
    fields = {name: value for _, _, each in WRONG[sooner:] for name, value in each.items()}
    received = looped(uri=uri, fields=fields) if sooner <= 2 else read_request(request(uri=uri, fields=fields))
    refusal = answered(received)
    assert refusal is not None
    assert refusal[0] == code


@pytest.mark.parametrize("uri", ["sip:b@c", "SIPS:b@c", "tel:+12155551213", "urn:service:sos"])
def test_a_request_with_nothing_wrong_goes_on(uri: str) -> None:
    for method in ("INVITE", "ACK", "BYE", "OPTIONS"):
        assert answered(read_request(request(method, uri, max_forwards="1", max_breadth="1"))) is None
        assert answered(read_request(request(method, uri, without=["Max-Forwards"]))) is None


@pytest.mark.parametrize("uri", ["http://b.example/", "isbn:2983792873", "soap.beep://192.0.2.103:3002"])
def test_a_scheme_that_is_not_known_is_no_address(uri: str) -> None:
    assert answered(read_request(request(uri=uri))) == (416, "", b"")


def test_what_is_required_of_a_proxy_is_named_in_the_answer() -> None:
    received = read_request(request("INVITE", "sip:b@c", "Proxy-Require: privacy", "Proxy-Require: a, b"))
    assert answered(received) == (420, "", b"Unsupported: privacy, a, b")


def test_an_ack_requires_nothing_of_a_proxy() -> None:
    assert answered(read_request(request("ACK", proxy_require="privacy"))) is None


def test_an_options_that_asks_whether_we_are_there_needs_no_hops() -> None:
    for uri in ("sip:192.0.2.1", "sip:ping@192.0.2.1:5060"):
        assert answered(read_request(request("OPTIONS", uri, max_forwards="0", max_breadth="0"))) is None
        assert answered(looped("OPTIONS", uri)) is None


@pytest.mark.parametrize(
    ("method", "uri", "to"),
    [
        ("OPTIONS", "sip:user@example.com", "<sip:b@c>"),
        ("OPTIONS", "sip:192.0.2.1:5062", "<sip:b@c>"),
        ("OPTIONS", "sip:192.0.2.1", "<sip:b@c>;tag=1"),
        ("INVITE", "sip:192.0.2.1", "<sip:b@c>"),
    ],
)
def test_what_is_not_for_us_does_need_them(method: str, uri: str, to: str) -> None:
    assert answered(read_request(request(method, uri, to=to, max_forwards="0"))) == (483, "", b"")
    assert answered(read_request(request(method, uri, to=to, max_breadth="0"))) == (440, "", b"")
    assert answered(looped(method, uri, {"To": to})) == (482, "", b"")
