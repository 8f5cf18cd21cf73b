"""Trust groups (RFC 8224 6.2 step 3): each believes those below its own anchors, and nobody else."""

import pytest
from pki import NOW, pki

from sip_guard.call import Code, Finding
from sip_guard.stir.certificate import Signer
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
