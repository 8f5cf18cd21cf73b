"""Trust groups (RFC 8224 6.2 step 3): each believes those below its own anchors, and nobody else."""

import pytest
from pki import NOW, pki
from signed_lists import list_authority, pinned, revocation_list

from sip_guard.call import Code, Finding, Outcome
from sip_guard.stir.certificate import Anchors, Signer
from sip_guard.stir.revocation import Revocation, RevocationList
from sip_guard.stir.trust import Judgement, Trust, Trusts

US, CANADA, NOBODY = pki(spc="1234"), pki(spc="CA01"), pki()


@pytest.fixture
def trusts() -> Trusts:
    return Trusts([Trust("us", US.anchors), Trust("canada", CANADA.anchors)])


def judgement(trusts: Trusts, pem: bytes) -> Judgement:
    found = trusts.judge(pem, NOW)
    assert isinstance(found, Judgement)
    return found


def test_a_signer_is_believed_by_the_group_of_its_authority(trusts: Trusts) -> None:
    signer = judgement(trusts, CANADA.signer.bundle).by(())
    assert isinstance(signer, Signer)
    assert (signer.trust, signer.spcs) == ("canada", ("CA01",))


def test_and_not_on_a_trunk_that_believes_another_group(trusts: Trusts) -> None:
    found = judgement(trusts, CANADA.signer.bundle).by({"us"})
    assert isinstance(found, Finding)
    assert found.code is Code.CERTIFICATE_UNTRUSTED


def test_a_signer_that_no_group_believes_is_a_finding(trusts: Trusts) -> None:
    found = trusts.judge(NOBODY.signer.bundle, NOW)
    assert isinstance(found, Finding)
    assert found.code is Code.CERTIFICATE_UNTRUSTED


def test_what_the_certificates_own_group_says_of_it_is_told(trusts: Trusts) -> None:
    found = trusts.judge(CANADA.signer.bundle, NOW + 10 * 365 * 86_400)
    assert isinstance(found, Finding)
    assert found.code is Code.CERTIFICATE_EXPIRED


def test_a_chain_of_two_groups_is_valid_as_long_as_one_of_them_believes_it() -> None:
    found = judgement(Trusts([Trust("us", US.anchors), Trust("us-2", US.anchors)]), US.signer.bundle)
    signer = found.by({"us-2"})
    assert isinstance(signer, Signer)
    assert signer.trust == "us-2"
    assert (found.not_before, found.not_after) == (signer.not_before, signer.not_after)


def test_new_anchors_are_another_generation_and_the_old_ones_are_believed_no_more(trusts: Trusts) -> None:
    before = trusts.generation
    trusts.groups["us"].renew(NOBODY.anchors)
    assert trusts.generation != before
    assert isinstance(trusts.judge(US.signer.bundle, NOW), Finding)
    assert isinstance(trusts.judge(NOBODY.signer.bundle, NOW), Judgement)


def test_a_group_whose_trust_list_was_never_had_cannot_tell_whom_to_trust() -> None:
    waiting = Trust("us", None)
    found = waiting.judge(US.signer.bundle, NOW)
    assert isinstance(found, Finding)
    assert (found.code, found.code.outcome) == (Code.TRUST_LIST_UNAVAILABLE, Outcome.UNAVAILABLE)
    before = waiting.generation
    waiting.renew(US.anchors, NOW + 10)
    assert waiting.generation != before
    assert isinstance(waiting.judge(US.signer.bundle, NOW), Signer)


def test_where_one_group_could_not_look_nobody_knows_whether_it_would_have_believed() -> None:
    trusts = Trusts([Trust("canada", CANADA.anchors), Trust("us", None)])
    found = trusts.judge(NOBODY.signer.bundle, NOW)
    assert isinstance(found, Finding)
    assert found.code is Code.TRUST_LIST_UNAVAILABLE
    found = trusts.judge(CANADA.signer.bundle, NOW + 10 * 365 * 86_400)
    assert isinstance(found, Finding)
    assert found.code is Code.CERTIFICATE_EXPIRED
    assert isinstance(judgement(trusts, CANADA.signer.bundle).by({"canada"}), Signer)


def test_a_trust_list_that_says_the_same_again_is_no_other_generation() -> None:
    group = Trust("us", US.anchors)
    group.renew(Anchors(US.root.pem), NOW + 20)
    assert (group.generation, group.until) == (1, NOW + 20)


def test_past_the_end_of_a_trust_list_it_is_not_known_whom_to_trust(trusts: Trusts) -> None:
    trusts.groups["us"].renew(US.anchors, NOW + 10)
    signer = judgement(trusts, US.signer.bundle).by(())
    assert isinstance(signer, Signer)
    assert trusts.revoked(signer, NOW + 10) is None
    found = trusts.revoked(signer, NOW + 15)
    assert found == Finding(Code.TRUST_LIST_UNAVAILABLE, "the trust list of us is out of date for 5 s")


def test_each_group_asks_its_own_lists() -> None:
    authority = list_authority()
    revocation = Revocation(["crl"], hard=True)
    octets = revocation_list(authority, [US.signer, CANADA.signer])
    revocation.renew("crl", RevocationList.parse(octets, pinned(authority), NOW))
    trusts = Trusts([Trust("us", US.anchors, revocation), Trust("canada", CANADA.anchors)])
    for world, code in ((US, Code.CERTIFICATE_REVOKED), (CANADA, None)):
        signer = judgement(trusts, world.signer.bundle).by(())
        assert isinstance(signer, Signer)
        found = trusts.revoked(signer, NOW)
        assert (found and found.code) is code
