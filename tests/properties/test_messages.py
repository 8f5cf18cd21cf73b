"""What holds for every message, and for what was one before it was broken."""

import re
from urllib.parse import unquote_to_bytes

from hypothesis import example, given, settings
from hypothesis import strategies as st
from messages import FIELDS, octets, request, response
from scene import GUARD, Scene

from sip_guard.call import Call
from sip_guard.number import canonical
from sip_guard.proxy.action import Screen, Send
from sip_guard.sip.flow import Flow
from sip_guard.sip.grammar import NAMES, canonical_name, value_of
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.hygiene import strip, without_verstat
from sip_guard.sip.message import MalformedMessage, parse
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.tagging import tag
from sip_guard.verdict import Forward, Tags

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
VALUE = st.lists(TEXT, min_size=1, max_size=3).map("\r\n ".join)
TOKEN = st.text("ABCxyz019-.!%*_+`'~", min_size=1, max_size=12)
OTHER_NAME = TOKEN.filter(lambda name: (canonical_name(name.encode()) or b"") not in NAMES.values())
LINE = st.tuples(OTHER_NAME, st.sampled_from([":", ": ", " :", "\t:\t"]), VALUE).map("".join)
BODY = st.binary(max_size=60)
SPELLINGS = {
    "Via": ["Via", "v", "VIA"],
    "From": ["From", "f", "fRoM"],
    "To": ["To", "t"],
    "Call-ID": ["Call-ID", "i"],
    "CSeq": ["CSeq", "CSEQ"],
    "Contact": ["Contact", "m"],
    "Max-Forwards": ["Max-Forwards", "max-forwards"],
}


@st.composite
def whole(draw: st.DrawFn) -> bytes:
    """Make a well-formed message, of usual fields in any order and spelling and of unusual ones."""
    body = draw(BODY)
    method = draw(st.sampled_from(["INVITE", "OPTIONS", "BYE", "X%41.~"]))
    fields = FIELDS | {"CSeq": f"{draw(st.integers(0, 2**31 - 1))} {method}"}
    lines = [f"{draw(st.sampled_from(SPELLINGS[name]))}: {value}" for name, value in fields.items()]
    lines += draw(st.lists(LINE, max_size=4))
    if draw(st.booleans()):
        lines.append(f"Content-Length: {len(body)}")
    start = draw(
        st.sampled_from([f"{method} sip:+12155551213@192.0.2.1 SIP/2.0", "SIP/2.0 180 Ringing", "SIP/2.0 200 "])
    )
    return octets(start, {}, draw(st.permutations(lines)), body)


MESSAGES = [
    request(body=b"v=0\r\n"),
    request("OPTIONS"),
    request(
        "INVITE", "tel:+12155551213", 'P-Asserted-Identity: "A, B" <sip:+1@h>, <tel:+1>', "Identity: a.b.c;info=<x>"
    ),
    request("INVITE", "sip:b@c", "Route: <sip:192.0.2.1;lr;sg=x>", to="<sip:b@c>;tag=1"),
    request(
        "INVITE",
        "sip:b@c",
        "Diversion: <tel:+1;verstat=x>;reason=unconditional",
        from_="<sip:+1;verstat@h>;tag=1",
    ),
    request("CANCEL"),
    request("ACK"),
    response("183 Session Progress", "Record-Route: <sip:192.0.2.1;lr;sg=x>"),
    response("200 OK"),
]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Take a real message and cut, double, swap or overwrite pieces of it."""
    data = bytearray(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.binary(max_size=8),
                st.sampled_from(
                    [b"\r\n", b"\r\n ", b'"', b"<", b">", b";", b",", b":", b"\0", b"%", b"\\", b";tag=", b"@", b" "]
                ),
                st.just(bytes(data[at : at + length]) * 2),
            )
        )
        data[at : at + draw(st.integers(0, length))] = piece
    return bytes(data)


@given(whole())
def test_a_message_is_kept_octet_by_octet(data: bytes) -> None:
    message = parse(data)
    assert message.raw == data
    assert Draft(message).octets() == data


@given(whole(), BODY)
def test_what_follows_a_message_never_changes_its_reading(data: bytes, more: bytes) -> None:
    message = parse(data)
    if b"content-length" in message:
        assert parse(data + more).raw == data


@given(whole())
def test_two_ways_to_read_a_message_never_disagree(data: bytes) -> None:
    message = parse(data)
    for place, name in enumerate(message.names):
        assert name == canonical_name(message.lines[place].partition(b":")[0])
        assert place in message.places(name)
        assert message.value_at(place) == value_of(message.lines[place])
    assert message.via.branch in message.vias[0]
    assert message.from_tag == name_addr(message.value(b"from")).params[b"tag"]


@given(whole(), st.data())
def test_a_rewrite_changes_only_the_lines_it_names(data: bytes, choice: st.DataObject) -> None:
    message = parse(data)
    draft = Draft(message)
    place = choice.draw(st.integers(0, len(message.lines) - 1))
    draft.set_value(place, b"another")
    draft.above.append(b"Zed: above")
    draft.below.append(b"Zed: below")
    written = draft.octets()
    lines = [*message.lines]
    lines[place] = message.lines[place].partition(b":")[0] + b": another"
    assert written == b"\r\n".join((message.start, b"Zed: above", *lines, b"Zed: below", b"", message.body))


@given(st.binary(max_size=400))
@example(b"")
@example(b"SIP/2.0 200 OK\r\n\r\n")
def test_any_octets_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = parse(data)
    except MalformedMessage as fault:
        assert fault.code in (400, 501, 505, 513)  # noqa: PT017
    else:
        assert data.lstrip(b"\r\n").startswith(message.raw)


@settings(max_examples=1500)
@given(broken(), st.booleans())
def test_a_broken_message_is_never_a_mistake_of_ours(data: bytes, from_alice: bool) -> None:
    scene = Scene()
    phone = scene.alice if from_alice else scene.bob
    flow = Flow("UDP", GUARD, phone.address)
    try:
        message = parse(data)
    except MalformedMessage as fault:
        actions = scene.guard.refuse(fault, flow)
    else:
        actions = scene.guard.receive(message, flow, scene.now)
    for action in actions:
        if isinstance(action, Screen):
            Call.of(action.request, action.trunk, action.flow, 0.0)
            tags = Tags("V", frozenset({b"from", b"p-asserted-identity"}), ((b"X-SIP-Guard", b"v=1"),))
            sent = scene.guard.decide(action.key, Forward(tags), scene.now)
            assert [parse(send.octets).method for send in sent if isinstance(send, Send)] == [b"INVITE"]
    for _ in range(200):
        scene.guard.tick(scene.now)
        scene.now += 1
    assert scene.guard.transactions == 0


PIECES = st.sampled_from(
    [
        ";",
        "%3b",
        "%3B",
        "verstat",
        "VERSTAT",
        "ver",
        "stat",
        "%76er",
        "s%74at",
        "=",
        "%3d",
        "%3D",
        "x",
        "%41",
        "%20",
        " ",
        "\t",
        "@",
        "%40",
        ",",
        ">",
        "<",
        "?",
        "&",
        "%",
        "%2",
        "%25",
        "76",
        "e",
        "-",
        "\\",
        "\r\n ",
    ]
)
LENIENT = re.compile(rb";\s*verstat\s*(?:[=;@>,?&<]|$)", re.IGNORECASE)
"""What a reader that decodes escapes once, anywhere, would take for the parameter."""


@settings(max_examples=2000)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_after_cleaning_even_a_lenient_reader_finds_no_verstat(text: str) -> None:
    once = without_verstat(text.encode())
    assert without_verstat(once) == once
    assert not LENIENT.search(unquote_to_bytes(once))


@settings(max_examples=1000)
@given(st.lists(st.one_of(PIECES, st.just('"'), st.just('"a"')), max_size=14).map("".join))
def test_quotes_do_not_help_to_put_a_verstat_together(text: str) -> None:
    once = without_verstat(text.encode())
    assert without_verstat(once) == once


@given(broken())
def test_cleaning_and_tagging_leave_a_message_that_can_be_read(data: bytes) -> None:
    try:
        message = parse(data)
    except MalformedMessage:
        return
    draft = Draft(message)
    strip(draft)
    tag(draft, [b"from", b"p-asserted-identity"], "V")
    written = parse(draft.octets())
    assert written.body == message.body
    assert written.from_tag == message.from_tag
    assert written.to_tag == message.to_tag


@given(st.lists(st.sampled_from(['"', "\\", "<", ">", ",", " ", "a", "b;c=", "sip:"]), max_size=20).map("".join))
def test_splitting_a_list_loses_nothing_but_commas_and_blanks(value: str) -> None:
    items = split_list(value.encode())
    assert b"".join(items).replace(b",", b"").replace(b" ", b"") == value.encode().replace(b",", b"").replace(b" ", b"")


@given(st.text(max_size=40))
@example("+" * 40)
def test_a_number_is_digits_or_none(user: str) -> None:
    number = canonical(user)
    assert number is None or (number != "" and set(number) <= set("0123456789*#"))


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.text("-.() ", max_size=4), st.integers(1, 6))
def test_separators_do_not_change_a_number(number: str, separators: str, at: int) -> None:
    spelt = number[:at] + separators + number[at:]
    assert canonical(spelt + ";npdi") == canonical(number + ";npdi")
