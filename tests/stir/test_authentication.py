"""The authentication service (RFC 8224 6.1): who is attested, how well, for whom, and what our own verifier says."""

import re
from uuid import UUID

import pytest
from calls import PKI, X5U, examined, judged
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, request
from pki import NOW, with_tn_auth_list

from sip_guard.call import Call, Code, Finding
from sip_guard.demo.pki import Issued
from sip_guard.number import PLAIN, DialPlan
from sip_guard.peer import Trunk
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import MalformedMessage, Request, parse
from sip_guard.sip.rewrite import Draft
from sip_guard.stir.authentication import Attest, Level, Signing, Unsigned, authenticate, origid
from sip_guard.stir.credential import Credential, own_certificate
from sip_guard.stir.identity import Identity
from sip_guard.stir.identity import parse as parse_identity
from sip_guard.stir.passport import Passport
from sip_guard.stir.tn_auth_list import Numbers, TnAuthList
from sip_guard.stir.token import Token

LONDON = "+442079460000"
PARIS = "+33140000000"
UK = DialPlan("GB", ("00",))
ATTEST = (Attest("none", ("44207946099",)), Attest("A", ("44207946",)), Attest("B", ("44",)), Attest("C"))
FLOW = Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5060))
EVERYBODY = (Attest("B"),)


def credential(issued: Issued = PKI.signer) -> Credential:
    return Credential(key=issued.signing_key, url=X5U, certificate=own_certificate(issued.bundle))


def calls(
    caller: str = LONDON,
    callee: str = PARIS,
    *more: str,
    to: str = "",
    uri: str = "",
) -> Draft:
    """Give a call as it is about to leave."""
    return Draft(
        read_request(
            request(
                "INVITE",
                uri or f"sip:{callee}@192.0.2.1",
                *more,
                from_=f"<sip:{caller}@pbx.example>;tag=1",
                to=f"<{to or f'sip:{callee}@192.0.2.1'}>",
            )
        )
    )


def signs(
    draft: Draft,
    attest: tuple[Attest, ...] = ATTEST,
    plan: DialPlan = PLAIN,
    *,
    now: float = NOW,
    with_: Credential | None = None,
) -> tuple[bytes, ...] | Unsigned:
    return authenticate(draft, Signing(with_ or credential(), attest), plan=plan, origin="pbx", now=now)


def passport(draft: Draft, attest: tuple[Attest, ...] = ATTEST, plan: DialPlan = PLAIN) -> Passport:
    """Sign a call, and give what our own verifier reads in it as it comes out at the other end."""
    lines = signs(draft, attest, plan)
    assert isinstance(lines, tuple)
    draft.below += lines
    call = arrives(draft, plan)
    token = examined(identity(call), call)
    assert isinstance(token, Token)
    return token.passport


def identity(call: Call) -> Identity:
    """Give the one Identity value of a call."""
    (value,) = call.identities
    read = parse_identity(value)
    assert isinstance(read, Identity)
    return read


def arrives(draft: Draft, plan: DialPlan = PLAIN) -> Call:
    message = parse(draft.octets())
    assert isinstance(message, Request)
    return Call.of(message, Trunk(name="theirs", targets=("pbx",), dial_plan=plan), FLOW, NOW)


def level(caller: str, attest: tuple[Attest, ...] = ATTEST) -> str | None:
    return passport(calls(caller), attest).attest


# How well the caller is known.


def test_the_first_entry_that_fits_the_caller_says_how_well_it_is_known() -> None:
    assert [level(caller) for caller in (LONDON, "+441142960000", PARIS)] == ["A", "B", "C"]


def test_some_callers_can_be_left_unsigned() -> None:
    assert signs(calls("+442079460999")) == ()


def test_a_caller_that_no_entry_is_for_is_not_signed() -> None:
    assert signs(calls(PARIS), ATTEST[1:3]) is Unsigned.NO_LEVEL


# Who calls.


def test_the_asserted_caller_is_attested_before_the_one_that_is_presented() -> None:
    read = passport(calls(PARIS, PARIS, f"P-Asserted-Identity: <sip:{LONDON}@pbx.example>"))
    assert (read.orig_tn, read.attest) == (LONDON[1:], "A")


def test_what_does_not_go_out_is_not_attested() -> None:
    draft = calls(PARIS, PARIS, f"P-Asserted-Identity: <sip:{LONDON}@pbx.example>")
    draft.remove(draft.message.places(b"p-asserted-identity")[0])
    assert passport(draft).orig_tn == PARIS[1:]


def test_one_caller_can_be_asserted_in_two_ways() -> None:
    asserted = f"P-Asserted-Identity: <sip:{LONDON}@pbx.example>, <tel:{LONDON}>"
    assert passport(calls("anonymous", PARIS, asserted)).orig_tn == LONDON[1:]


def test_of_two_asserted_callers_none_is_attested() -> None:
    asserted = f"P-Asserted-Identity: <sip:{LONDON}@pbx.example>, <tel:{PARIS}>"
    assert signs(calls(LONDON, PARIS, asserted)) is Unsigned.NO_CALLER


@pytest.mark.parametrize("caller", ["anonymous", "alice", "201", "112", "*31", "+4", "0"])
def test_who_shows_no_complete_number_is_not_attested(caller: str) -> None:
    assert signs(calls(caller)) is Unsigned.NO_CALLER


def test_an_extension_that_is_asserted_does_not_hide_the_number_in_from() -> None:
    assert passport(calls(LONDON, PARIS, "P-Asserted-Identity: <sip:alice@pbx.example>")).orig_tn == LONDON[1:]


@pytest.mark.parametrize(
    "written", ["02079460000", "020 7946 0000", "00442079460000", "+44-20-7946-0000", "442079460000"]
)
def test_numbers_are_read_by_the_dial_plan_of_the_trunk(written: str) -> None:
    plan = PLAIN if written.startswith("442") else UK
    escaped = written.replace(" ", "%20")
    read = passport(calls(escaped, escaped), plan=plan)
    assert (read.orig_tn, read.dest_tn) == (LONDON[1:], (LONDON[1:],))


# For whom.


def test_the_call_is_for_the_number_in_to_even_if_it_goes_elsewhere() -> None:
    """As RFC 8224 4.1 says: verifiers compare To. Where the call goes instead is a matter of `div`."""
    assert passport(calls(uri=f"sip:{LONDON}@192.0.2.1", to=f"sip:{PARIS}@192.0.2.1")).dest_tn == (PARIS[1:],)


@pytest.mark.parametrize("to", ["sip:1234@pbx.example", "sip:boss@pbx.example", "sip:*12@pbx.example"])
def test_what_was_dialled_short_counts_as_the_number_that_it_became(to: str) -> None:
    assert passport(calls(uri=f"sip:{PARIS}@192.0.2.1", to=to)).dest_tn == (PARIS[1:],)


def test_a_service_number_is_called_as_it_is() -> None:
    assert passport(calls(uri="sip:112@192.0.2.1", to="sip:112@192.0.2.1")).dest_tn == ("112",)


@pytest.mark.parametrize("uri", ["urn:service:sos", "urn:service:SOS.police"])
def test_an_emergency_service_is_called_by_its_urn(uri: str) -> None:
    draft = calls(uri=uri, to=uri)
    lines = signs(draft)
    assert isinstance(lines, tuple)
    draft.below += lines
    call = arrives(draft)
    found = examined(identity(call), call)
    # Nothing there can be compared; such a call passes whatever is found.
    assert isinstance(found, Finding)
    assert found.code is Code.DEST_MISMATCH
    assert dict(found.particulars)["dest"] == uri.lower()


def test_a_call_to_no_number_is_not_signed() -> None:
    assert signs(calls(callee="bob")) is Unsigned.NO_CALLEE


# When, and with what.


def test_a_call_that_is_signed_already_is_left_alone() -> None:
    assert signs(calls(LONDON, PARIS, "Identity: a.b.c;info=<https://x.example/y>")) == ()
    assert signs(calls(LONDON, PARIS, "y: a.b.c;info=<https://x.example/y>")) == ()


def test_nothing_is_signed_with_a_certificate_that_is_out_of_its_time() -> None:
    with_ = credential()
    assert isinstance(signs(calls(), now=with_.not_after), tuple)
    assert signs(calls(), now=with_.not_after + 1) is Unsigned.EXPIRED
    assert signs(calls(), now=with_.not_before - 1) is Unsigned.EXPIRED


def test_a_certificate_for_numbers_signs_calls_of_no_others() -> None:
    with_ = credential(with_tn_auth_list(PKI.intermediate, TnAuthList(numbers=(Numbers(LONDON[1:]),))))
    assert isinstance(signs(calls(), with_=with_), tuple)
    assert signs(calls(PARIS), with_=with_) is Unsigned.NOT_COVERED


def test_a_call_without_a_date_gets_the_time_of_its_signature() -> None:
    lines = signs(calls())
    assert isinstance(lines, tuple)
    assert lines[1:] == (b"Date: Tue, 14 Nov 2023 22:13:20 GMT",)


def test_a_date_that_is_there_stays() -> None:
    lines = signs(calls(LONDON, PARIS, "Date: Tue, 14 Nov 2023 22:13:21 GMT"))
    assert isinstance(lines, tuple)
    assert len(lines) == 1


def test_the_origin_has_one_uuid_for_all_its_calls() -> None:
    first, second = passport(calls()), passport(calls(PARIS, LONDON))
    assert first.origid == second.origid == origid(X5U, "pbx")
    assert str(UUID(first.origid)) == first.origid
    assert origid(X5U, "other") != origid(X5U, "pbx") != origid(f"{X5U}2", "pbx")


# What our own verifier says.

_digits = st.integers(10**6, 10**15 - 1).map(str)


@given(_digits, _digits, st.sampled_from(["A", "B", "C"]), st.booleans(), st.booleans())
def test_what_we_sign_our_own_verifier_passes(
    caller: str, callee: str, known: Level, asserted: bool, plus: bool
) -> None:
    more = [f"P-Asserted-Identity: <sip:+{caller}@pbx.example>"] if asserted else []
    draft = calls(f"{'+' if plus else ''}{caller}", f"+{callee}", *more)
    passport(draft, (Attest(known),))
    call = arrives(draft)
    found = judged(identity(call), call)
    assert found.code is Code.PASSED
    assert found.attestation is not None
    assert found.attestation.level == known


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_whatever_stands_in_the_fields_signing_never_raises(caller: str, callee: str, asserted: str) -> None:
    """At worst there is no token."""
    data = request(
        "INVITE",
        f"sip:+{PARIS}@192.0.2.1",
        f"P-Asserted-Identity: {_octets(asserted)}",
        from_=f"<sip:{_octets(caller)}@pbx.example>;tag=1",
        to=f"<sip:{_octets(callee)}@pbx.example>",
    )
    try:
        draft = Draft(read_request(data))
    except MalformedMessage:
        return
    made = signs(draft, EVERYBODY)
    assert made in (Unsigned.NO_CALLER, Unsigned.NO_CALLEE) or isinstance(made, tuple)


def _octets(text: str) -> str:
    """Give UTF-8 as it stands on the wire, without line ends."""
    return re.sub(r"[\x00-\x1f\x7f]", "", text.encode("utf-8", "replace").decode("latin-1"))
