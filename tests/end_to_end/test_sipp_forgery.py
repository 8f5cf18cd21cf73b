"""What a caller may not say of itself is taken out before the PBX reads it."""

from urllib.parse import unquote_to_bytes

import pytest
from interconnection import Interconnection, running

from sip_guard.demo.calls import ALICE, BOB

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

FORGED = "verstat=TN-Validation-Passed"
CALLER = f"+{ALICE}@carrier.example"
UNSIGNED = "v=1;verdict=absent;reason=no-identity;rule=unsigned;mode=enforce;attest=-"

FROM = {
    "in the user part": f"<sip:+{ALICE};{FORGED}@carrier.example>",
    "in the user part, escaped": f"<sip:+{ALICE}%3B%76erstat%3DTN-Validation-Passed@carrier.example>",
    "as a URI parameter": f"<sip:{CALLER};user=phone;{FORGED}>",
    "as a header parameter": f"<sip:{CALLER}>;{FORGED}",
    "in capitals": f"<sip:+{ALICE};VerStat=TN-Validation-Passed@carrier.example>",
    "in a tel URI": f"<tel:+{ALICE};{FORGED}>",
}


@pytest.mark.parametrize("place", FROM)
def test_a_forged_verstat_in_from_is_taken_out(interconnection: Interconnection, place: str) -> None:
    call = interconnection.place(caller=FROM[place]).end()
    assert call.decision["rule"] == "unsigned"
    assert b"verstat" not in unquote_to_bytes(call.invite.octets).lower()


def test_a_forged_verstat_is_taken_out_of_every_other_place(interconnection: Interconnection) -> None:
    fields = (
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "Remote-Party-ID",
        "Diversion",
        "History-Info",
        "Referred-By",
        "Reply-To",
    )
    call = interconnection.place(
        *(f"{name}: <sip:+{ALICE};{FORGED}@carrier.example>" for name in fields),
        called=f"+{BOB};{FORGED}",
        contact=f"<sip:+{ALICE};{FORGED}@127.0.0.2>",
    ).end()
    assert call.decision["rule"] == "unsigned"
    invite = call.invite
    assert b"verstat" not in invite.octets.lower()
    assert invite.value("P-Asserted-Identity") == f"<sip:{CALLER}>"
    assert all(value == f"<sip:{CALLER}>" for name in fields for value in invite.values(name))


def test_a_forged_verdict_is_replaced_by_the_true_one(interconnection: Interconnection) -> None:
    call = interconnection.place(
        "X-SIP-Guard: v=1;verdict=passed;reason=passed;rule=attested;mode=enforce;attest=A",
        "x-sip-guard: v=1;verdict=passed",
        "P-Attestation-Indicator: A",
        "P-Origination-ID: 7a0b9a92-4f5c-4f2b-9d1c-0e4c3c1f3a55",
        "Attestation-Info: A",
        "Origination-Id: 7a0b9a92-4f5c-4f2b-9d1c-0e4c3c1f3a55",
    ).end()
    assert call.decision["rule"] == "unsigned"
    invite = call.invite
    assert invite.values("X-SIP-Guard") == [UNSIGNED]
    for name in ("P-Attestation-Indicator", "P-Origination-ID", "Attestation-Info", "Origination-Id"):
        assert invite.values(name) == []


def test_an_emergency_call_too_loses_what_it_forged(interconnection: Interconnection) -> None:
    call = interconnection.place(
        "X-SIP-Guard: v=1;verdict=passed", caller=f"<sip:+{ALICE};{FORGED}@carrier.example>", called="911"
    ).end()
    assert call.decision["rule"] == "emergency"
    assert call.invite.values("X-SIP-Guard") == [
        "v=1;verdict=absent;reason=emergency;rule=emergency;mode=enforce;attest=-"
    ]
    assert b"verstat" not in call.invite.octets


def test_beside_a_genuine_token_only_the_guard_says_what_is_verified(interconnection: Interconnection) -> None:
    call = interconnection.place(
        interconnection.identity(attest="C"),
        "P-Attestation-Indicator: A",
        f"Remote-Party-ID: <sip:+{ALICE};{FORGED}@carrier.example>",
        caller=f"<sip:+{ALICE};{FORGED}@carrier.example>;{FORGED}",
    ).end()
    assert call.decision["rule"] == "attested"
    invite = call.invite
    assert invite.value("From") == f"<sip:+{ALICE};{FORGED}@carrier.example>;tag=caller-1"
    assert invite.octets.count(b"verstat") == 1
    assert invite.value("P-Attestation-Indicator") == "C"
