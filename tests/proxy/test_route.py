import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, read_response, request, response, values

from sip_guard.proxy.route import (
    LONGEST,
    Addresses,
    Dialog,
    Routed,
    Seal,
    addressed,
    bind,
    led,
    record_route,
    take_own_routes,
    way,
)
from sip_guard.sip.flow import Address, End, Flow
from sip_guard.sip.message import Message
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri

OWN = Addresses([("192.0.2.1", 5060), ("192.0.2.1", 5070), ("2001:db8::1", 5060)])
SEAL = Seal(b"0123456789abcdef")


def taken(*routes: str) -> tuple[bytes, bytes, list[str]]:
    """Give proof, next Route and what is left of the Route."""
    draft = Draft(read_request(request("BYE", "sip:b@c", *[f"Route: {route}" for route in routes])))
    routed = take_own_routes(draft, OWN)
    return routed.proof, routed.following, values(read_request(draft.octets()), "route")


@pytest.mark.parametrize(
    ("routes", "proof", "following", "left"),
    [
        ([], b"", b"", []),
        (["<sip:192.0.2.1;lr;sg=abc>"], b"abc", b"", []),
        (["<sip:192.0.2.1:5060;lr>, <sip:192.0.2.1:5070;sg=abc;lr>"], b"abc", b"", []),
        (["<sip:192.0.2.1;lr;sg=a>", "<sip:192.0.2.1;lr;sg=b>"], b"a", b"", []),
        (["<sip:[2001:DB8::1];lr;sg=a>"], b"a", b"", []),
        (["<sip:192.0.2.1;lr;sg=a>, <sip:d;lr>, <sip:e;lr>"], b"a", b"<sip:d;lr>", ["<sip:d;lr>, <sip:e;lr>"]),
        (["<sip:192.0.2.1;lr;sg=a>", "<sip:d;lr>"], b"a", b"<sip:d;lr>", ["<sip:d;lr>"]),
        (["<sip:d;lr>, <sip:192.0.2.1;lr;sg=a>"], b"", b"<sip:d;lr>", ["<sip:d;lr>, <sip:192.0.2.1;lr;sg=a>"]),
        (["<sip:192.0.2.1:5080;lr>"], b"", b"<sip:192.0.2.1:5080;lr>", ["<sip:192.0.2.1:5080;lr>"]),
        (["nonsense"], b"", b"nonsense", ["nonsense"]),
        ([""], b"", b"", []),
        (["sip:192.0.2.1;sg=a"], b"", b"", []),
    ],
)
def test_our_own_values_are_taken_off_the_top_of_the_route(
    routes: list[str], proof: bytes, following: bytes, left: list[str]
) -> None:
    assert taken(*routes) == (proof, following, left)


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        (b"sip:192.0.2.1", True),
        (b"sip:any@192.0.2.1:5070;lr", True),
        (b"sip:192.0.2.1:5071", False),
        (b"sip:192.0.2.2", False),
        (b"sip:[2001:db8::1]", True),
        (b"sip:[2001:0DB8:0::0:1]:5060", True),
        (b"tel:+1", False),
        (b"nonsense", False),
    ],
)
def test_an_address_is_ours_with_its_port(uri: bytes, *, ours: bool) -> None:
    assert OWN.include(Uri.parse(uri)) == ours


@pytest.mark.parametrize(
    ("uri", "where"),
    [
        (b"sip:a@192.0.2.9", ("UDP", ("192.0.2.9", 5060))),
        (b"sip:192.0.2.9:5070", ("UDP", ("192.0.2.9", 5070))),
        (b"sip:[2001:db8::9]", ("UDP", ("2001:db8::9", 5060))),
        (b"sip:192.0.2.9;transport=TCP", ("TCP", ("192.0.2.9", 5060))),
        (b"sip:192.0.2.9;transport=tls", ("TLS", ("192.0.2.9", 5061))),
        (b"sips:192.0.2.9", ("TLS", ("192.0.2.9", 5061))),
        (b"sips:192.0.2.9:5070;transport=tcp", ("TLS", ("192.0.2.9", 5070))),
        (b"sip:192.0.2.9;transport=sctp", None),
        (b"sip:host.example", None),
        (b"sip:224.0.1.75", None),
        (b"sip:[ff02::1]", None),
        (b"sip:255.255.255.255", None),
        (b"sip:0.0.0.0", None),
        (b"sip:[::]", None),
        (b"sip:[::ffff:192.0.2.9]", ("UDP", ("192.0.2.9", 5060))),
        (b"sip:[::ffff:224.0.0.1]", None),
        (b"sip:[1:::2]", None),
        (b"sip:192.0.2", None),
        (b"sip:0x7f000001", None),
        (b"tel:+1", None),
        (b"nonsense", None),
    ],
)
def test_only_an_address_that_one_may_send_to_leads_anywhere(uri: bytes, where: tuple[str, Address] | None) -> None:
    assert addressed(Uri.parse(uri)) == where


def test_a_record_route_names_us_and_carries_the_proof() -> None:
    assert record_route(End("UDP", ("192.0.2.1", 5060)), b"p") == b"Record-Route: <sip:192.0.2.1:5060;lr;sg=p>"
    assert record_route(End("UDP", ("2001:db8::1", 5060)), b"p") == b"Record-Route: <sip:[2001:db8::1]:5060;lr;sg=p>"


def test_a_record_route_leads_back_over_the_transport_of_its_side() -> None:
    tcp = record_route(End("TCP", ("192.0.2.1", 5060)), b"p")
    assert tcp == b"Record-Route: <sip:192.0.2.1:5060;transport=tcp;lr;sg=p>"
    assert record_route(End("TLS", ("192.0.2.1", 5061)), b"p") == b"Record-Route: <sips:192.0.2.1:5061;lr;sg=p>"


def dialog(call_id: str = "1", sender: str = "a", receiver: str = "b") -> Message:
    """Make a request of a dialog."""
    to = f"<sip:b@c>;tag={receiver}" if receiver else "<sip:b@c>"
    return read_request(request("BYE", "sip:b@c", call_id=call_id, to=to, from_=f"<sip:a@c>;tag={sender}"))


def proves(proof: bytes, request_: Message, *, trusted: bool, seal: Seal = SEAL, called: bytes = b"") -> bool:
    routed = Routed(proof, b"", called, b"")
    return seal.dialog_of(routed, read_request(request_.raw), trusted=trusted) is not Dialog.NONE


@pytest.mark.parametrize(
    ("call_id", "sender", "receiver", "proven"),
    [
        ("1", "a", "b", True),
        ("1", "b", "a", True),
        ("2", "a", "b", False),
        ("1", "c", "b", False),
        ("1", "a", "c", False),
    ],
)
def test_the_proof_of_a_dialog_is_good_for_it_in_both_directions(
    call_id: str, sender: str, receiver: str, *, proven: bool
) -> None:
    request_ = dialog(call_id, sender, receiver)
    assert proves(SEAL.dialog(dialog()), request_, trusted=False) == proven
    assert not proves(SEAL.dialog(dialog()), request_, trusted=False, seal=Seal(b"another secret.."))


def test_the_callees_proof_is_good_for_any_tag_of_its_own_and_only_towards_the_caller() -> None:
    proof = SEAL.early(dialog(receiver=""))
    assert proves(proof, dialog("1", "b", "a"), trusted=True)
    assert proves(proof, dialog("1", "b2", "a"), trusted=True)
    assert not proves(proof, dialog("1", "b", "a"), trusted=False)
    assert not proves(proof, dialog("1", "a", "b"), trusted=True)
    assert not proves(proof, dialog("2", "b", "a"), trusted=True)


def of_callee(method: str, user: str) -> Message:
    """Make a request of the callee of a call that our side began with tag `a` to `+1`."""
    return read_request(request(method, "sip:a@c", call_id="1", from_=f"<sip:{user}@c>;tag=b", to="<sip:a@c>;tag=a"))


@pytest.mark.parametrize(
    ("method", "user", "proven"),
    [("INVITE", "+1", True), ("INVITE", "+1;x=y", True), ("INVITE", "+2", False), ("BYE", "+2", True)],
)
def test_the_callee_of_a_call_out_can_show_no_other_number_than_was_called(
    method: str, user: str, *, proven: bool
) -> None:
    invite = read_request(request(call_id="1", from_="<sip:a@c>;tag=a", to="<sip:+1@c;user=phone>"))
    called = SEAL.called(b"1", b"a", invite.value(b"to"))
    outward = SEAL.outward(invite)
    assert proves(outward, of_callee(method, user), trusted=False, called=called) == proven
    assert not proves(SEAL.early(invite), of_callee(method, user), trusted=False, called=called)
    assert not proves(outward, read_request(of_callee("INVITE", user).raw), trusted=False)


def test_without_a_proof_or_a_to_tag_nothing_is_proven() -> None:
    assert not proves(b"", dialog(), trusted=True)
    assert not proves(SEAL.early(dialog(receiver="")), dialog(receiver=""), trusted=True)
    assert not proves(SEAL.dialog(dialog(receiver="")), dialog(receiver=""), trusted=True)
    assert not proves("Ä".encode(), dialog(), trusted=True)


def test_an_answer_shows_the_caller_the_proof_of_its_dialog_alone() -> None:
    invite = read_request(request())
    early = SEAL.early(invite).decode()
    lines = [f"Record-Route: <sip:d;lr>, <sip:192.0.2.1;lr;sg={early}>", "Record-Route: <sip:e;lr>"]
    answered = read_response(response("200 OK", *lines))
    draft = Draft(answered)
    bound = SEAL.dialog(answered).decode()
    bind(draft, early.encode(), bound.encode())
    shown = values(read_response(draft.octets()), "record-route")
    assert shown == [f"<sip:d;lr>, <sip:192.0.2.1;lr;sg={bound}>", "<sip:e;lr>"]


def test_an_answer_without_our_record_route_is_left_alone() -> None:
    for proof, more in ((b"other", ["Record-Route: <sip:d;lr;sg=x>"]), (b"p", []), (b"", ["Record-Route: <sip:d;lr>"])):
        draft = Draft(read_response(response("200 OK", *more)))
        bind(draft, proof, b"bound")
        assert draft.octets() == response("200 OK", *more)


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
@pytest.mark.parametrize("remote", [("198.51.100.7", 5060), ("2001:db8::7", 5070)])
def test_where_an_invite_led_is_told_and_read_again(transport: str, remote: Address) -> None:
    assert led(way(Flow(transport, ("192.0.2.1", 5060), remote))) == End(transport, remote)


def test_what_is_longer_than_a_way_of_ours_is_none_for_it_would_be_kept() -> None:
    longest = way(Flow("UDP", ("192.0.2.1", 5060), ("fe80:1111:2222:3333:4444:5555:6666:7777", 65_535)))
    assert led(longest) is not None
    assert led(longest + b"!" * LONGEST) is None


@pytest.mark.parametrize("text", [b"", b"x", b"VURQ", b"VURQIDEuMi4zLjQgNTA2MCAx", b"\xff\xff", b"VURQIG5hbWUgNTA2MA"])
def test_what_we_did_not_write_tells_nothing(text: bytes) -> None:
    assert led(text) is None


@given(st.binary(min_size=1, max_size=100).filter(lambda text: not text.endswith(b"\0")))
def test_what_is_hidden_is_shown_to_this_guard_and_for_this_dialog_alone(text: bytes) -> None:
    token = SEAL.hide(text, b"from", b"call-1", b"tag")
    assert re.fullmatch(rb"[A-Za-z0-9_-]+", token)
    assert SEAL.hide(text, b"from", b"call-1", b"tag") == token
    assert SEAL.show(token, b"from", b"call-1", b"tag") == text
    for about in ((b"contact", b"call-1", b"tag"), (b"from", b"call-2", b"tag"), (b"from", b"call-1", b"gat")):
        assert SEAL.show(token, *about) == b""
    assert Seal(b"another secret..").show(token, b"from", b"call-1", b"tag") == b""


@given(st.binary(max_size=100))
def test_whatever_comes_as_hidden_is_nothing(token: bytes) -> None:
    assert SEAL.show(token, b"from") == b""


def test_how_long_a_number_is_cannot_be_told() -> None:
    assert len({len(SEAL.hide(b"1" * length, b"contact")) for length in range(1, 32)}) == 1
