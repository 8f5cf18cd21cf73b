import ipaddress
import socket

import pytest

from sip_guard.repository.address import is_private, is_public


@pytest.mark.parametrize(
    "address",
    [
        "1.0.0.0",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700::6810:1",
        "2a00:1450:4009:80b::200e",
        "3ffe::1",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "64:FF9B::808:808",
    ],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)
    assert not is_private(address)


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::/128",
        "::1/128",
        "::ffff:0.0.0.0/104",
        "::ffff:10.0.0.0/104",
        "::ffff:127.0.0.0/104",
        "::ffff:169.254.0.0/112",
        "::ffff:192.168.0.0/112",
        "::ffff:0:0:0/96",
        "64:ff9b::10.0.0.0/104",
        "64:ff9b::127.0.0.0/104",
        "64:ff9b::169.254.169.254/128",
        "64:ff9b::192.168.0.0/112",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2002:808:808::/48",
        "3fff::/20",
        "4000::/2",
        "5f00::/16",
        "8000::/1",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ],
)
def test_no_address_of_a_special_purpose_network_is_public(network: str) -> None:
    whole = ipaddress.ip_network(network)
    assert not is_public(str(whole[0]))
    assert not is_public(str(whole[whole.num_addresses // 2]))
    assert not is_public(str(whole[-1]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "certs.example.com",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "8.8.8.08",
        "8.8.8",
        "8.8.8.8 ",
        "8.8.8.8/32",
        "[2606:4700::1]",
        "2606:4700::1%eth0",
        "2606:4700::1%",
        "fe80::1%1",
        "\u0661.1.1.1",
        "8.8.8.8\n",
    ],
)
def test_what_is_no_address_in_its_usual_spelling_is_neither_public_nor_private(text: str) -> None:
    assert not is_public(text)
    assert not is_private(text)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "0", "::ffff:7f00:1"]
)
def test_a_disguised_loopback_address_is_seen_once_it_is_resolved(host: str) -> None:
    resolved = {str(answer[4][0]) for answer in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    assert resolved
    assert not any(is_public(address) for address in resolved)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "127.0.0.1", "172.31.255.255", "192.168.1.1", "::1", "fd00::1", "::ffff:127.0.0.1"],
)
def test_a_laboratory_may_be_at_a_loopback_or_private_address(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "100.64.0.1", "192.0.2.1"]
)
def test_other_special_addresses_are_not_for_laboratories(address: str) -> None:
    assert not is_private(address)
