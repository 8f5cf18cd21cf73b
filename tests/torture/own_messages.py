"""Messages that are hard to read right, in the manner of RFC 4475 and RFC 5118: the project's own.

Each line of a text ends in CRLF on the wire. `expect` is what the guard does with it when it comes from Alice's trunk,
or, where it is an answer, from Bob: `forward`, `drop`, `relay`, or the code of the one answer.
"""

from typing import NamedTuple


class Torture(NamedTuple):
    """A message, and what is to be done with it."""

    name: str
    expect: str
    data: bytes


def torture(name: str, expect: str, text: str, body: bytes = b"") -> Torture:
    """Write a message down; lines may be indented with the text around them, and `|` marks where an odd one begins."""
    lines = [line.strip().removeprefix("|").removesuffix("|") for line in text.strip().splitlines()]
    return Torture(name, expect, "\r\n".join([*lines, "", ""]).encode() + body)


USUAL = """Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-t
    Max-Forwards: 70
    From: <sip:+12155551212@carrier.example>;tag=t
    To: <sip:+12155551213@guard.example>
    Call-ID: torture
    CSeq: 1 INVITE"""


def usual(
    name: str, expect: str, *more: str, start: str = "INVITE sip:+12155551213@192.0.2.1 SIP/2.0", **other: str
) -> Torture:
    """Write a usual INVITE with one thing odd: a field that is `other`, or `more` lines."""
    lines = [line.strip() for line in USUAL.splitlines()]
    for field, value in other.items():
        begin = field.replace("_", "-").lower() + ":"
        lines = [value if line.lower().startswith(begin) else line for line in lines]
    return Torture(name, expect, "\r\n".join([start, *(line for line in lines if line), *more, "", ""]).encode())


SDP = b"v=0\r\no=- 1 1 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

VALID = [
    torture(
        "white space wherever it may stand",
        "forward",
        """
        INVITE sip:+12155551213@192.0.2.1;odd SIP/2.0
        tO :
        |   "The \\\\\\"Callee\\"" <sip:+12155551213@guard.example>
        f\t:  A  Caller   <sip:+12155551212@carrier.example>
        |  ;
        |\t tag  =  t
        MAX-forwards:\t0007
        i  : torture-ws@x
        CSEQ :
        |  0042
        |   INVITE
        v: SIP  /  2.0
        |  /UDP  198.51.100.7 ; branch =
        |   z9hG4bK-ws  ,
        |  SIP/2.0/TCP   inner.example ; branch=old
        Subject :
        X-Nothing-But-Separators: ,;;,;=,
        m : "x" <sip:a@198.51.100.7> ; q = 0.5 ; z
        |  = y
        l : 3
        """,
        b"abc",
    ),
    usual("escapes are kept", "forward", start="INVITE sip:%2b1215%35551213;x=%00@192.0.2.1 SIP/2.0"),
    usual("a semicolon in the user part", "forward", start="INVITE sip:+1215;npdi;rn=+1303@192.0.2.1 SIP/2.0"),
    usual("no space before the bracket", "forward", From="From: Alice<sip:+12155551212@carrier.example>;tag=t"),
    usual("separators in a display name", "forward", From='From: "<,;:>@ \\\\ \\"" <sip:+1@h>;tag=t'),
    usual("an unknown scheme in To", "forward", To="To: <isbn:2983792873>"),
    usual("an unknown transport below", "forward", "Via: SIP/2.0/QUIC a;branch=1", "v: SIP/2.0/SCTP [::1]:9"),
    usual("names in odd capitals", "forward", "sUbJeCt: x", "x-ODD: y", Call_ID="cALL-iD: torture"),
    usual("a long list of Identity values", "forward", *[f"Identity: a.b.{n};info=<https://x>" for n in range(200)]),
    usual("an empty Identity", "forward", "Identity:", "y: "),
    usual("an Identity folded in its token", "forward", "Identity: eyJ\r\n h.e30.x;info=<https://x>;alg=ES256"),
    usual("two infos", "forward", "Identity: a.b.c;info=<https://x>;info=<https://y>"),
    usual("a Date in another zone", "forward", "Date: Fri, 01 Jan 2010 16:00:00 EST"),
    usual("headers in a Contact in brackets", "forward", "Contact: <sip:a@h?Route=%3Csip:evil.example%3E>"),
    usual(
        "no Max-Forwards and no tag, as in RFC 2543",
        "forward",
        Via="Via: SIP/2.0/UDP 198.51.100.7",
        Max_Forwards="",
        From="From: sip:+12155551212@carrier.example",
    ),
    usual("the largest numbers", "forward", CSeq="CSeq: 2147483647 INVITE", Max_Forwards="Max-Forwards: 255"),
    torture(
        "a body of two kinds of address",
        "forward",
        f"""
        INVITE sip:+12155551213@192.0.2.1 SIP/2.0
        {USUAL}
        Content-Type: application/sdp
        Content-Length: {len(SDP)}""",
        SDP,
    ),
    torture(
        "octets after the body",
        "forward",
        f"""
        INVITE sip:+12155551213@192.0.2.1 SIP/2.0
        {USUAL}
        Content-Length: 4""",
        b"bodyINVITE sip:eve@192.0.2.1 SIP/2.0\r\n\r\n",
    ),
    torture(
        "a body of any octets",
        "forward",
        f"""
        INVITE sip:+12155551213@192.0.2.1 SIP/2.0
        {USUAL}
        Content-Length: 256""",
        bytes(range(256)),
    ),
    usual("an IPv6 Request-URI with a port", "forward", start="INVITE sip:[2001:db8::10]:5070 SIP/2.0"),
    usual("an IPv6 Request-URI that ends like a port", "forward", start="INVITE sip:[2001:db8::10:5070] SIP/2.0"),
    usual(
        "a Via of IPv6, received in brackets",
        "forward",
        Via="Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bK-6a",
    ),
    usual(
        "a Via of IPv6, received without",
        "forward",
        Via="Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bK-6b",
    ),
    usual("an IPv4 address within IPv6", "forward", start="INVITE sip:a@[::ffff:192.0.2.10] SIP/2.0"),
    usual("three colons, which an old grammar made", "forward", start="INVITE sip:a@[2001:db8:::192.0.2.1] SIP/2.0"),
]

REFUSED = [
    usual("separators too many in Via", "400", Via="Via: SIP/2.0/UDP 198.51.100.7;;branch=z9hG4bK-t"),
    usual("separators too many in Contact", "400", "Contact: <sip:a@h>;;;"),
    usual("headers in a Contact without brackets", "400", "Contact: sip:a@h?Route=%3Csip:evil.example%3E"),
    usual("a quote without end", "400", To='To: "Bob <sip:+12155551213@guard.example>'),
    usual("a comma in an unquoted name", "400", From="From: Bell, Alice <sip:+12155551212@h>;tag=t"),
    usual("blanks within brackets", "400", To="To: < sip:+12155551213@guard.example >"),
    usual("two tags in From", "400", From="From: <sip:+12155551212@h>;tag=t;tag=u"),
    usual("a Request-URI in brackets", "400", start="INVITE <sip:b@192.0.2.1> SIP/2.0"),
    usual("a blank in the Request-URI", "400", start="INVITE sip:b@192.0.2.1; lr SIP/2.0"),
    usual("two blanks in the request line", "400", start="INVITE  sip:b@192.0.2.1  SIP/2.0"),
    usual("a blank at the end of the request line", "400", start="INVITE sip:b@192.0.2.1 SIP/2.0 "),
    usual("headers in the Request-URI", "400", start="INVITE sip:b@192.0.2.1?Route=%3Csip:evil.example%3E SIP/2.0"),
    usual("IPv6 without brackets", "400", start="INVITE sip:2001:db8::10 SIP/2.0"),
    usual("no version", "400", start="INVITE sip:b@192.0.2.1"),
    usual("another version", "505", start="INVITE sip:b@192.0.2.1 SIP/9.0"),
    usual("another method in CSeq", "400", CSeq="CSeq: 1 BYE"),
    usual("another method in CSeq, and one unheard of", "501", start="UNHEARD sip:b@192.0.2.1 SIP/2.0"),
    usual("a CSeq out of range", "400", CSeq="CSeq: 4294967297 INVITE"),
    usual("a Max-Forwards out of range", "400", Max_Forwards="Max-Forwards: 300"),
    usual("Max-Forwards used up", "483", Max_Forwards="Max-Forwards: 0"),
    usual("two Call-IDs", "400", "i: other"),
    usual("two CSeqs", "400", "CSeq: 2 INVITE"),
    usual("two Tos", "400", "t: <sip:eve@h>"),
    usual("two Froms", "400", "From: <sip:+442079460000@h>;tag=t"),
    usual("two lengths", "400", "Content-Length: 0", "l: 5"),
    usual("two lengths that agree", "400", "Content-Length: 0", "Content-Length: 0"),
    usual("a length that is longer than the datagram", "400", "Content-Length: 9999"),
    usual("a negative length", "400", "Content-Length: -1"),
    usual("a length with a sign", "400", "Content-Length: +0"),
    usual("a length in another base", "400", "Content-Length: 0x0"),
    usual("a length in two parts", "400", "Content-Length: 0 0"),
    usual("a length in other digits", "400", "Content-Length: \N{ARABIC-INDIC DIGIT ZERO}"),
    usual("a field without a colon", "400", "Subject nothing"),
    usual("a usual field without a colon", "400", "Identity"),
    usual("a field of too many octets", "400", "Identity: " + "." * 20_000),
    usual("a quarter of a thousand fields and more", "400", *["Identity: a.b.c"] * 260),
    usual("no From, To or Call-ID", "400", From="", To="", Call_ID=""),
    usual("a scheme nobody knows", "416", start="INVITE nobody-knows:this SIP/2.0"),
    usual("a scheme that SIP cannot route", "416", start="INVITE https://192.0.2.1/ SIP/2.0"),
    usual("something a proxy must know", "420", "Proxy-Require: nobody-knows"),
    usual("something the callee must know", "forward", "Require: nobody-knows"),
    usual("a Route to elsewhere", "403", "Route: <sip:evil.example;lr>"),
    usual("REGISTER", "405", start="REGISTER sip:192.0.2.1 SIP/2.0", CSeq="CSeq: 1 REGISTER"),
    usual(
        "a method in escapes is not the method",
        "405",
        start="RE%47ISTER sip:192.0.2.1 SIP/2.0",
        CSeq="CSeq: 1 RE%47ISTER",
    ),
    usual(
        "OPTIONS with a bare cookie for a branch",
        "200",
        start="OPTIONS sip:192.0.2.1 SIP/2.0",
        CSeq="CSeq: 1 OPTIONS",
        Via="Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK",
    ),
]

DROPPED = [
    usual("no Via", "drop", Via=""),
    usual("a bare line feed", "drop", "Subject: a\nP-Asserted-Identity: <sip:+442079460000@h>"),
    usual("a bare carriage return", "drop", "Subject: a\rFrom: <sip:+442079460000@h>"),
    usual("a NUL in a token", "drop", "Identity: a.b\0.c;info=<https://x>"),
    usual("a malformed ACK", "drop", start="ACK sip:b@192.0.2.1 SIP/2.0"),
    Torture("one octet", "drop", b"x"),
    Torture("no octet", "drop", b""),
    Torture("keep-alive", "drop", b"\r\n\r\n"),
    Torture("NULs", "drop", b"\0" * 1000),
    Torture("HTTP", "drop", b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"),
    Torture("64 KiB of nothing", "drop", b"<" * 65_535),
]

ANSWERS = [
    usual(
        "a phrase in another alphabet", "relay", start='SIP/2.0 180 Вызов: \N{BELL}, ;=<>"', To="To: <sip:b@h>;tag=b"
    ),
    usual("an empty phrase", "relay", start="SIP/2.0 180 ", To="To: <sip:b@h>;tag=b"),
    usual("a code above all", "drop", start="SIP/2.0 700 What"),
    usual("a code of four digits", "drop", start="SIP/2.0 1800 What"),
    usual("a code that overflows", "drop", start="SIP/2.0 4294967476 Ringing"),
    usual("an answer of another version", "drop", start="SIP/3.0 180 Ringing"),
    usual(
        "an answer with a CSeq that overflows",
        "drop",
        start="SIP/2.0 180 Ringing",
        CSeq="CSeq: 9292394834772304023312 INVITE",
    ),
    usual("an answer shorter than it says", "drop", "Content-Length: 10", start="SIP/2.0 180 Ringing"),
    usual("an answer with two lengths", "drop", "Content-Length: 0", "l: 0", start="SIP/2.0 180 Ringing"),
    usual("an answer without From", "drop", start="SIP/2.0 180 Ringing", From=""),
    usual("an answer to another method", "drop", start="SIP/2.0 180 Ringing", CSeq="CSeq: 1 OPTIONS"),
]
