import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, read_response, request, response

from sip_guard.sip.headers import Via
from sip_guard.sip.message import MAX_FIELD
from sip_guard.sip.overload_control import (
    MAX_VALIDITY,
    OFFER,
    VALIDITY,
    Feedback,
    asking,
    feedback,
    offered,
    stamp,
    with_top,
    without,
)
from sip_guard.sip.rewrite import Draft

PIECES = st.sampled_from([b";oc", b"=5", b'"', b";", b" ", b"oc-seq", b"\\", b"x", b";y="])
BARE = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1"


def via(parameters: str = "") -> Via:
    read = Via.parse((BARE + parameters).encode())
    assert read is not None
    return read


@pytest.mark.parametrize(
    "parameters",
    [
        OFFER.decode(),
        ';oc;oc-algo="rate,loss"',
        ';OC;oc-algo="rate, LOSS , x"',
        ";oc-algo=loss;oc",
        ' ; oc ; oc-algo = "loss"',
    ],
)
def test_an_offer_is_seen(parameters: str) -> None:
    assert offered(via(parameters))


@pytest.mark.parametrize(
    "parameters",
    ["", ";oc", ';oc-algo="loss"', ';oc;oc-algo="rate"', ';oc=20;oc-algo="loss"', ';oc;oc-algo="lossy"', ";oc;oc-algo"],
)
def test_what_is_no_offer_is_none(parameters: str) -> None:
    assert not offered(via(parameters))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (';oc=20;oc-algo="loss";oc-validity=500;oc-seq=1282321615.782', Feedback(0.2, 0.5, 128232161578200)),
        (';oc=0;oc-algo="loss";oc-validity=0;oc-seq=1.5', Feedback(0.0, 0.0, 150000)),
        (';oc=100;oc-algo="loss"', Feedback(1.0, VALIDITY, None)),
        (";oc=7", Feedback(0.07, VALIDITY, None)),
        (";oc=7;oc-validity", Feedback(0.07, VALIDITY, None)),
        (";oc=7;oc-validity=x;oc-seq=x", Feedback(0.07, VALIDITY, None)),
        (";oc=7;oc-validity=999999999", Feedback(0.07, MAX_VALIDITY, None)),
        (";oc=7;oc-seq=3", Feedback(0.07, VALIDITY, 300000)),
        (";oc=7;oc-seq=3.00002", Feedback(0.07, VALIDITY, 300002)),
        (";oc=7;oc-seq=999999999999.99999", Feedback(0.07, VALIDITY, 99999999999999999)),
    ],
)
def test_what_a_server_asks_for_is_read(parameters: str, said: Feedback) -> None:
    assert feedback(via(parameters)) == said


@pytest.mark.parametrize(
    "parameters",
    ["", OFFER.decode(), ";oc=101", ";oc=-1", ";oc=x", ';oc=5;oc-algo="rate"', ";oc=5;oc-algo", f";oc={'9' * 5000}"],
)
def test_what_cannot_be_followed_is_not(parameters: str) -> None:
    assert feedback(via(parameters)) is None


def test_our_own_asking_is_read_back() -> None:
    written = asking(0.2, 1282321615.782)
    assert written == b';oc=20;oc-algo="loss";oc-validity=500;oc-seq=1282321615.782'
    assert feedback(via(written.decode())) == Feedback(0.2, 0.5, 128232161578200)


def test_without_overload_nothing_is_asked_for() -> None:
    assert asking(0.0, 7.0) == b';oc=0;oc-algo="loss";oc-validity=0;oc-seq=7.000'


@given(st.floats(0, 1), st.floats(0, 1e14))
def test_whatever_is_asked_can_be_read(share: float, when: float) -> None:
    said = feedback(via(asking(share, when).decode()))
    assert said is not None
    assert said.share == pytest.approx(share, abs=0.006)
    assert said.sequence is not None


def test_asking_later_has_a_larger_number() -> None:
    told = [feedback(via(asking(0.1, when).decode())) for when in (9.999, 10.0, 10.001, 1e9)]
    numbers = [said.sequence for said in told if said is not None and said.sequence is not None]
    assert len(numbers) == 4
    assert sorted(set(numbers)) == numbers


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (b"Via: SIP/2.0/UDP a;branch=1", b"Via: SIP/2.0/UDP a;branch=1"),
        (b'Via: SIP/2.0/UDP a;oc;oc-algo="loss";branch=1', b"Via: SIP/2.0/UDP a;branch=1"),
        (b"Via: SIP/2.0/UDP a;branch=1;OC-Seq=1.2;oc-validity=5", b"Via: SIP/2.0/UDP a;branch=1"),
        (b"v: SIP/2.0/UDP a;oc=5, SIP/2.0/UDP b;x;oc=7;y", b"v: SIP/2.0/UDP a, SIP/2.0/UDP b;x;y"),
        (b"Via: SIP/2.0/UDP a; oc = 5 ;x", b"Via: SIP/2.0/UDP a ;x"),
        (b'Via: SIP/2.0/UDP a;oc-algo="a,b;c\\"d";x', b"Via: SIP/2.0/UDP a;x"),
        (b"Via: SIP/2.0/UDP a;\r\n oc=5;x", b"Via: SIP/2.0/UDP a;x"),
        (b"Via: SIP/2.0/UDP a;ocean=5;oc-x=1;oc_=2", b"Via: SIP/2.0/UDP a;ocean=5;oc-x=1;oc_=2"),
        (b'Via: SIP/2.0/UDP a;x=";oc=5";y', b'Via: SIP/2.0/UDP a;x=";oc=5";y'),
        (b"Via: SIP/2.0/UDP oc", b"Via: SIP/2.0/UDP oc"),
    ],
)
def test_what_is_between_others_is_taken_out(line: bytes, left: bytes) -> None:
    assert without(line) == left


def test_the_first_value_gets_ours_instead_of_what_is_there() -> None:
    line = b'Via: SIP/2.0/UDP a;oc;oc-algo="loss";branch=1, SIP/2.0/UDP b;oc=5'
    assert with_top(line, b";oc=9") == b"Via: SIP/2.0/UDP a;branch=1;oc=9, SIP/2.0/UDP b"
    assert with_top(line, b"") == b"Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b"


def test_a_draft_gets_it_in_its_first_via_alone() -> None:
    above, below = "Via: SIP/2.0/UDP b;oc=1, SIP/2.0/UDP c", "v: SIP/2.0/UDP d;oc=3"
    message = read_response(response("200 OK", below, via=BARE + ";oc=4"))
    draft = Draft(message)
    places = message.places(b"via")
    draft.lines[places[0]] = above.encode()
    stamp(draft, b";oc=9")
    assert draft.standing(b"via") == [b"Via: SIP/2.0/UDP b;oc=9, SIP/2.0/UDP c", b"v: SIP/2.0/UDP d"]


def test_the_via_below_one_that_was_removed_is_the_first() -> None:
    message = read_response(response("200 OK", "Via: SIP/2.0/UDP b;oc", via=BARE))
    draft = Draft(message)
    draft.remove(message.places(b"via")[0])
    stamp(draft, b";oc=9")
    assert draft.standing(b"via") == [b"Via: SIP/2.0/UDP b;oc=9"]


def test_a_request_goes_on_without_it() -> None:
    message = read_request(request("INVITE", "sip:x@b", "Via: SIP/2.0/UDP b;OC=1", via=BARE + OFFER.decode()))
    draft = Draft(message)
    stamp(draft)
    assert draft.standing(b"via") == [b"Via: " + BARE.encode(), b"Via: SIP/2.0/UDP b"]


def test_what_does_not_speak_of_it_goes_on_octet_by_octet() -> None:
    message = read_request(request("INVITE", "sip:x@b", "v:  SIP/2.0/UDP\tb ;x", via=BARE))
    draft = Draft(message)
    stamp(draft)
    assert draft.octets() == message.raw


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", [b";", b"; ", b";oc", b';oc="', b'"', b'\\"', b";oc-algo=", b" ", b";oc=\r\n "])
def test_a_long_line_takes_time_that_grows_with_its_length(piece: bytes) -> None:
    line = b"Via: " + piece * (4 * MAX_FIELD // len(piece))
    assert len(without(line)) <= len(line)


@given(st.binary(max_size=200), st.lists(PIECES, max_size=20))
def test_taking_out_twice_is_taking_out_once_for_what_is_well_formed(start: bytes, pieces: list[bytes]) -> None:
    line = b"Via: SIP/2.0/UDP a;x=" + start + b"".join(pieces)
    value = line.partition(b": ")[2]
    if Via.parse(value) is None:
        return
    read = Via.parse(without(line).partition(b": ")[2])
    assert read is not None
    assert not {b"oc", b"oc-algo", b"oc-seq", b"oc-validity"} & read.params.keys()
