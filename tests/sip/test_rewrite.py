import pytest
from messages import SDP, fault, read_request, read_response, request, response, values

from sip_guard.sip.headers import Via
from sip_guard.sip.message import Request
from sip_guard.sip.rewrite import (
    PHRASES,
    Draft,
    acknowledgement,
    answer,
    cancellation,
    restore,
    stamped_via,
    without_top_via,
)

SOURCE = ("198.51.100.7", 5060)


def test_a_draft_that_is_not_changed_is_the_message_itself() -> None:
    text = request("INVITE", "sip:b@c", "Subject :  a\r\n  b", "x-y:z", body=SDP)
    assert Draft(read_request(text)).octets() == text


def test_a_value_is_set_under_the_name_as_it_was_spelt() -> None:
    message = read_request(request("INVITE", "sip:b@c", "sUBJECT: a\r\n b", "Zed: 1"))
    draft = Draft(message)
    place = message.places(b"subject")[0]
    draft.set_value(place, b"c")
    assert draft.value_at(place) == b"c"
    assert b"\r\nsUBJECT: c\r\nZed: 1\r\n" in draft.octets()


def test_a_line_is_removed_with_its_foldings() -> None:
    message = read_request(request("INVITE", "sip:b@c", "Subject: a\r\n b", "Zed: 1"))
    draft = Draft(message)
    place = message.places(b"subject")[0]
    draft.remove(place)
    assert draft.value_at(place) == b""
    assert draft.standing(b"subject") == []
    assert draft.octets() == request("INVITE", "sip:b@c", "Zed: 1")


def test_a_changed_line_that_is_folded_is_read_on_one_line() -> None:
    message = read_request(request("INVITE", "sip:b@c", "Subject: a\r\n b"))
    draft = Draft(message)
    place = message.places(b"subject")[0]
    draft.lines[place] = b"Subject: c\r\n  d"
    assert draft.value_at(place) == b"c d"


def test_lines_go_above_and_below_all_others() -> None:
    draft = Draft(read_request(request(body=SDP)))
    draft.above.append(b"Via: x")
    draft.below.append(b"Zed: y")
    head, _, body = draft.octets().partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[1] == b"Via: x"
    assert head.split(b"\r\n")[-1] == b"Zed: y"
    assert body == SDP


def test_an_answer_repeats_what_names_the_request_and_nothing_else() -> None:
    text = answer(
        read_request(request("INVITE", "sip:b@c", "v: SIP/2.0/UDP d", "Timestamp: 5", body=SDP)), 404, tag=b"9"
    )
    answered = read_response(text)
    assert answered.start == b"SIP/2.0 404 Not Found"
    assert answered.names == [b"via", b"via", b"from", b"to", b"call-id", b"cseq", b"content-length"]
    assert answered.to_tag == b"9"
    assert answered.body == b""


def test_a_100_has_no_to_tag_of_ours_and_repeats_the_timestamp() -> None:
    answered = read_response(answer(read_request(request("INVITE", "sip:b@c", "Timestamp: 5")), 100, tag=b"9"))
    assert answered.to_tag == b""
    assert answered.value(b"timestamp") == b"5"


def test_a_to_tag_that_is_there_stays() -> None:
    answered = read_response(answer(read_request(request(to="<sip:b@c>;tag=1")), 481, tag=b"9"))
    assert values(answered, "to") == ["<sip:b@c>;tag=1"]


def test_an_answer_has_one_of_each_field_though_the_request_had_two() -> None:
    malformed = fault(request("INVITE", "sip:b@c", "To: <sip:eve@x>", "Call-ID: 2", "CSeq: 2 INVITE", "f: <sip:eve@x>"))
    assert isinstance(malformed.message, Request)
    answered = read_response(answer(malformed.message, 400, tag=b"9"))
    assert values(answered, "to") == ["<sip:+12155551213@guard.example>;tag=9"]


def test_an_answer_lacks_what_the_request_lacks() -> None:
    malformed = fault(request(without=["From", "To", "Call-ID"]))
    assert isinstance(malformed.message, Request)
    head = answer(malformed.message, 400, tag=b"9").partition(b"\r\n\r\n")[0]
    assert [line.split(b":")[0] for line in head.split(b"\r\n")[1:]] == [b"Via", b"CSeq", b"Content-Length"]


def test_an_answer_may_have_a_phrase_and_lines_of_its_own() -> None:
    text = answer(
        read_request(request()), 420, tag=b"9", phrase="No", top_via=b"Via: SIP/2.0/UDP z", extra=(b"Zed: 1",)
    )
    answered = read_response(text)
    assert (answered.phrase, answered.value(b"zed"), answered.via.host) == (b"No", b"1", b"z")


def test_every_answer_of_ours_has_its_phrase() -> None:
    for code, phrase in PHRASES.items():
        assert read_response(answer(read_request(request()), code, tag=b"9")).phrase == phrase.encode()


@pytest.mark.parametrize(
    ("via", "stamped", "port"),
    [
        ("SIP/2.0/UDP 198.51.100.7;branch=b", "SIP/2.0/UDP 198.51.100.7;branch=b", 5060),
        ("SIP/2.0/UDP 198.51.100.7:5070;branch=b", "SIP/2.0/UDP 198.51.100.7:5070;branch=b", 5070),
        ("SIP/2.0/UDP host;branch=b", "SIP/2.0/UDP host;branch=b;received=198.51.100.7", 5060),
        ("SIP/2.0/UDP h;rport;branch=b", "SIP/2.0/UDP h;rport=5060;branch=b;received=198.51.100.7", 5060),
        ("SIP/2.0/UDP 198.51.100.7:9;rport", "SIP/2.0/UDP 198.51.100.7:9;rport=5060;received=198.51.100.7", 5060),
        ("SIP/2.0/UDP 198.51.100.7:9;rport=7", "SIP/2.0/UDP 198.51.100.7:9;rport=7", 9),
        ("SIP/2.0/UDP h;received=192.0.2.9;x", "SIP/2.0/UDP h;x;received=198.51.100.7", 5060),
        ("SIP/2.0/UDP 198.51.100.7;received=192.0.2.9", "SIP/2.0/UDP 198.51.100.7", 5060),
        ('SIP/2.0/UDP 198.51.100.7;x=";rport;received=1"', 'SIP/2.0/UDP 198.51.100.7;x=";rport;received=1"', 5060),
        ("sip / 2.0 / udp  198.51.100.7 ; branch = b", "SIP/2.0/UDP 198.51.100.7;branch=b", 5060),
        ("SIP/2.0/UDP h;branch=b, SIP/2.0/TCP d", "SIP/2.0/UDP h;branch=b;received=198.51.100.7, SIP/2.0/TCP d", 5060),
    ],
)
def test_the_top_via_says_where_the_request_came_from(via: str, stamped: str, port: int) -> None:
    message = read_request(request(via=via))
    line, where = stamped_via(message, message.via, SOURCE)
    assert line.decode() == f"Via: {stamped}"
    assert where == ("198.51.100.7", port)
    assert Via.parse(line.removeprefix(b"Via: ").split(b", ")[0]) is not None


def test_an_ipv6_source_is_written_without_brackets() -> None:
    message = read_request(request(via="SIP/2.0/UDP [2001:db8::1]:5070;rport"))
    line, where = stamped_via(message, message.via, ("2001:db8::9", 6000))
    assert line == b"Via: SIP/2.0/UDP [2001:db8::1]:5070;rport=6000;received=2001:db8::9"
    assert where == ("2001:db8::9", 6000)
    same = read_request(request(via="SIP/2.0/UDP [2001:db8::9]:5070"))
    assert stamped_via(same, same.via, ("2001:db8::9", 6000))[0] == b"Via: SIP/2.0/UDP [2001:db8::9]:5070"


@pytest.mark.parametrize("second", ["\r\nVia: SIP/2.0/UDP b", ", SIP/2.0/UDP b", ",\r\n  SIP/2.0/UDP b"])
def test_our_via_alone_is_taken_off(second: str) -> None:
    draft = Draft(read_response(response(via=f"SIP/2.0/UDP a{second}")))
    without_top_via(draft)
    assert [via.host for via in [read_response(draft.octets()).via]] == [b"b"]
    assert len(read_response(draft.octets()).vias) == 1


def test_the_companions_of_an_invite_are_made_of_what_was_sent() -> None:
    message = read_request(request("INVITE", "sip:b@c;x=y", "Route: <sip:d;lr>", "Contact: <sip:e>", to="<sip:b@c>"))
    draft = Draft(message)
    draft.set_value(message.places(b"from")[0], b"<sip:a;verstat=x@b>;tag=1")
    draft.above.append(b"Via: SIP/2.0/UDP guard;branch=z9hG4bKg")
    cancel = read_request(cancellation(draft))
    ack = read_request(acknowledgement(draft, read_response(response("486 Busy"))))
    for companion, method, to in (
        (cancel, b"CANCEL", "<sip:b@c>"),
        (ack, b"ACK", "<sip:+12155551213@guard.example>;tag=314159"),
    ):
        assert companion.start == method + b" sip:b@c;x=y SIP/2.0"
        assert values(companion, "via") == ["SIP/2.0/UDP guard;branch=z9hG4bKg"]
        assert values(companion, "route") == ["<sip:d;lr>"]
        assert values(companion, "from") == ["<sip:a;verstat=x@b>;tag=1"]
        assert values(companion, "to") == [to]
        assert values(companion, "cseq") == [f"1 {method.decode()}"]
        assert b"contact" not in companion


def test_from_and_to_are_shown_as_their_sender_wrote_them() -> None:
    asked = read_request(request(from_='"A"\r\n  <sip:a@b>;tag=1', to="b <sip:b@c>"))
    draft = Draft(read_response(response(to="<sip:other@c>;x=y;tag=7")))
    restore(draft, asked)
    shown = read_response(draft.octets())
    assert shown.lines[shown.places(b"from")[0]] == asked.lines[asked.places(b"from")[0]]
    assert values(shown, "to") == ["b <sip:b@c>;tag=7"]


def test_a_to_that_had_its_tag_gets_no_other() -> None:
    draft = Draft(read_response(response(to="<sip:other@c>;tag=7")))
    restore(draft, read_request(request(to="<sip:b@c>;tag=1")))
    assert values(read_response(draft.octets()), "to") == ["<sip:b@c>;tag=1"]
    early = Draft(read_response(response("183 Progress", to="<sip:other@c>")))
    restore(early, read_request(request(to="<sip:b@c>")))
    assert values(read_response(early.octets()), "to") == ["<sip:b@c>"]
