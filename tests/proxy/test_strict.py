from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, request, values

from sip_guard.proxy.route import Addresses, Routed, take_own_routes
from sip_guard.proxy.strict import make, undo
from sip_guard.sip.rewrite import Draft, cancellation

OWN = Addresses([("192.0.2.1", 5060), ("192.0.2.1", 5070)])
US = "sip:192.0.2.1:5060;lr;sg=proof.way.called"


def a_draft(uri: str, *routes: str) -> Draft:
    return Draft(read_request(request("BYE", uri, *[f"Route: {route}" for route in routes], to="<sip:b@c>;tag=1")))


def sent(draft: Draft) -> tuple[str, list[str]]:
    """Give Request-URI and Route as they go out."""
    message = read_request(draft.octets())
    assert message.uri == draft.uri
    return message.uri.decode(), values(message, "route")


@pytest.mark.parametrize(
    ("routes", "uri", "left"),
    [
        (["<sip:b@pbx>"], "sip:b@pbx", []),
        (["<sip:p;lr>, <sip:b@pbx;x=y>"], "sip:b@pbx;x=y", ["<sip:p;lr>"]),
        (["<sip:p;lr>", "<sip:b@pbx>"], "sip:b@pbx", ["<sip:p;lr>"]),
        (["<sip:p;lr>, <sip:q;lr>", "<sip:r;lr>,<sip:b@pbx>"], "sip:b@pbx", ["<sip:p;lr>, <sip:q;lr>", "<sip:r;lr>"]),
        (["<sip:192.0.2.1:5070;lr;sg=x>, <sip:p;lr>", "sip:b@pbx"], "sip:b@pbx", ["<sip:p;lr>"]),
        (["<sip:p;lr>", "", "<sip:b@pbx;method=BYE?Subject=x>"], "sip:b@pbx", ["<sip:p;lr>", ""]),
        (["<tel:+12155551213>"], "tel:+12155551213", []),
    ],
)
def test_what_a_strict_router_did_is_undone(routes: list[str], uri: str, left: list[str]) -> None:
    draft = a_draft(US, *routes)
    assert undo(draft, OWN)
    routed = take_own_routes(draft, OWN)
    assert (routed.proof, routed.way, routed.sealed) == (b"proof", b"way", b"called")
    assert sent(draft) == (uri, [route for route in left if route])


@pytest.mark.parametrize(
    ("uri", "routes"),
    [
        ("sip:b@192.0.2.1:5060", ["<sip:b@pbx>"]),
        ("sip:192.0.2.1:5060;lr", ["<sip:b@pbx>"]),
        ("sip:192.0.2.1:5062;lr;sg=proof", ["<sip:b@pbx>"]),
        ("sip:b@pbx;sg=proof", ["<sip:192.0.2.1;lr;sg=proof>"]),
        ("tel:+1;sg=proof", ["<sip:b@pbx>"]),
        (US, []),
        (US, [""]),
        (US, ["<sip:b@pbx>, nonsense"]),
        (US, ["<http://pbx/>"]),
    ],
)
def test_any_other_request_stays_as_it_is(uri: str, routes: list[str]) -> None:
    draft = a_draft(uri, *routes)
    assert not undo(draft, OWN)
    assert draft.octets() == draft.message.raw


@pytest.mark.parametrize(
    ("routes", "uri", "left"),
    [
        (["<sip:p>"], "sip:p", ["<sip:b@pbx>"]),
        (["<sip:u@p:5070;transport=tcp>, <sip:q;lr>"], "sip:u@p:5070;transport=tcp", ["<sip:q;lr>, <sip:b@pbx>"]),
        (["<sip:p>", "<sip:q;lr>, <sip:r;lr>"], "sip:p", ["<sip:q;lr>, <sip:r;lr>, <sip:b@pbx>"]),
        (["<sip:p>, <sip:q>", "<sip:r>"], "sip:p", ["<sip:q>", "<sip:r>, <sip:b@pbx>"]),
        (['"P, or q" <sips:p;xlr>;x=1'], "sips:p;xlr", ["<sip:b@pbx>"]),
        (["", "sip:p"], "sip:p", ["<sip:b@pbx>"]),
    ],
)
def test_a_strict_router_finds_itself_in_the_request_uri(routes: list[str], uri: str, left: list[str]) -> None:
    draft = a_draft("sip:b@pbx", *routes)
    assert make(draft)
    assert sent(draft) == (uri, left)


@pytest.mark.parametrize(
    "routes",
    [
        [],
        [""],
        ["<sip:p;lr>"],
        ["<sip:p;LR=on>, <sip:q>"],
        ["<sip:p;lr>", "<sip:q>"],
        ["sip:p;lr"],
        ["nonsense"],
        ["<tel:+1>"],
        ["<http://p/>"],
    ],
)
def test_a_loose_router_gets_the_request_as_it_is(routes: list[str]) -> None:
    draft = a_draft("sip:b@pbx", *routes)
    assert not make(draft)
    assert draft.octets() == draft.message.raw


def test_lines_of_the_route_that_do_not_change_go_out_as_they_came() -> None:
    line = b"\r\nROUTE:<sip:q;lr>,\r\n <sip:r;lr>\r\n"
    for uri, change in ((US, lambda draft: undo(draft, OWN)), ("sip:b@pbx", make)):
        text = request("BYE", uri, "Route: <sip:p>", "Route: x", "Route: <sip:s>").replace(b"\r\nRoute: x\r\n", line)
        draft = Draft(read_request(text))
        assert change(draft)
        assert line in draft.octets()


def test_a_cancel_goes_the_way_of_its_strictly_routed_invite() -> None:
    draft = Draft(read_request(request("INVITE", "sip:b@pbx", "Route: <sip:192.0.2.1;lr>, <sip:p>", "Route: <sip:q>")))
    take_own_routes(draft, OWN)
    assert make(draft)
    draft.above.append(b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
    cancel = read_request(cancellation(draft))
    assert (cancel.uri, values(cancel, "route")) == (b"sip:p", ["<sip:q>, <sip:b@pbx>"])


HOPS = st.lists(st.integers(0, 9).map("<sip:h{}>".format), max_size=5)


@given(HOPS, st.data())
def test_a_strict_router_before_us_and_one_behind_us_give_what_loose_ones_would(
    hops: list[str], data: st.DataObject
) -> None:
    following = [f"<{US}>", *hops, "<sip:b@pbx>"]
    # What a strict router sends: the first of its route set as the Request-URI, the callee at the end of the Route.
    cuts = sorted(data.draw(st.sets(st.integers(1, len(following)))) | {1, len(following)})
    draft = a_draft(US, *[", ".join(following[start:end]) for start, end in pairwise(cuts)])
    assert undo(draft, OWN)
    routed = take_own_routes(draft, OWN)
    assert routed == Routed(b"proof", b"way", b"called", hops[0].encode() if hops else b"")
    assert draft.uri == b"sip:b@pbx"
    assert make(draft) == bool(hops)
    uri, routes = sent(draft)
    left = [value for line in routes for value in line.split(", ")]
    assert [f"<{uri}>", *left] == ([*hops, "<sip:b@pbx>"] if hops else ["<sip:b@pbx>"])
