from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import octets, read_request, request, values

from sip_guard.peer import Target, Trunk
from sip_guard.proxy.loops import Loops, branch, digest_of, limit_breadth
from sip_guard.proxy.route import Seal
from sip_guard.sip.flow import End
from sip_guard.sip.headers import Via
from sip_guard.sip.hygiene import strip
from sip_guard.sip.message import Request
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.tagging import tag

CARRIER = Trunk(name="carrier", targets=("pbx",))
PBX = Target(name="pbx", host="192.0.2.9")
OWN = [End("UDP", ("192.0.2.1", 5060)), End("TCP", ("192.0.2.1", 5060)), End("TLS", ("2001:DB8::1", 5061))]
LOOPS = Loops(OWN, Seal(b"0123456789abcdef"), {b"x-trunk"})
US = "SIP/2.0/UDP 192.0.2.1:5060"


def passed(received: Request, via: str = US, peer: Trunk | Target = CARRIER, loops: Loops = LOOPS) -> Draft:
    """Give what the guard sends on of a request: with its Via on top, and one hop less."""
    draft = Draft(received)
    mark = branch(b"0123456789abcdef", loops.digest(received, peer)).decode()
    draft.above += [f"Via: {via};branch={mark};rport".encode(), b"Record-Route: <sip:192.0.2.1;lr;sg=x>"]
    draft.set_value(received.places(b"max-forwards")[0], b"69")
    return draft


def back(draft: Draft, change: Callable[[bytes], bytes] = lambda text: text) -> Request:
    """Let another element send it back to us."""
    via = b"\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKback%d" % len(draft.lines)
    start, line_end, rest = draft.octets().partition(b"\r\n")
    return read_request(change(start + via + line_end + rest))


def replacing(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(text: bytes) -> bytes:
        assert old.encode() in text
        return text.replace(old.encode(), new.encode())

    return change


def test_a_request_that_comes_back_as_it_was_is_a_loop() -> None:
    first = read_request(request())
    assert not LOOPS.closed(first, CARRIER)
    assert LOOPS.closed(back(passed(first)), CARRIER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\r\nMax-Forwards: 69", "\r\nMax-Forwards: 12"),
        ("\r\nRecord-Route: ", "\r\nRecord-Route: <sip:198.51.100.7;lr>\r\nRecord-Route: "),
        ("\r\nFrom: ", "\r\nRoute: <sip:192.0.2.1;lr>\r\nFrom: "),
        ("\r\nFrom: ", "\r\nRoute: <sip:192.0.2.1:5060;lr;sg=y>, <sip:[2001:db8::1]:5061;lr>\r\nFrom: "),
        (";rport", ";rport=5060;received=192.0.2.1"),
        ("Via: SIP/2.0/UDP 192.0.2.1:5060;", "v: SIP / 2.0 / UDP  192.0.2.1 : 5060 ; "),
        ("\r\nVia: SIP/2.0/UDP 192.0.2.1:5060", ", SIP/2.0/UDP 192.0.2.1:5060"),
        ("\r\nFrom: ", "\r\nIdentity: a.b.c;info=<https://x>\r\nDiversion: <sip:a@b>\r\nUser-Agent: x\r\nf: "),
        ("@carrier.example>;tag", ";verstat=TN-Validation-Passed@carrier.example>;tag"),
    ],
)
def test_a_loop_is_found_whatever_the_elements_in_it_change_on_the_way(old: str, new: str) -> None:
    assert LOOPS.closed(back(passed(read_request(request())), replacing(old, new)), CARRIER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sip:+12155551213@192.0.2.1:5060 SIP", "sip:+12155551214@192.0.2.1:5060 SIP"),
        ("SIP/2.0\r\n", "SIP/2.0\r\nRoute: <sip:192.0.2.1;lr>, <sip:198.51.100.9;lr>\r\n"),
        ("SIP/2.0\r\n", "SIP/2.0\r\nX-Trunk: b\r\n"),
        ("SIP/2.0\r\n", "SIP/2.0\r\nP-Asserted-Identity: <tel:+12155551212>\r\n"),
        ("sip:+12155551212@carrier", "sip:+12155551215@carrier"),
        (";tag=9fx", ";tag=9fy"),
        ("@guard.example>", "@guard.example>;tag=1"),
        ("CSeq: 1 ", "CSeq: 2 "),
        ("Call-ID: 3", "Call-ID: 4"),
    ],
)
def test_a_spiral_is_no_loop(old: str, new: str) -> None:
    assert not LOOPS.closed(back(passed(read_request(request())), replacing(old, new)), CARRIER)


def test_a_call_that_the_pbx_sends_out_again_is_no_loop_and_the_next_turn_is_one() -> None:
    out = back(passed(read_request(request())))
    assert not LOOPS.closed(out, PBX)
    assert LOOPS.closed(back(passed(out, peer=PBX)), CARRIER)
    for other in (Target(name="carrier", host="192.0.2.9"), Trunk(name="another", targets=("pbx",))):
        assert not LOOPS.closed(out, other)


def test_a_loop_is_found_although_we_tag_who_calls_on_the_way_in_and_not_on_the_way_out() -> None:
    asserted = "P-Asserted-Identity: <sip:+12155551212@carrier.example>, <tel:+12155551212>"
    draft = passed(read_request(request("INVITE", "sip:+12155551213@192.0.2.1", asserted)))
    tag(draft, (b"from", b"p-asserted-identity"), "TN-Validation-Passed")
    assert b"verstat" in draft.octets()
    again = back(draft)
    assert LOOPS.closed(again, CARRIER)
    onwards = passed(again, peer=PBX)
    strip(onwards)
    assert LOOPS.closed(back(onwards), CARRIER)


def test_only_a_via_of_ours_counts() -> None:
    first = read_request(request())
    for via in ("SIP/2.0/UDP 192.0.2.2:5060", "SIP/2.0/UDP 192.0.2.1:5062", "SIP/2.0/TLS 192.0.2.1"):
        assert not LOOPS.closed(back(passed(first, via)), CARRIER)
    for via in (US, "SIP/2.0/UDP 192.0.2.1", "SIP/2.0/TCP 192.0.2.1:5060", "SIP/2.0/TLS [2001:DB8::1]"):
        assert LOOPS.closed(back(passed(first, via)), CARRIER)


def test_a_mark_that_another_secret_made_is_none() -> None:
    others = Loops(OWN, Seal(b"another secret.."), {b"x-trunk"})
    assert not LOOPS.closed(back(passed(read_request(request()), loops=others)), CARRIER)


@pytest.mark.parametrize(
    "via",
    [f"{US};branch=z9hG4bK0123456789abcdef", f"{US};branch=1", US, "nonsense", f"{US};branch=z9hG4bK.;branch=z9hG4bK."],
)
def test_a_via_without_a_mark_is_no_loop(via: str) -> None:
    assert not LOOPS.closed(read_request(request("INVITE", "sip:b@c", f"Via: {via}")), CARRIER)


@pytest.mark.interpreted  # `Counted` is a subclass
def test_nothing_is_computed_for_a_request_that_never_was_here() -> None:
    class Counted(Seal):
        made = 0

        def mac(self, *parts: bytes) -> bytes:
            self.made += 1
            return super().mac(*parts)

    seal = Counted(b"0123456789abcdef")
    loops = Loops(OWN, seal)
    assert not loops.closed(read_request(request("INVITE", "sip:b@c", "Via: SIP/2.0/UDP 192.0.2.2")), CARRIER)
    assert seal.made == 0
    assert loops.closed(back(passed(read_request(request()), loops=loops)), CARRIER)
    assert seal.made == 2


def test_every_try_of_a_request_has_the_same_mark_under_a_branch_of_its_own() -> None:
    one, other = branch(b"one", b"mark"), branch(b"other", b"mark")
    assert one == b"z9hG4bKone.mark"
    assert one != other
    assert digest_of(one) == digest_of(other) == b"mark"


@pytest.mark.parametrize("text", [b"", b"z9hG4bK", b"z9hG4bKabc", b"1.mark", b"z9hG4bK."])
def test_another_branch_has_no_mark(text: bytes) -> None:
    assert digest_of(text) == b""


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "BYE"])
def test_the_mark_does_not_know_the_method(method: str) -> None:
    invite, other = read_request(request()), read_request(request(method))
    assert LOOPS.digest(invite, CARRIER) == LOOPS.digest(other, CARRIER)


def test_a_branch_of_ours_is_one_that_everybody_can_read() -> None:
    mark = branch(b"abc", LOOPS.digest(read_request(request()), CARRIER))
    via = Via.parse(US.encode() + b";branch=" + mark)
    assert via is not None
    assert via.branch == mark


@given(
    st.lists(st.sampled_from(["<sip:a;lr>", "<sip:b;lr>", "<sip:192.0.2.1;lr>", "x", ""]), max_size=4),
    st.lists(st.sampled_from(["<sip:a;lr>", "<sip:b;lr>", "<sip:192.0.2.1;lr>", "x", ""]), max_size=4),
)
def test_the_mark_differs_exactly_where_the_route_of_others_does(one: list[str], other: list[str]) -> None:
    def foreign(routes: list[str]) -> list[str]:
        return [route for route in routes if route and "192.0.2.1" not in route]

    def digest(lines: list[str]) -> bytes:
        return LOOPS.digest(read_request(request("INVITE", "sip:b@c", *lines)), CARRIER)

    separate, joined = [f"Route: {route}" for route in one], [f"Route: {', '.join(other)}"]
    assert (digest(separate) == digest(joined)) == (foreign(one) == foreign(other))


@pytest.mark.parametrize(
    ("breadth", "sent"),
    [([], "60"), (["0"], "0"), (["1"], "1"), (["60"], "60"), (["0060"], "0060"), (["61"], "60"), (["9" * 10], "60")],
)
def test_a_request_may_spread_as_far_as_it_says_and_no_farther_than_60(breadth: list[str], sent: str) -> None:
    lines = [f"Max-Breadth: {value}" for value in breadth]
    draft = Draft(read_request(request("INVITE", "sip:b@c", *lines)))
    limit_breadth(draft)
    assert values(read_request(draft.octets()), "max-breadth") == [sent]


def test_many_forged_vias_of_ours_are_no_loop() -> None:
    fields = {"From": "<sip:a@b>;tag=1", "To": "<sip:a@b>", "Call-ID": "1", "CSeq": "1 INVITE"}
    vias = [f"Via: {', '.join([f'{US};branch=z9hG4bK.{place}'] * 5)}" for place in range(200)]
    text = octets("INVITE sip:a@b SIP/2.0", fields, vias)
    assert not LOOPS.closed(read_request(text), CARRIER)
