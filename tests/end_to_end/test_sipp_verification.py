"""What the guard does about a call's token: SIPp calls and answers, and certificates come by HTTPS."""

from collections.abc import Callable

import pytest
from interconnection import ANSWERED, Interconnection, running, tampered

from sip_guard.demo.calls import ALICE, BANK, OTHER

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

ORIGID = "7a0b9a92-4f5c-4f2b-9d1c-0e4c3c1f3a55"
VERIFIED = f"<sip:+{ALICE};verstat=TN-Validation-Passed@carrier.example>"


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_an_attested_call_reaches_the_pbx_with_its_verdict(interconnection: Interconnection, level: str) -> None:
    call = interconnection.place(interconnection.identity(attest=level, origid=ORIGID)).end()
    assert call.answers == ANSWERED
    assert "signer.pem" in interconnection.repository.fetched
    decision = call.decision
    assert (decision["rule"], decision["attest"], decision["spc"]) == ("attested", level, "1234")
    invite = call.invite
    assert invite.value("From") == f"{VERIFIED};tag=caller-1"
    assert invite.octets.count(b"verstat") == 1
    assert invite.value("P-Attestation-Indicator") == level
    assert invite.value("P-Origination-ID") == ORIGID
    verdict = "v=1;verdict=passed;reason=passed;rule=attested;mode=enforce"
    assert invite.value("X-SIP-Guard") == f"{verdict};attest={level}"


def test_each_identity_that_was_verified_is_tagged_and_no_other(interconnection: Interconnection) -> None:
    call = interconnection.place(
        interconnection.identity(),
        f"P-Asserted-Identity: <sip:+{ALICE}@carrier.example>, <tel:+{ALICE}>",
        f"Remote-Party-ID: <sip:+{ALICE}@carrier.example>;party=calling",
        f"Diversion: <sip:+{OTHER}@carrier.example>;reason=unconditional",
    ).end()
    assert call.decision["rule"] == "attested"
    invite = call.invite
    assert invite.value("From").startswith(VERIFIED)
    assert invite.value("P-Asserted-Identity") == f"{VERIFIED}, <tel:+{ALICE};verstat=TN-Validation-Passed>"
    assert invite.octets.count(b"verstat") == 3


REFUSED: dict[str, tuple[Callable[[Interconnection], str], str, str, str]] = {
    "attestation C made an A": (
        lambda world: tampered(world.identity(attest="C")),
        "438 Invalid Identity Header",
        "bad-signature",
        "signature-invalid",
    ),
    "the token of another caller": (
        lambda world: world.identity(caller=BANK),
        "438 Invalid Identity Header",
        "mismatch",
        "orig-mismatch",
    ),
    "a token for another callee": (
        lambda world: world.identity(callee=OTHER),
        "438 Invalid Identity Header",
        "mismatch",
        "dest-mismatch",
    ),
    "a token from five minutes ago": (lambda world: world.identity(age=300), "403 Stale Date", "stale", "iat-stale"),
    "a token from the future": (lambda world: world.identity(age=-300), "403 Stale Date", "stale", "iat-future"),
    "signed under an unknown authority": (
        lambda world: world.identity(certificate="stranger.pem"),
        "437 Unsupported Credential",
        "untrusted",
        "certificate-untrusted",
    ),
    "a certificate without TNAuthList": (
        lambda world: world.identity(certificate="no_list.pem"),
        "437 Unsupported Credential",
        "untrusted",
        "tn-auth-list-missing",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_call_that_fails_attestation_is_refused(interconnection: Interconnection, wrong: str) -> None:
    identity, answer, rule, reason = REFUSED[wrong]
    call = interconnection.place(identity(interconnection), scenario="refused").end()
    assert call.answers == ["100 Trying", answer]
    assert (call.decision["rule"], call.decision["reason"]) == (rule, reason)
    assert call.invites == []


def signature(identity: str) -> str:
    """Give the signature of an Identity line."""
    return identity.partition(";")[0].rpartition(".")[2]


def test_a_failed_call_that_a_rule_lets_go_on_is_tagged_and_its_caller_told_once(
    interconnection: Interconnection,
) -> None:
    identity = tampered(interconnection.identity(attest="C"))
    call = interconnection.place(identity, scenario="told", trunk="lenient").end()
    assert call.answers == ANSWERED
    assert (call.decision["rule"], call.decision["result"]) == ("failed-goes-on", "failed")
    assert call.invite.value("From").startswith(f"<sip:+{ALICE};verstat=TN-Validation-Failed@")
    assert call.invite.values("Reason") == []
    assert call.reasons == [f'STIR;cause=438;text="Invalid Identity Header";ppi="..{signature(identity)}"']


def test_a_refused_call_with_several_tokens_tells_what_is_wrong_with_each(interconnection: Interconnection) -> None:
    stale, forged = interconnection.identity(age=300), tampered(interconnection.identity(attest="C"))
    call = interconnection.place(stale, forged, scenario="refused").end()
    assert call.answers == ["100 Trying", "403 Stale Date"]
    assert call.reasons == [
        f'STIR;cause=403;text="Stale Date";ppi="..{signature(stale)}"',
        f'STIR;cause=438;text="Invalid Identity Header";ppi="..{signature(forged)}"',
    ]


def test_a_good_token_lets_a_call_pass_and_the_other_one_is_told_of(interconnection: Interconnection) -> None:
    stale = interconnection.identity(age=300)
    call = interconnection.place(stale, interconnection.identity()).end()
    assert (call.decision["rule"], call.decision["result"]) == ("attested", "passed")
    assert call.reasons == [f'STIR;cause=403;text="Stale Date";ppi="..{signature(stale)}"']


def test_an_attested_call_tells_nothing(interconnection: Interconnection) -> None:
    assert interconnection.place(interconnection.identity()).end().reasons == []


def test_an_unsigned_call_is_tagged(interconnection: Interconnection) -> None:
    call = interconnection.place().end()
    assert call.answers == ANSWERED
    assert call.decision["rule"] == "unsigned"
    assert "verdict=absent;reason=no-identity;rule=unsigned;" in call.invite.value("X-SIP-Guard")
    assert b"verstat" not in call.invite.octets


def test_an_unsigned_call_is_refused_where_tokens_are_required(interconnection: Interconnection) -> None:
    call = interconnection.place(scenario="refused", trunk="signed-only").end()
    assert call.answers == ["100 Trying", "428 Use Identity Header"]
    assert call.decision["rule"] == "identity-required"
    assert call.invites == []


def test_an_emergency_call_passes_where_tokens_are_required(interconnection: Interconnection) -> None:
    call = interconnection.place(trunk="signed-only", called="911").end()
    assert call.answers == ANSWERED
    assert call.decision["rule"] == "emergency"
    assert call.invite.start.startswith("INVITE sip:911@")


def _broken(world: Interconnection) -> str:
    return world.identity(certificate="down.pem")


def _nobody(world: Interconnection) -> str:
    return world.identity(certificate=world.nowhere)


@pytest.mark.parametrize("identity", [_broken, _nobody])
def test_a_call_is_tagged_while_the_repository_is_down(
    interconnection: Interconnection, identity: Callable[[Interconnection], str]
) -> None:
    call = interconnection.place(identity(interconnection)).end()
    assert call.answers == ANSWERED
    assert call.decision["rule"] == "unavailable"
    assert "verdict=unable;reason=repository-unavailable;" in call.invite.value("X-SIP-Guard")
    assert b"verstat" not in call.invite.octets


@pytest.mark.parametrize("identity", [_broken, _nobody])
def test_a_call_is_refused_while_the_repository_is_down_where_a_rule_says_so(
    interconnection: Interconnection, identity: Callable[[Interconnection], str]
) -> None:
    call = interconnection.place(identity(interconnection), scenario="refused", trunk="no-outage").end()
    assert call.answers == ["100 Trying", "436 Bad Identity Info"]
    assert call.decision["rule"] == "outage-is-refused"
    assert call.invites == []


def test_tokens_are_never_in_the_log(interconnection: Interconnection) -> None:
    identity = tampered(interconnection.identity(attest="C"))
    call = interconnection.place(identity, scenario="refused").end()
    assert call.decision["identities"] == 1
    log = str(interconnection.guard.events)
    token = identity.removeprefix("Identity: ").partition(";")[0]
    assert not any(part in log for part in token.split("."))
