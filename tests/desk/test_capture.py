"""Captured traffic is read as the hosts that took part read it, whatever it was captured on."""

import struct
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from captures import GUARD, TRUNK, ethernet, fragments, pcap, pcapng, tcp, udp
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.capture.frames import Frame
from sip_guard.desk.capture.messages import Messages
from sip_guard.desk.capture.packets import LINKS, Packets
from sip_guard.desk.capture.streams import MAX_AHEAD, Streams
from sip_guard.sip.flow import Flow

SIX = ("2001:db8::1", 5060)
SIX_GUARD = ("2001:db8::2", 5060)


def invite(name: str = "1", body: str = "") -> bytes:
    lines = [
        "INVITE sip:+442079460000@example.com SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK" + name,
        "Call-ID: " + name,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def octets(path: Path) -> list[bytes]:
    return [message.octets for message in Messages(path)]


@pytest.mark.parametrize(
    ("link", "head"),
    [
        (1, bytes(12) + b"\x08\x00"),
        (1, bytes(12) + b"\x81\x00\x00\x07\x08\x00"),
        (1, bytes(12) + b"\x88\xa8\x00\x07\x81\x00\x00\x09\x08\x00"),
        (113, b"\x00\x00\x00\x01\x00\x06" + bytes(8) + b"\x08\x00"),
        (113, b"\x00\x00\x00\x01\x00\x06" + bytes(8) + b"\x81\x00\x00\x07\x08\x00"),
        (276, b"\x08\x00" + bytes(2) + b"\x00\x00\x00\x02\x00\x01\x00\x06" + bytes(8)),
        (101, b""),
        (228, b""),
        (0, struct.pack("=I", 2)),
        (108, struct.pack(">I", 2)),
    ],
    ids=["ethernet", "VLAN", "QinQ", "cooked", "cooked, VLAN", "cooked v2", "raw", "IPv4", "loopback", "OpenBSD"],
)
def test_a_message_is_found_on_every_kind_of_link(tmp_path: Path, link: int, head: bytes) -> None:
    path = pcap(tmp_path / "a.pcap", [head + udp(invite())], link=link)
    [message] = Messages(path)
    assert (message.octets, message.flow, message.frame) == (invite(), Flow("UDP", GUARD, TRUNK), 1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_the_moment_is_that_of_the_capture(tmp_path: Path, order: str, nanoseconds: bool) -> None:
    frames = [ethernet(udp(invite()))] * 2
    path = pcap(tmp_path / "a.pcap", frames, at=1_700_000_000.25, step=0.5, order=order, nanoseconds=nanoseconds)
    moments = [message.at for message in Messages(path)]
    assert moments == pytest.approx([1_700_000_000.25, 1_700_000_000.75], rel=0, abs=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
def test_each_interface_of_pcapng_has_its_own_link_and_clock(tmp_path: Path, order: str) -> None:
    frames = [(0, ethernet(udp(invite("1")))), (1, udp(invite("2"))), (2, ethernet(udp(invite("3"))))]
    path = pcapng(tmp_path / "a.pcapng", frames, [(1, 6), (101, 9), (1, 0x80 | 10)], order=order)
    found = list(Messages(path))
    assert [message.octets for message in found] == [invite("1"), invite("2"), invite("3")]
    assert [message.at for message in found] == [1_700_000_000, 1_700_000_001, 1_700_000_002]


def test_a_compressed_capture_is_read_as_it_is(tmp_path: Path) -> None:
    assert octets(pcap(tmp_path / "a.pcap.gz", [ethernet(udp(invite()))], packed=True)) == [invite()]


def test_frames_that_were_shortened_are_counted_and_left_out(tmp_path: Path) -> None:
    messages = Messages(pcap(tmp_path / "a.pcap", [ethernet(udp(invite()))] * 3, shortened=20))
    assert list(messages) == []
    assert (messages.read, messages.shortened) == (3, 3)


def test_frames_of_an_unknown_link_are_counted(tmp_path: Path) -> None:
    messages = Messages(pcap(tmp_path / "a.pcap", [bytes(60)], link=105))
    assert list(messages) == []
    assert messages.foreign == 1


def test_a_file_that_is_cut_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = pcap(tmp_path / "a.pcap", [ethernet(udp(invite(str(i)))) for i in range(3)])
    path.write_bytes(path.read_bytes()[:-10])
    messages = Messages(path)
    assert [message.octets for message in messages] == [invite("0"), invite("1")]
    assert messages.frames.fault == "it is cut off after frame 2; what comes before it was used"


@given(st.binary(max_size=300), st.sampled_from(["pcap", "pcapng"]), st.integers(0, 400))
def test_damage_in_a_file_is_told_and_never_raised(damage: bytes, kind: str, place: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        if kind == "pcap":
            pcap(path, [ethernet(udp(invite()))] * 2)
        else:
            pcapng(path, [(0, ethernet(udp(invite())))] * 2, [(1, 6)])
        good = path.read_bytes()
        place = 8 + place % (len(good) - 8)
        path.write_bytes(good[:place] + damage + good[place + len(damage) :])
        messages = Messages(path)
        assert len(list(messages)) <= 2 or not messages.frames.fault


@pytest.mark.parametrize("content", [b"", b"INVITE sip:a@b SIP/2.0\r\n", b"\x1f\x8bno gzip at all", b"\xa1\xb2"])
def test_what_is_no_capture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"it is no capture|it cannot be read"):
        Messages(path)


@given(st.lists(st.integers(1, 30)), st.randoms(use_true_random=False), st.booleans())
def test_fragments_in_any_order_are_the_datagram(cuts: list[int], random: Random, six: bool) -> None:
    ends = (SIX, SIX_GUARD) if six else (TRUNK, GUARD)
    packets = fragments(invite(), cuts, *ends)
    random.shuffle(packets)
    with TemporaryDirectory() as folder:
        path = pcap(Path(folder) / "a", map(ethernet, packets))
        [message] = Messages(path)
    assert (message.octets, message.frame) == (invite(), len(packets))
    assert message.flow.remote == ends[0]


def test_fragments_without_an_end_are_not_kept_for_long(tmp_path: Path) -> None:
    first = [ethernet(fragments(invite(), [4])[0])]
    last = [ethernet(fragments(invite(), [4])[1])]
    assert octets(pcap(tmp_path / "a.pcap", first + last, step=10)) == [invite()]
    assert octets(pcap(tmp_path / "b.pcap", first + last, step=31)) == []


@given(st.lists(st.integers(1, 400), max_size=8), st.randoms(use_true_random=False), st.sampled_from([5, 2**32 - 100]))
def test_segments_in_any_order_are_the_stream(cuts: list[int], random: Random, begin: int) -> None:
    stream = invite("1", "body") + b"\r\n\r\n" + invite("2")
    ends = [0, *sorted({cut for cut in cuts if cut < len(stream)}), len(stream)]
    parts = [tcp(stream[i:j], begin + 1 + i) for i, j in pairwise(ends)]
    parts.append(parts[0])
    random.shuffle(parts)
    packets = [tcp(b"", begin, flags=2), *parts]
    with TemporaryDirectory() as folder:
        found = list(Messages(pcap(Path(folder) / "a", map(ethernet, packets))))
    assert [message.octets for message in found] == [invite("1", "body"), invite("2")]
    assert found[0].flow == Flow("TCP", GUARD, TRUNK)


def test_a_connection_from_before_the_capture_is_followed_from_its_next_message(tmp_path: Path) -> None:
    packets = [tcp(b"middle of something\r\n", 100), tcp(invite(), 121)]
    assert octets(pcap(tmp_path / "a.pcap", map(ethernet, packets))) == [invite()]


def test_what_was_not_captured_costs_the_messages_around_it_and_is_counted(tmp_path: Path) -> None:
    one = invite("1")
    packets = [tcp(one[:50], 1)] + [tcp(invite("2"), 1000 + i * 500) for i in range(MAX_AHEAD + 1)]
    packets.append(tcp(invite("3"), 90_000))
    messages = Messages(pcap(tmp_path / "a.pcap", map(ethernet, packets)))
    assert [message.octets for message in messages] == [invite("3")]
    assert messages.streams.gaps == 1


def test_a_connection_that_carries_something_else_is_no_gap(tmp_path: Path) -> None:
    packets = [tcp(b"", 0, flags=2), tcp(b"\x16\x03\x01\x00 a TLS hello", 1), tcp(invite(), 500)]
    messages = Messages(pcap(tmp_path / "a.pcap", map(ethernet, packets)))
    assert len(list(messages)) == 1
    assert messages.streams.gaps == 0
    assert isinstance(messages.streams, Streams)


@given(st.sampled_from(sorted(LINKS)), st.binary(max_size=120))
def test_whatever_is_in_a_frame_it_is_a_packet_or_none(link: int, octets: bytes) -> None:
    packet = Packets().packet(Frame(1, 0.0, link, octets, whole=True))
    assert packet is None or isinstance(packet.payload.data, bytes)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=4), st.sampled_from([False, True]))
def test_a_damaged_packet_is_a_packet_or_none(place: int, damage: bytes, over_tcp: bool) -> None:
    good = ethernet(tcp(invite(), 1) if over_tcp else udp(invite()))
    place %= len(good)
    frame = Frame(1, 0.0, 1, good[:place] + damage + good[place + len(damage) :], whole=True)
    packet = Packets().packet(frame)
    assert packet is None or isinstance(packet.payload.data, bytes)
    if packet is not None and over_tcp and hasattr(packet.payload, "seq"):
        assert all(isinstance(message, bytes) for message in Streams().feed(packet))


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=30), st.integers(0, 63)), max_size=30))
def test_no_segments_make_a_stream_grow_without_bounds(segments: list[tuple[int, bytes, int]]) -> None:
    streams = Streams()
    for sequence, octets, flags in segments:
        packet = Packets().packet(Frame(1, 0.0, 1, ethernet(tcp(octets, sequence, flags=flags)), whole=True))
        assert packet is not None
        streams.feed(packet)
    assert streams.gaps <= len(segments)
