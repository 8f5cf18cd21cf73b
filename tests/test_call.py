import msgspec
import pytest
from messages import read_request, request
from scene import TRUNK

from sip_guard.call import MAX_ASSERTED, Call, Code, Finding, Outcome
from sip_guard.number import DialPlan
from sip_guard.peer import Origin, Trunk
from sip_guard.sip.flow import Flow

FLOW = Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5060))
NATIONAL = msgspec.structs.replace(TRUNK, dial_plan=DialPlan("US", ("011",)))


def call(*more: str, trunk: Trunk = TRUNK, uri: str = "sip:+12155551213@192.0.2.1", **changed: str) -> Call:
    return Call.of(
        read_request(request("INVITE", uri, *more, body=b"", without=(), fields=None, **changed)),
        trunk,
        FLOW,
        1_700_000_000.0,
    )


def test_a_call_is_what_the_request_claims() -> None:
    made = call("Identity: a.b.c;info=<https://x>")
    assert made.call_id == "3848276298220188511@carrier.example"
    assert made.presented.number == "12155551212"
    assert made.presented.uri is not None
    assert made.presented.uri.host == b"carrier.example"
    assert (made.to.number, made.target.number) == ("12155551213", "12155551213")
    assert made.asserted == ()
    assert made.identities == (b"a.b.c;info=<https://x>",)
    assert made.arrival == 1_700_000_000.0


def test_the_request_uri_may_lead_elsewhere_than_to() -> None:
    made = call(uri="tel:+13125550123")
    assert (made.to.number, made.target.number) == ("12155551213", "13125550123")


def test_numbers_are_read_by_the_trunks_dial_plan() -> None:
    made = call(trunk=NATIONAL, uri="sip:3125550123@h", from_="<sip:(215)5551212@h>;tag=1", to="<tel:011442079460000>")
    assert (made.presented.number, made.target.number, made.to.number) == ("12155551212", "13125550123", "442079460000")


@pytest.mark.parametrize(
    "lines",
    [
        ["P-Asserted-Identity: <sip:+12155551212@h>, <tel:+12155551299>"],
        ["P-Asserted-Identity: <sip:+12155551212@h>", "p-asserted-identity: <tel:+12155551299>"],
    ],
)
def test_asserted_identities_are_read_in_their_order(lines: list[str]) -> None:
    assert [party.number for party in call(*lines).asserted] == ["12155551212", "12155551299"]


def test_an_asserted_identity_that_is_not_believed_is_not_read() -> None:
    assert (
        call("P-Asserted-Identity: <sip:+1@h>", trunk=msgspec.structs.replace(TRUNK, trust_asserted=False)).asserted
        == ()
    )


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("<sip:anonymous@anonymous.invalid>;tag=1", None),
        ("<sip:alice@h>;tag=1", None),
        ("<sip:h>;tag=1", None),
        ("<http://h/>;tag=1", None),
        ("<sip:+1215555\xe91212@h>;tag=1", None),
        ("<sip:+12155551212;verstat=x@h>;tag=1", "12155551212"),
        ("tel:+12155551212;tag=1", "12155551212"),
        ("<sip:%2B12155551212:pw@h>;tag=1", "12155551212"),
    ],
)
def test_who_is_no_number_has_none(address: str, number: str | None) -> None:
    assert call(from_=address).presented.number == number


@pytest.mark.parametrize(
    "lines",
    [
        ["Identity: a;info=<x>", "y: b;info=<y,z>"],
        ["IDENTITY : a;info=<x> , b;info=<y,z>"],
        ["Identity:\r\n a;info=<x>,\r\n b;info=<y,z>"],
    ],
)
def test_each_identity_value_is_one_token(lines: list[str]) -> None:
    assert call(*lines).identities == (b"a;info=<x>", b"b;info=<y,z>")


# Who calls, by the word of the network.

BY_RPID = "Remote-Party-ID: <sip:+442071234567@x>;party=calling, <sip:+442071230000@x>;party=called"


def network(*lines: str, trusted: bool = True, origin: Origin = "unknown") -> list[str | None]:
    made = call(*lines, trunk=msgspec.structs.replace(TRUNK, trust_asserted=trusted, origin=origin))
    return [party.number for party in made.network]


def test_the_network_asserts_with_one_field_or_the_older_one() -> None:
    asserted = "P-Asserted-Identity: <tel:+12155551212>"
    assert network(asserted) == ["12155551212"]
    assert network(BY_RPID) == ["442071234567"]
    assert network(asserted, BY_RPID) == ["12155551212"]
    assert network(asserted, BY_RPID, trusted=False) == []
    assert network() == []


def test_a_customer_asks_which_number_is_to_be_asserted() -> None:
    preferred = "P-Preferred-Identity: <tel:+12155551299>"
    assert network(preferred, origin="customer") == ["12155551299"]
    assert network(preferred, "P-Asserted-Identity: <tel:+12155551212>", origin="customer") == ["12155551212"]
    assert network(preferred, BY_RPID, origin="customer") == ["442071234567"]
    assert network(preferred, origin="customer", trusted=False) == []
    assert network(preferred, origin="domestic") == []


def test_an_older_field_is_attested_by_a_token_for_from_if_it_has_the_same_number() -> None:
    older = call("Remote-Party-ID: <sip:+12155551212@x>")
    assert older.attested_by("from", "12155551212") == b"from"
    assert older.attested_by("asserted", "12155551212") == b"from"
    assert older.attested_by("asserted", "442071234567") == b"p-asserted-identity"
    assert call("P-Asserted-Identity: <tel:+12155551212>").attested_by("asserted", "12155551212") == (
        b"p-asserted-identity"
    )


# Who diverted it.


def test_who_diverted_is_read_by_the_trunks_dial_plan_and_named_once() -> None:
    made = call(
        "Diversion: <sip:2155551234@x>;reason=user-busy, <sip:anonymous@anonymous.invalid>, nonsense",
        "History-Info: <sip:+12155551234@y>;index=1, <sip:+12155551213@y>;index=1.1;mp=1",
        trunk=NATIONAL,
    )
    assert [party.number for party in made.diverting] == ["12155551234", None]


@pytest.mark.parametrize(
    ("line", "trusted", "diverted"),
    [
        ("Diversion: <sip:+12155551234@x>", True, True),
        ("Diversion: <sip:+12155551234@x>", False, False),
        ("Diversion: nonsense", True, False),
        ("Subject: x", True, False),
    ],
)
def test_a_call_was_diverted_if_a_trunk_that_is_believed_says_so(line: str, *, trusted: bool, diverted: bool) -> None:
    assert call(line, trunk=msgspec.structs.replace(TRUNK, trust_diversion=trusted)).diverted is diverted


def test_a_number_is_shown_once_by_each_field() -> None:
    made = call("P-Asserted-Identity: <sip:+12155551212@x>, <tel:+12155551212>")
    assert [(field, party.number) for field, party in made.shown()] == [
        ("from", "12155551212"),
        ("asserted", "12155551212"),
    ]
    nobody = call("P-Asserted-Identity: <sip:alice@x>, <sip:bob@x>, <tel:+442071234567>")
    assert [(field, party.number) for field, party in nobody.shown()] == [
        ("from", "12155551212"),
        ("asserted", None),
        ("asserted", None),
        ("asserted", "442071234567"),
    ]


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
def test_who_asserts_a_hundred_callers_is_not_looked_at_a_hundred_times(name: str) -> None:
    many = call(f"{name}: " + ", ".join(f"<tel:+44207123{i:04}>" for i in range(100)))
    assert len(many.network) == MAX_ASSERTED
    assert len(many.shown()) == 1 + MAX_ASSERTED


def test_every_code_has_its_own_name_and_a_phrase_if_it_has_a_sip_code() -> None:
    assert len({code.value for code in Code}) == len(Code)
    for code in Code:
        assert (
            (code.sip_code == 0)
            == (code.phrase == "")
            == (code.outcome in (Outcome.PASSED, Outcome.NOTE, Outcome.EXEMPT))
        )


def test_a_finding_weighs_unless_something_else_is_said() -> None:
    assert Finding(Code.PASSED).weighs
    assert Finding(Code.PASSED) == Finding(Code.PASSED)
