import pytest
from messages import read_request, request

from sip_guard.proxy.maddr import take_own
from sip_guard.sip.flow import Address, Flow
from sip_guard.sip.rewrite import Draft

REMOTE = ("198.51.100.7", 5060)


@pytest.mark.parametrize(
    ("uri", "transport", "local", "left"),
    [
        ("sip:b@pbx;maddr=192.0.2.1", "UDP", ("192.0.2.1", 5060), "sip:b@pbx"),
        ("sip:b@pbx:5060;user=phone;maddr=192.0.2.1", "UDP", ("192.0.2.1", 5060), "sip:b@pbx:5060;user=phone"),
        ("sip:b@pbx:5070;MADDR=192.0.2.1;transport=TCP", "TCP", ("192.0.2.1", 5070), "sip:b@pbx"),
        ("sips:b@[2001:db8::9];maddr=[2001:DB8::1]", "TLS", ("2001:db8::1", 5061), "sips:b@[2001:db8::9]"),
    ],
)
def test_a_maddr_that_led_here_is_taken_off(uri: str, transport: str, local: Address, left: str) -> None:
    draft = Draft(read_request(request("INVITE", uri)))
    assert take_own(draft, Flow(transport, local, REMOTE))
    assert draft.uri == left.encode()


@pytest.mark.parametrize(
    "uri",
    [
        "sip:b@192.0.2.1",
        "sip:b@pbx;maddr",
        "sip:b@pbx;maddr=192.0.2.2",
        "sip:b@pbx:5070;maddr=192.0.2.1",
        "sip:b@pbx;maddr=192.0.2.1;transport=tcp",
        "sip:b@pbx;maddr=guard.example",
        "sip:b@pbx;maddr=1é",
        "sips:b@pbx;maddr=192.0.2.1",
        "tel:+1;maddr=192.0.2.1",
        "urn:service:sos",
    ],
)
def test_any_other_stays(uri: str) -> None:
    draft = Draft(read_request(request("INVITE", uri)))
    assert not take_own(draft, Flow("UDP", ("192.0.2.1", 5060), REMOTE))
    assert draft.octets() == draft.message.raw
