import pytest
from messages import read_request, values
from scene import target

from sip_guard.peer import Probe
from sip_guard.proxy.hops import Hop
from sip_guard.proxy.probe import Beat, options
from sip_guard.sip.flow import End

OWN = End("UDP", ("192.0.2.1", 5060))
VIA = b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"


@pytest.mark.parametrize(
    ("host", "port", "transport", "uri", "to"),
    [
        ("203.0.113.5", 5060, "UDP", "sip:203.0.113.5:5060", "<sip:203.0.113.5:5060>"),
        ("203.0.113.5", None, "UDP", "sip:203.0.113.5", "<sip:203.0.113.5>"),
        ("pbx.example", None, "TCP", "sip:pbx.example;transport=tcp", "<sip:pbx.example>"),
        ("pbx.example", 5071, "TLS", "sips:pbx.example:5071", "<sips:pbx.example:5071>"),
        ("2001:db8::5", None, "UDP", "sip:[2001:db8::5]", "<sip:[2001:db8::5]>"),
        ("2001:db8::5", 5070, "TCP", "sip:[2001:db8::5]:5070;transport=tcp", "<sip:[2001:db8::5]:5070>"),
    ],
)
def test_a_question_names_the_target_as_it_was_configured(
    host: str, port: int | None, transport: str, uri: str, to: str
) -> None:
    end = End(transport, ("203.0.113.5", 5060))
    draft = options(target(host=host, port=port), end, OWN, b"0123456789abcdef", VIA)
    request = read_request(draft.octets())
    assert request.uri.decode() == uri
    assert values(request, "to") == [to]
    assert values(request, "from") == ["<sip:sip-guard@192.0.2.1>;tag=01234567"]
    assert values(request, "call-id") == ["0123456789abcdef@192.0.2.1"]
    assert request.via.branch == b"z9hG4bK1"
    assert values(request, "content-length") == ["0"]


def test_a_guard_on_ipv6_asks_in_brackets() -> None:
    own = End("UDP", ("2001:db8::1", 5060))
    via = b"Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1"
    request = read_request(options(target(host="2001:db8::5"), own, own, b"0123456789abcdef", via).octets())
    assert values(request, "from") == ["<sip:sip-guard@[2001:db8::1]>;tag=01234567"]
    assert values(request, "call-id") == ["0123456789abcdef@[2001:db8::1]"]


def test_a_beat_is_due_when_it_is_said_and_sends_nothing_again_by_itself() -> None:
    asked = target(probe=Probe())
    end = End("UDP", ("203.0.113.5", 5060))
    beat = Beat(asked, end, 7.0)
    assert (beat.hop, beat.expire_at, beat.resend_at, beat.entry) == (Hop(end, asked), 7.0, None, None)
