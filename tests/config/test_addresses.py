"""Addresses as people write them."""

import ipaddress

import pytest

from sip_guard.config import addresses
from sip_guard.peer import Source


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pbx.example.com", ("pbx.example.com", None)),
        ("PBX.Example.COM.", ("pbx.example.com", None)),
        ("pbx", ("pbx", None)),
        ("_sip.pbx-1.example:5080", ("_sip.pbx-1.example", 5080)),
        ("xn--bcher-kva.example", ("xn--bcher-kva.example", None)),
        ("10.0.0.5", ("10.0.0.5", None)),
        ("10.0.0.5:5080", ("10.0.0.5", 5080)),
        ("2001:DB8:0::5", ("2001:db8::5", None)),
        ("::1", ("::1", None)),
        ("[2001:db8::5]", ("2001:db8::5", None)),
        ("[2001:db8::5]:65535", ("2001:db8::5", 65_535)),
        ("[::ffff:10.0.0.5]:5060", ("10.0.0.5", 5060)),
    ],
)
def test_a_place_is_a_name_or_an_address_with_a_port_or_without(text: str, place: tuple[str, int | None]) -> None:
    assert addresses.place(text) == place


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "`` is no address or host name, with or without a port, such as pbx.example.com, 192.0.2.1:5060"),
        ("pbx:", "`pbx:` is no address or host name"),
        (":5060", "`:5060` is no address or host name"),
        ("pbx:sip", "`pbx:sip` is no address or host name"),
        ("pbx:65536", "`pbx:65536` is no address or host name"),
        ("pbx:0", "port 0 is no port to send to"),
        ("[::1]:0", "port 0 is no port to send to"),
        ("[::1", "`[::1` is no address or host name"),
        ("[pbx]", "`[pbx]` is no address or host name"),
        ("[::1]5060", "`[::1]5060` is no address or host name"),
        ("[fe80::1%eth0]", "`[fe80::1%eth0]` is no address or host name"),
        ("sip:pbx.example.com", "`sip:pbx.example.com` is no address or host name"),
        ("udp:10.0.0.5:5060", "`udp:10.0.0.5:5060` is no IP address that calls can be sent to"),
        ("1.2.3.4.5", "`1.2.3.4.5` is no IP address that calls can be sent to"),
        ("10.0.0.256:5060", "`10.0.0.256` is no IP address that calls can be sent to"),
        ("[1::2::3]", "`1::2::3` is no IP address that calls can be sent to"),
        ("0.0.0.0", "`0.0.0.0` is no IP address that calls can be sent to"),
        ("[::]:5060", "`::` is no IP address that calls can be sent to"),
        ("224.0.1.75", "`224.0.1.75` is no IP address that calls can be sent to"),
        ("255.255.255.255:5060", "`255.255.255.255` is no IP address that calls can be sent to"),
        ("fe80::1%eth0", "`fe80::1%eth0` is no IP address that calls can be sent to"),
        ("-bad-", "`-bad-` is no host name, such as pbx.example.com"),
        ("pbx.-bad.example", "`pbx.-bad.example` is no host name"),
        ("pbx-.example", "`pbx-.example` is no host name"),
        ("pbx..example", "`pbx..example` is no host name"),
        ("0x7f.1", "`0x7f.1` is no host name"),
        ("pbx example", "`pbx example` is no host name"),
        ("p\u00fcx.example", "`p\u00fcx.example` is no host name"),
        ("1\u0663.0.0.1", "`1\u0663.0.0.1` is no host name"),
        ("x" * 64, "is no host name"),
    ],
)
def test_what_is_no_place_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match="no ") as caught:
        addresses.place(text)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("192.0.2.7", Source(ipaddress.ip_network("192.0.2.7/32"))),
        ("192.0.2.0/28", Source(ipaddress.ip_network("192.0.2.0/28"))),
        ("192.0.2.7:5062", Source(ipaddress.ip_network("192.0.2.7/32"), 5062)),
        ("0.0.0.0/0", Source(ipaddress.ip_network("0.0.0.0/0"))),
        ("2001:db8:7::/48", Source(ipaddress.ip_network("2001:db8:7::/48"))),
        ("2001:db8::8", Source(ipaddress.ip_network("2001:db8::8/128"))),
        ("[2001:db8::9]:5062", Source(ipaddress.ip_network("2001:db8::9/128"), 5062)),
    ],
)
def test_a_source_is_an_address_a_network_or_an_address_with_a_port(text: str, source: Source) -> None:
    assert addresses.source(text) == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "192.0.2.256",
        "192.0.2.7/33",
        "192.0.2.7:",
        "192.0.2.7:0",
        "192.0.2.7:65536",
        "192.0.2.0/28:5060",
        "[192.0.2.7]",
        "2001:db8::1:5062:x",
        "[2001:db8::1",
        "1\u0663.0.0.1",
    ],
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no "):
        addresses.source(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("192.0.2.7/24", "192.0.2.0/24"), ("2001:db8::1/32", "2001:db8::/32")],
)
def test_a_network_with_host_bits_suggests_the_network(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"`{text}` has bits beyond its mask; did you mean {meant}"):
        addresses.source(text)
