from sip_guard.sip.flow import Flow, bracketed


def test_a_flow_is_named_after_where_it_leads() -> None:
    assert str(Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5070))) == "UDP 198.51.100.7:5070"
    assert str(Flow("UDP", ("::1", 5060), ("2001:db8::7", 5070))) == "UDP [2001:db8::7]:5070"


def test_only_ipv6_stands_in_brackets() -> None:
    assert bracketed("2001:db8::1") == "[2001:db8::1]"
    assert bracketed("192.0.2.1") == "192.0.2.1"
