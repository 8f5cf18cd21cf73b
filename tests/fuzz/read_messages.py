"""SIP messages, and streams of them."""

import runpy
from collections.abc import Iterator
from pathlib import Path

from messages import request, response
from pki import NOW
from scene import GUARD, TRUNK

from sip_guard.call import Call
from sip_guard.sip import date
from sip_guard.sip.flow import Flow
from sip_guard.sip.framing import Framer, FramingError
from sip_guard.sip.grammar import canonical_name, value_of
from sip_guard.sip.headers import name_addr
from sip_guard.sip.hygiene import strip
from sip_guard.sip.message import MalformedMessage, Message, Request, parse
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.tagging import tag
from sip_guard.stir.media import fingerprints

TESTS = Path(__file__).parents[1]
SHARED = TESTS.parents[1] / "shared" / "torture"
FLOW = Flow("UDP", GUARD, ("198.51.100.7", 5060))


def messages() -> Iterator[bytes]:
    """Give the tests' messages, usual and odd ones."""
    yield request(body=b"v=0\r\na=fingerprint:sha-256 4A:AD:B9:B1:3F\r\n")
    yield request("INVITE", "tel:+12155551213", 'P-Asserted-Identity: "A, B" <sip:+1@h>, <tel:+1>', "Identity: a.b.c")
    yield request("INVITE", "sip:b@c", "Diversion: <tel:+1;verstat=x>;reason=unconditional", from_="<sip:+1@h>;tag=1")
    yield request("BYE", "sip:b@c", "Route: <sip:192.0.2.1;lr;sg=x>", to="<sip:b@c>;tag=1")
    yield response("183 Session Progress", "Record-Route: <sip:192.0.2.1;lr;sg=x>")
    own = runpy.run_path(str(TESTS / "torture" / "own_messages.py"))
    for group in ("VALID", "REFUSED", "DROPPED", "ANSWERS"):
        yield from (torture.data for torture in own[group])
    yield from (path.read_bytes() for path in sorted(SHARED.glob("*.dat")))


def streams() -> Iterator[bytes]:
    """Give pairs of messages, each after an octet that says how the stream is cut."""
    for data in messages():
        yield b"\x07" + data + b"\r\n\r\n" + request("OPTIONS")


def message(data: bytes) -> None:
    """A message is kept octet by octet, read in one way only, and can be read again after it was changed."""
    try:
        found = parse(data)
    except MalformedMessage as fault:
        assert fault.code in (400, 501, 505, 513)  # noqa: PT017
        return
    assert data.lstrip(b"\r\n").startswith(found.raw)
    again = parse(found.raw)
    assert (again.raw, again.names, again.lines) == (found.raw, found.names, found.lines)
    assert Draft(found).octets() == found.raw
    _one_reading(found)
    _called(found)
    _rewritten(found)


def _one_reading(found: Message) -> None:
    for place, name in enumerate(found.names):
        assert name == canonical_name(found.lines[place].partition(b":")[0])
        assert place in found.places(name)
        assert found.value_at(place) == value_of(found.lines[place])
        assert not {10, 13} & set(found.value_at(place))
    assert found.vias
    for field, read in ((b"from", found.from_tag), (b"to", found.to_tag)):
        assert name_addr(found.value(field)).params.get(b"tag", b"") == read


def _called(found: Message) -> None:
    date.seconds(found.value(b"date"))
    fingerprints(found.body)
    if isinstance(found, Request):
        call = Call.of(found, TRUNK, FLOW, NOW)
        parties = (call.presented, *call.asserted, call.to, call.target)
        assert all(party.number is None or set(party.number) <= set("0123456789*#") for party in parties)


def _rewritten(found: Message) -> None:
    draft = Draft(found)
    strip(draft)
    tag(draft, [b"from", b"p-asserted-identity"], "V")
    written = parse(draft.octets())
    assert (written.body, written.from_tag, written.to_tag) == (found.body, found.from_tag, found.to_tag)
    assert written.value(b"call-id") == found.value(b"call-id")


def framing(data: bytes) -> None:
    """A stream gives the same messages however it is cut, and each is as long for `parse` as for the framer."""
    step, stream = (data[0] or 1, data[1:]) if data else (1, b"")
    whole, cut = _framed(stream, len(stream) or 1), _framed(stream, step)
    assert whole == cut
    for octets in whole[0]:
        try:
            found = parse(octets)
        except MalformedMessage:
            continue
        assert found.raw == octets


def _framed(stream: bytes, step: int) -> tuple[list[bytes], bool, int]:
    """Give the messages of a stream that comes in pieces, whether it broke, and the pings."""
    framer, got = Framer(), list[bytes]()
    for at in range(0, len(stream), step):
        try:
            got += framer.feed(stream[at : at + step])
        except FramingError as error:
            return [*got, *error.before], True, framer.pings
    return got, False, framer.pings
