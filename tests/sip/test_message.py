import pytest
from messages import FIELDS, SDP, fault, read_request, read_response, request, response, values

from sip_guard.sip.message import MAX_FIELD, MAX_FIELDS, MAX_MESSAGE, MalformedMessage, Request, parse


def line(field: str) -> bytes:
    """Write a line that another is put in place of."""
    return f"{field}: {FIELDS[field]}\r\n".encode()


def test_a_request_is_read_into_its_parts() -> None:
    message = read_request(request(body=SDP))
    assert message.method == b"INVITE"
    assert message.uri == b"sip:+12155551213@192.0.2.1:5060"
    assert message.cseq == 1
    assert message.from_tag == b"9fxced76sl"
    assert message.to_tag == b""
    assert message.via.branch == b"z9hG4bKnashds8"
    assert message.body == SDP
    assert message.raw == request(body=SDP)


def test_a_response_is_read_into_its_parts() -> None:
    message = read_response(response("180 Ringing at once"))
    assert (message.code, message.phrase) == (180, b"Ringing at once")
    assert message.method == b"INVITE"
    assert message.to_tag == b"314159"


@pytest.mark.parametrize("phrase", ["", "но сто девяносто девять", "= 2**3 * 5**2", "OK OK"])
def test_a_reason_phrase_may_be_anything(phrase: str) -> None:
    text = response("200 OK").replace(b"200 OK", b"200 " + phrase.encode())
    assert read_response(text).phrase == phrase.encode()


@pytest.mark.parametrize("name", ["i", "I", "call-id", "CALL-ID", "cAlL-iD", "Call-ID ", "i\t"])
def test_a_field_is_found_however_its_name_is_spelt(name: str) -> None:
    text = request().replace(b"Call-ID:", name.encode() + b":")
    message = read_request(text)
    assert message.value(b"call-id") == b"3848276298220188511@carrier.example"
    assert message.raw == text


def test_a_long_and_a_compact_name_are_one_field() -> None:
    message = read_request(request("INVITE", "sip:b@c", "Identity: one", "y: two", "IDENTITY : three"))
    assert values(message, "identity") == ["one", "two", "three"]
    assert message.value(b"identity") == b"one"


def test_a_folded_value_is_read_as_one_line_and_kept_as_it_is() -> None:
    text = request("INVITE", "sip:b@c", "Subject: one\r\n two \r\n\t\tthree", "Z:\r\n y")
    message = read_request(text)
    assert message.value(b"subject") == b"one two  three"
    assert message.value(b"z") == b"y"
    assert message.raw == text
    assert message.lines[-1] == b"Z:\r\n y"


def test_a_name_alone_is_not_cut_at_the_second_colon() -> None:
    assert read_request(request("INVITE", "sip:b@c", "Z: a: b:c")).value(b"z") == b"a: b:c"


def test_a_field_that_is_not_there_is_empty() -> None:
    message = read_request(request())
    assert b"subject" not in message
    assert message.value(b"subject") == b""
    assert message.values(b"subject") == []
    assert message.index(b"subject") is None
    assert not message.places(b"subject")


def test_an_empty_field_is_there() -> None:
    message = read_request(request("INVITE", "sip:b@c", "Subject:"))
    assert b"subject" in message
    assert message.values(b"subject") == [b""]


def test_every_via_value_counts_one_a_line_or_several() -> None:
    more = "Via: SIP/2.0/TCP b;branch=z9hG4bK2, SIP/2.0/UDP c"
    message = read_request(request("INVITE", "sip:b@c", more, "v: SIP/2.0/UDP d"))
    assert [value.split()[1].split(b";")[0] for value in message.vias] == [b"198.51.100.7:5060", b"b", b"c", b"d"]


def test_empty_lines_before_a_message_are_passed_over() -> None:
    assert parse(b"\r\n\r\n" + request()).raw == request()


def test_what_follows_the_body_is_left_out() -> None:
    message = parse(request(body=SDP) + b"INVITE sip:x SIP/2.0\r\n\r\n")
    assert message.body == SDP


def test_a_datagram_without_content_length_is_all_body() -> None:
    assert read_request(request(without=["Content-Length"], body=SDP)).body == SDP


def test_a_body_may_be_any_octets() -> None:
    octets = bytes(range(256)) + b"\r\n\r\n\n\r"
    assert read_request(request(body=octets)).body == octets


@pytest.mark.parametrize("length", ["-1", "+0", "0x0", "1 1", "٣", "", "99999999999", "1"])
def test_a_content_length_that_is_none_or_too_long_is_malformed(length: str) -> None:
    text = request().replace(b"Content-Length: 0", b"Content-Length: " + length.encode())
    assert fault(text).code == 400


@pytest.mark.parametrize("field", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_request_lacks_nothing_that_it_must_have(field: str) -> None:
    malformed = fault(request(without=[field]))
    assert malformed.code == 400
    assert isinstance(malformed.message, Request)


@pytest.mark.parametrize(
    "second",
    [
        "t: <sip:eve@x>",
        "From: <sip:eve@x>;tag=1",
        "Call-ID: 2",
        "i: 3",
        "CSeq: 2 INVITE",
        "Max-Forwards: 1",
        "l: 0",
        "c: a/b",
    ],
)
def test_a_field_that_stands_once_may_not_stand_twice(second: str) -> None:
    assert fault(request("INVITE", "sip:b@c", "Content-Type: a/b", second)).code == 400


@pytest.mark.parametrize(
    "start",
    [
        b"INVITE sip:b@c",
        b"INVITE  sip:b@c SIP/2.0",
        b"INVITE sip:b@c  SIP/2.0",
        b"INVITE sip:b@c SIP/2.0 ",
        b" INVITE sip:b@c SIP/2.0",
        b"INVITE\tsip:b@c\tSIP/2.0",
        b"INVITE <sip:b@c> SIP/2.0",
        b'INVITE sip:"b"@c SIP/2.0',
        b"INVITE sip:b@c; lr SIP/2.0",
        b"INVITE sip:b@c SIP/2.0\r\n SIP/2.0",
        b"INVITE sip:b\x00@c SIP/2.0",
        b"INVITE b@c SIP/2.0",
        b"INVITE sip: SIP/2.0",
        b"INVITE sip:b@c:port SIP/2.0",
        b"INVITE sip:b@c:0 SIP/2.0",
        b"INVITE sip:b@c:65536 SIP/2.0",
        b"INVITE sip:b@c?Route=%3Csip:x%3E SIP/2.0",
        b"INVITE tel:bob SIP/2.0",
        b"INVITE sip:b@c HTTP/1.1",
        b"INV@TE sip:b@c SIP/2.0",
        b"GET / HTTP/1.1",
        b"",
    ],
)
def test_a_request_line_is_as_the_rfc_writes_it(start: bytes) -> None:
    assert fault(request().replace(b"INVITE sip:+12155551213@192.0.2.1:5060 SIP/2.0", start, 1)).code == 400


@pytest.mark.parametrize(
    "status", ["099 Low", "700 High", "20 Short", "2000 Long", "4294967301 Huge", "+20 Sign", "200", "²00 OK"]
)
def test_a_status_code_has_three_digits(status: str) -> None:
    text = response("200 OK").replace(b"200 OK", status.encode(), 1)
    malformed = fault(text)
    assert not isinstance(malformed.message, Request)


@pytest.mark.parametrize("version", ["SIP/1.0", "SIP/2.1", "SIP/7.0", "sip/3.0"])
def test_another_version_is_not_supported(version: str) -> None:
    malformed = fault(request().replace(b" SIP/2.0\r\n", f" {version}\r\n".encode(), 1))
    assert malformed.code == 505
    assert isinstance(malformed.message, Request)


def test_the_version_may_be_spelt_in_lower_case() -> None:
    assert read_request(request().replace(b" SIP/2.0\r\n", b" sip/2.0\r\n", 1)).method == b"INVITE"


@pytest.mark.parametrize("method", ["invite", "RE%47IST%45R", "!interesting-Method0123456789_*+`.%indeed'~"])
def test_a_method_is_any_token_and_means_itself(method: str) -> None:
    assert read_request(request(method)).method == method.encode()


@pytest.mark.parametrize(
    ("method", "cseq", "code"),
    [
        ("INVITE", "1 ACK", 400),
        ("INVITE", "1 invite", 400),
        ("NEWMETHOD", "1 INVITE", 501),
        ("INVITE", "2147483648 INVITE", 400),
        ("INVITE", "36893488147419103232 INVITE", 400),
        ("INVITE", "-1 INVITE", 400),
        ("INVITE", "1", 400),
        ("INVITE", "INVITE", 400),
        ("INVITE", "1 INVITE x", 400),
        ("INVITE", "٣ INVITE", 400),
    ],
)
def test_a_cseq_is_a_number_below_2_to_the_31_and_the_method(method: str, cseq: str, code: int) -> None:
    text = request(method).replace(f"1 {method}".encode(), cseq.encode())
    assert fault(text).code == code


def test_the_largest_cseq_is_read_with_its_zeros() -> None:
    assert read_request(request(cseq="2147483647 INVITE")).cseq == 2**31 - 1
    assert read_request(request(cseq="0000000009   INVITE")).cseq == 9


@pytest.mark.parametrize("breadth", ["-1", "x", "", "1 1", "99999999999"])
def test_max_breadth_is_a_number(breadth: str) -> None:
    assert fault(request(fields={"Max-Breadth": breadth})).reason == "Max-Breadth"
    assert read_request(request(fields={"Max-Breadth": "061"})).value(b"max-breadth") == b"061"


@pytest.mark.parametrize("hops", ["256", "-1", "x", "", "1 1", "99999999999"])
def test_max_forwards_is_a_number_of_an_octet(hops: str) -> None:
    assert fault(request(max_forwards=hops)).reason == "Max-Forwards"
    assert read_request(request(max_forwards="0068")).value(b"max-forwards") == b"0068"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sip",
        "<sip:a@b",
        "sip:a@b>",
        "<>",
        "< sip:a@b >",
        '"Alice <sip:a@b>',
        'Alice" <sip:a@b>',
        "Bell, Alexander <sip:a@b>",
        "sip:a@b?Route=x",
        "<sip:a@b>;;tag=1",
        "<sip:a@b>;tag=",
        "<sip:a@b>;tag=1;TAG=2",
        "<sip:a@b>, <sip:c@d>",
        "<sip:a@b><sip:c@d>",
        '<sip:a@b>;x="1',
        "<sip:a\x01@b>",
        "<sip:a@b>;tag=\x01",
        "+12155551212",
    ],
)
@pytest.mark.parametrize("field", ["From", "To"])
def test_a_from_or_to_that_can_be_read_in_two_ways_is_malformed(field: str, address: str) -> None:
    malformed = fault(request(fields={field: address}))
    assert malformed.reason == field


@pytest.mark.parametrize(
    "contact",
    ["sip:a@b?Route=%3Csip:c%3E", "<sip:a@b", '"a <sip:a@b>', "<sip:a@b>;;;", "<sip:a@b>, nobody", "Bell, A <sip:a@b>"],
)
def test_a_contact_is_malformed_in_the_same_ways(contact: str) -> None:
    text = request("REGISTER", "sip:b@c", f"Contact: {contact}", without=["Contact"])
    assert fault(text).reason == "Contact"


def test_an_asserted_identity_that_cannot_be_read_costs_no_call() -> None:
    """It is a matter of what the token attests, and not of the message."""
    assert read_request(request("INVITE", "sip:b@c", "P-Asserted-Identity: garbage")).method == b"INVITE"


@pytest.mark.parametrize(
    "contact",
    ["*", "", "<sip:a@b?Route=%3Csip:c%3E>", "sip:a@b;expires=3", "<sip:a@b>, <sip:c@d>;q=0.5", "<name:John_Smith>"],
)
def test_a_contact_may_be_all_of_these(contact: str) -> None:
    assert read_request(request(contact=contact)).value(b"contact") == contact.encode()


@pytest.mark.parametrize("call_id", ["", "a b", "a\tb", "a\x00b", "a\x7fb"])
def test_a_call_id_is_one_word(call_id: str) -> None:
    assert fault(request(call_id=call_id)).code == 400


@pytest.mark.parametrize(
    "via",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP host;;",
        "SIP/2.0/UDP host;,",
        "SIP/3.0/UDP host",
        "SIP/2.0 host",
        "SIP/2.0/UDP host:0",
        "SIP/2.0/UDP host:65536",
        "SIP/2.0/UDP ho st",
        "SIP/2.0/UDP host;branch=1;branch=2",
        "SIP/2.0/UDP [::1",
    ],
)
def test_a_top_via_that_cannot_be_read_is_malformed(via: str) -> None:
    assert fault(request(via=via)).reason == "Via"


@pytest.mark.parametrize("where", [b"\n", b"\r", b"\n\n", b"\0", b"\r\r\n", b"\n\r"])
def test_a_cr_lf_or_nul_that_stands_alone_is_malformed_and_never_repeated(where: bytes) -> None:
    malformed = fault(request("INVITE", "sip:b@c", "Subject: a b").replace(b"a b", b"a" + where + b"b"))
    assert malformed.message is None


def test_a_nul_may_stand_in_a_quoted_pair() -> None:
    text = request(to='"a\\\0b" <sip:b@c>')
    assert parse(text).raw == text


def test_a_message_of_bare_line_feeds_is_malformed() -> None:
    assert fault(request().replace(b"\r\n", b"\n")).message is None


@pytest.mark.parametrize("odd", ["Subject", "From", " : x", ": x", "Sub ject: x", "Sübject: x", "(): x"])
def test_a_line_without_a_name_or_a_colon_is_malformed(odd: str) -> None:
    text = request("INVITE", "sip:b@c", "Z: y").replace(b"Z: y", b"Z: y\r\n" + odd.encode())
    if odd.startswith(" "):
        assert read_request(text).value(b"z") == b"y : x"
    else:
        assert fault(text).reason == "a header field without a name"


def test_a_message_ends_its_header_fields_with_an_empty_line() -> None:
    malformed = fault(request().rstrip(b"\r\n"))
    assert malformed.reason == "no empty line after the header fields"
    assert isinstance(malformed.message, Request)


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0", b"x", b"\xff" * 100, b" ", b": : :\r\n\r\n"])
def test_what_is_not_sip_at_all_is_malformed(data: bytes) -> None:
    malformed = fault(data)
    assert not isinstance(malformed.message, Request) or malformed.message.vias == []


def test_limits_are_kept() -> None:
    assert fault(b"x" * (MAX_MESSAGE + 1)).code == 513
    assert fault(request("INVITE", "sip:b@c", "Z: " + "x" * MAX_FIELD)).code == 400
    assert fault(request("INVITE", "sip:b@c", "Z: x" + "\r\n x" * (MAX_FIELD // 4))).code == 400
    assert fault(request("INVITE", "sip:b@c", *["Z: x"] * MAX_FIELDS)).code == 400


def test_up_to_the_limits_all_is_read() -> None:
    message = read_request(request("INVITE", "sip:b@c", "Z: " + "x" * (MAX_FIELD - 3), *["Y: y"] * (MAX_FIELDS - 9)))
    assert len(message.value(b"z")) == MAX_FIELD - 3
    assert len(message.lines) == MAX_FIELDS


def test_a_malformed_message_keeps_what_could_be_read() -> None:
    malformed = fault(request("INVITE", "sip:b@c", "To: <sip:eve@x>", "no name"))
    assert isinstance(malformed.message, Request)
    assert malformed.message.method == b"INVITE"
    assert values(malformed.message, "call-id") == ["3848276298220188511@carrier.example"]


def test_the_reason_is_the_exceptions_text() -> None:
    with pytest.raises(MalformedMessage, match="two to fields"):
        parse(request("INVITE", "sip:b@c", "To: <sip:eve@x>"))
