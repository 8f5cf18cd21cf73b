"""Packets of HEPv3, octet by octet and by a reader."""

from typing import Any

import msgspec
import pytest
from reader import Packet, read, read_all

from sip_guard.hep.packet import LARGEST, LOG, SIP, Capture, packet

CAPTURE = Capture(
    when=1_795_000_000.25,
    transport="UDP",
    source=("192.0.2.7", 5062),
    destination=("198.51.100.1", 5060),
    kind=SIP,
    payload=b"BYE sip:a@b SIP/2.0\r\n\r\n",
    correlation=b"a84b4c76@192.0.2.7",
)


def changed(**changes: Any) -> Capture:
    return msgspec.structs.replace(CAPTURE, **changes)


def test_a_packet_is_these_octets() -> None:
    assert packet(CAPTURE, 2001, b"secret") == bytes.fromhex(
        "48455033 009e"  # HEP3, 158 octets
        "0000 0001 0007 02"  # IPv4
        "0000 0002 0007 11"  # UDP
        "0000 0003 000a c0000207"  # from 192.0.2.7
        "0000 0004 000a c6336401"  # to 198.51.100.1
        "0000 0007 0008 13c6"  # from port 5062
        "0000 0008 0008 13c4"  # to port 5060
        "0000 0009 000a 6afd86c0"  # seconds
        "0000 000a 000a 0003d090"  # microseconds
        "0000 000b 0007 01"  # SIP
        "0000 000c 000a 000007d1"  # capture id
        "0000 000e 000c 736563726574"  # password
        "0000 0011 0018 61383462346337364031 39322e302e322e37"  # Call-ID
        "0000 000f 001d 425945207369703a61406220 5349502f322e300d0a0d0a"  # payload
    )


def test_it_is_read_as_it_was_meant() -> None:
    assert read(packet(CAPTURE, 7, b"secret")) == Packet(
        protocol=17,
        source=("192.0.2.7", 5062),
        destination=("198.51.100.1", 5060),
        when=1_795_000_000.25,
        kind=1,
        capture_id=7,
        password=b"secret",
        correlation=b"a84b4c76@192.0.2.7",
        payload=CAPTURE.payload,
    )


def test_addresses_may_be_of_ip_version_6() -> None:
    found = read(packet(changed(source=("2001:db8::7", 1), destination=("2001:db8::1", 65_535)), 7, b""))
    assert (found.source, found.destination) == (("2001:db8::7", 1), ("2001:db8::1", 65_535))


@pytest.mark.parametrize(("transport", "number"), [("UDP", 17), ("TCP", 6), ("TLS", 6)])
def test_a_stream_is_tcp_whatever_is_within(transport: str, number: int) -> None:
    assert read(packet(changed(transport=transport), 7, b"")).protocol == number


def test_what_is_not_there_has_no_chunk() -> None:
    found = packet(changed(correlation=b""), 7, b"")
    assert (read(found).correlation, read(found).password) == (b"", b"")
    assert b"\x00\x11\x00" not in found
    assert b"\x00\x0e\x00" not in found


def test_a_decision_is_a_log() -> None:
    assert read(packet(changed(kind=LOG, payload=b"{}"), 4_294_967_295, b"")).kind == 100


@pytest.mark.parametrize("when", [0.0, 1_795_000_000.9999996, 1_795_000_000.000001])
def test_a_moment_is_rounded_to_microseconds(when: float) -> None:
    assert read(packet(changed(when=when), 7, b"")).when == round(when, 6)


def test_a_payload_that_no_datagram_carries_is_cut_off() -> None:
    octets = packet(changed(payload=b"x" * 70_000), 7, b"secret")
    assert len(octets) == LARGEST
    assert set(read(octets).payload) == {ord("x")}


def test_packets_follow_each_other_in_a_stream() -> None:
    stream = packet(CAPTURE, 7, b"") + packet(changed(kind=LOG), 7, b"")
    assert [each.kind for each in read_all(stream)] == [1, 100]
