from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sip_guard.sip.framing import Framer, FramingError
from sip_guard.sip.message import MAX_MESSAGE, MalformedMessage, parse

REST = b"".join(
    line + b"\r\n"
    for line in (
        b"Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK77",
        b"From: <sip:alice@example.com>;tag=1",
        b"To: <sip:bob@example.com>",
        b"Call-ID: a",
        b"CSeq: 1 MESSAGE",
        b"Max-Forwards: 70",
    )
)
START = b"MESSAGE sip:bob@example.com SIP/2.0\r\n"


def message(body: bytes = b"", *fields: bytes) -> bytes:
    """Write a message whose length is told by `fields`, or if there are none, rightly."""
    said = fields or (b"Content-Length: %d" % len(body),)
    return START + REST + b"".join(field + b"\r\n" for field in said) + b"\r\n" + body


def outcome(chunks: list[bytes]) -> tuple[list[bytes], int, tuple[str, bytes] | None]:
    """Give all messages, how many pings there were, and what ended the stream."""
    framer = Framer()
    messages: list[bytes] = []
    try:
        for chunk in chunks:
            messages += framer.feed(chunk)
            assert len(framer._octets) <= MAX_MESSAGE
    except FramingError as error:
        return messages + error.before, framer.pings, (error.reason, error.head)
    return messages, framer.pings, None


def lost(data: bytes) -> FramingError:
    with pytest.raises(FramingError) as raised:
        Framer().feed(data)
    return raised.value


def test_a_message_is_given_octet_by_octet() -> None:
    assert Framer().feed(message(b"hello")) == [message(b"hello")]


def test_several_messages_in_one_read_are_given_in_their_order() -> None:
    assert Framer().feed(message(b"1") + message() + message(b"3\r\n\r\n")) == [
        message(b"1"),
        message(),
        message(b"3\r\n\r\n"),
    ]


def test_a_message_is_given_with_its_last_octet_and_not_before() -> None:
    framer = Framer()
    octets = message(b"hello")
    assert not framer.started
    assert all(not framer.feed(bytes([octet])) and framer.started for octet in octets[:-1])
    assert framer.feed(octets[-1:]) == [octets]
    assert not framer.started


def test_a_body_may_hold_what_looks_like_a_message() -> None:
    assert Framer().feed(message(message(b"inner"))) == [message(message(b"inner"))]


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: 2",
        b"content-length:2",
        b"CONTENT-LENGTH\t : 2",
        b"l: 2",
        b"L :2  ",
        b"Content-Length:\r\n 2",
        b"Content-Length: 2\r\n\t",
        b"Content-Length: 0000000002",
    ],
)
def test_the_length_may_be_spelled_as_the_standard_allows(field: bytes) -> None:
    octets = message(b"hi", field)
    assert Framer().feed(octets + message()) == [octets, message()]
    assert parse(octets).body == b"hi"


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: +2",
        b"Content-Length: -2",
        b"Content-Length: 0x2",
        b"Content-Length: 2.0",
        b"Content-Length: 2,2",
        b"Content-Length: 2, 2",
        b"Content-Length: 1 2",
        b"Content-Length: 1\r\n 2",
        b"Content-Length: 2;a=b",
        b"Content-Length: 2_0",
        b"Content-Length: (comment) 2",
        b'Content-Length: "2"',
        b"Content-Length:",
        b"Content-Length: ",
        b"Content-Length",
        b"Content-Length 2",
        b"Content-Length: 00000000002",
        b"Content-Length: \xd9\xa2",
        b"Content-Length: \xc2\xb2",
        b"Content-Length: \x0b2",
        b"Content-Length: 2\x00",
        b"Content-Length\r\n : 2",
        b"Content-Length\x00: 2",
        b"Content-Length\x0c: 2",
    ],
)
def test_a_length_that_is_no_plain_number_loses_the_framing(field: bytes) -> None:
    assert lost(message(b"hi", field)).reason == "Content-Length"
    # The other field, which is right, makes no difference.
    assert lost(message(b"hi", field, b"l: 2")).reason == "two Content-Length fields"


@pytest.mark.parametrize("other", [b"Content-Length: 2", b"l: 2", b"L: 3", b"content-length : 2"])
def test_two_lengths_lose_the_framing_even_where_they_agree(other: bytes) -> None:
    assert lost(message(b"hi", b"Content-Length: 2", other)).reason == "two Content-Length fields"


@pytest.mark.parametrize(
    "other", [b"Content-Lengthy: 2", b"X-Content-Length: 2", b"Subject: Content-Length: 2", b"X:\r\n l: 9"]
)
def test_no_length_loses_the_framing(other: bytes) -> None:
    error = lost(message(b"hi", other))
    assert error.reason == "no Content-Length field"
    assert error.head == message(b"", other)


@pytest.mark.parametrize("lone", [b"\n", b"\r", b"\n\r\n", b"\r\r\n", b"\n\n"])
def test_a_cr_or_lf_that_stands_alone_loses_the_framing_at_once(lone: bytes) -> None:
    error = lost(START + b"Subject: a" + lone + b"Content-Length: 0")
    assert error.reason == "a CR or LF that stands alone"
    assert error.head.startswith(START + b"Subject: a" + lone[:1])
    with pytest.raises(MalformedMessage) as raised:
        parse(error.head)
    assert raised.value.message is None


@pytest.mark.parametrize("octets", [b"\n", b"\r\r", b"\r\n\n", b"\r\n\rX"])
def test_a_cr_or_lf_that_stands_alone_between_messages_loses_the_framing(octets: bytes) -> None:
    assert lost(octets).reason == "a CR or LF that stands alone"


def test_a_body_may_hold_any_octets() -> None:
    body = bytes(range(256))
    assert Framer().feed(message(body)) == [message(body)]


def test_what_came_before_the_framing_was_lost_is_given_with_the_error() -> None:
    assert lost(message(b"1") + message(b"2") + START + b"\n").before == [message(b"1"), message(b"2")]


def test_a_head_is_given_to_answer_it() -> None:
    error = lost(message(b"hi", b"Content-Length: 2,2"))
    with pytest.raises(MalformedMessage) as raised:
        parse(error.head)
    assert raised.value.message is not None
    assert raised.value.message.value(b"call-id") == b"a"


def largest() -> bytes:
    return message(bytes(MAX_MESSAGE - len(message()) - 4))


def test_the_largest_message_is_given() -> None:
    assert len(largest()) == MAX_MESSAGE
    assert Framer().feed(largest()) == [largest()]


def test_a_message_that_says_it_is_larger_loses_the_framing_with_its_head() -> None:
    head = largest().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    size = MAX_MESSAGE - len(head)
    error = lost(head.replace(b"Length: %d" % size, b"Length: %d" % (size + 1)))
    assert error.reason == "larger than a message may be"
    assert error.head.endswith(b"\r\n\r\n")


def test_a_head_without_end_loses_the_framing_when_it_is_too_large() -> None:
    framer = Framer()
    head = START + b"Subject: "
    assert framer.feed(head + b"a" * (MAX_MESSAGE - len(head) - 1)) == []
    with pytest.raises(FramingError, match="larger than a message may be"):
        framer.feed(b"a")


@pytest.mark.parametrize(
    ("octets", "pings"),
    [
        (b"", 0),
        (b"\r\n", 0),
        (b"\r\n\r\n", 1),
        (b"\r\n\r\n\r\n", 1),
        (b"\r\n\r\n\r\n\r\n", 2),
        (message() + b"\r\n" + message() + b"\r\n", 0),
        (b"\r\n\r\n" + message() + b"\r\n\r\n", 2),
        (message(b"\r\n\r\n"), 0),
    ],
)
def test_pings_are_counted_between_messages(octets: bytes, pings: int) -> None:
    framer = Framer()
    framer.feed(octets)
    assert framer.pings == pings
    assert not framer.started


def test_a_cr_alone_starts_no_message() -> None:
    framer = Framer()
    framer.feed(b"\r\n\r")
    assert not framer.started
    framer.feed(b"\n")
    assert framer.pings == 1


def test_the_heads_octets_are_looked_at_once_each_however_they_come() -> None:
    framer = Framer()
    looked_at: list[int] = []

    class Octets(bytearray):
        def find(self, *args: object) -> int:
            looked_at.append(len(self) - int(args[1]))  # type: ignore[call-overload]
            return super().find(*args)  # type: ignore[arg-type]

    framer._octets = Octets()
    octets = START + b"Subject: " + b"a\r\n b" * 10_000
    for octet in octets:
        framer.feed(bytes([octet]))
    assert len(looked_at) == len(octets)
    assert max(looked_at) <= 5


FIELDS = st.sampled_from(
    [
        b"Content-Length: 0",
        b"l: 2",
        b"Content-Length: 5",
        b"Content-Length:\r\n 5",
        b"Content-Length: +5",
        b"Content-Length\r\n : 5",
        b" Content-Length: 5",
        b"Subject: \xff",
        b"Subject: a\nb",
        b"Subject: a\rb",
        b"",
    ]
)
PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\r\n", b"\r", b"\n", b"\r\n\r\n", START, REST, START + REST, largest(), b"a" * MAX_MESSAGE]),
    FIELDS,
    st.builds(message, st.binary(max_size=6)),
    st.builds(message, st.binary(max_size=6), FIELDS),
    st.builds(message, st.binary(max_size=6), FIELDS, FIELDS),
)
STREAMS = st.lists(PIECES, max_size=8).map(b"".join)


@given(STREAMS, st.data())
@example(b"a" * (MAX_MESSAGE - 2) + b"\r\n\r\n", None)
@example(b"a" * (MAX_MESSAGE - 4) + b"\r\n\r\n", None)
@example(b"a" * (MAX_MESSAGE - 1) + b"\rb", None)
@example(b"a" * (MAX_MESSAGE - 1) + b"\nb", None)
def test_framing_is_the_same_however_the_stream_is_cut(stream: bytes, data: st.DataObject | None) -> None:
    if data is None:
        cuts = list(range(max(0, len(stream) - 8), len(stream)))
    else:
        cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    chunks = [stream[a:b] for a, b in pairwise([0, *sorted(cuts), len(stream)])]
    assert outcome(chunks) == outcome([stream])


@given(st.lists(PIECES.filter(lambda piece: len(piece) < 2000), max_size=4).map(b"".join))
def test_framing_is_the_same_octet_by_octet(stream: bytes) -> None:
    assert outcome([bytes([octet]) for octet in stream]) == outcome([stream])


@given(STREAMS)
def test_a_message_is_read_with_the_length_that_it_was_cut_by(stream: bytes) -> None:
    for octets in outcome([stream])[0]:
        try:
            read = parse(octets)
        except MalformedMessage:
            continue
        assert read.raw == octets
        assert len(read.body) == int(read.value(b"content-length"))


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_messages_are_given_back_as_they_were_put_in(bodies: list[bytes]) -> None:
    whole = [message(body) for body in bodies]
    assert outcome([b"".join(whole)]) == (whole, 0, None)
