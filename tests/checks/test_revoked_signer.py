"""RFC 5280 6.3.3: a signer is asked about on every use, and what is not known of him is no failure and no pass."""

import pytest
from incoming import ALICE_NUMBER, BOB_NUMBER, ORIGID, call
from pki import NOW, pki
from signed_lists import HOUR, list_authority, pinned, revocation_list

from sip_guard.call import Finding
from sip_guard.checks.identity import IdentityCheck
from sip_guard.demo.pki import Issued
from sip_guard.stir.revocation import Revocation, RevocationList
from sip_guard.stir.sign import sign
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Trust, Trusts

PKI = pki()
LISTS = list_authority()


class House:
    """A check whose one trust group has one revocation list."""

    def __init__(self, *, hard: bool = True) -> None:
        self.revocation = Revocation(["crl"], hard=hard)
        trusts = Trusts([Trust("us", PKI.anchors, self.revocation)])
        judgement = trusts.judge(PKI.signer.bundle, NOW)
        self.check = IdentityCheck(lambda _url, _when: judgement, Terms(), trusts)

    def has(self, *revoked: Issued, lasts: float = HOUR, when: float = NOW) -> None:
        octets = revocation_list(LISTS, revoked, lasts=lasts, when=when)
        self.revocation.renew("crl", RevocationList.parse(octets, pinned(LISTS), NOW))

    def finds(self, *, orig: str = ALICE_NUMBER, tampered: bool = False) -> list[Finding]:
        value = sign(
            attest="A",
            dest_tn=[BOB_NUMBER],
            iat=int(NOW),
            orig_tn=orig,
            origid=ORIGID,
            key=(pki().signer if tampered else PKI.signer).signing_key,
            x5u="https://certs.example.com/signer.pem",
        ).decode()
        found = self.check.check(call(f"Identity: {value}"))
        assert isinstance(found, list)
        return found

    def codes(self, *, tampered: bool = False) -> list[tuple[str, int]]:
        return [(finding.code.value, finding.token) for finding in self.finds(tampered=tampered)]


def test_a_signer_that_is_not_revoked_passes() -> None:
    house = House()
    house.has()
    assert house.codes() == [("passed", 1)]


def test_one_that_is_revoked_while_the_guard_runs_passes_no_more() -> None:
    house = House()
    house.has()
    assert house.codes() == [("passed", 1)]
    house.has(PKI.signer)
    (found,) = house.finds()
    assert (found.code.value, found.weighs) == ("certificate-revoked", True)
    assert found.detail == "revoked: CN=SHAKEN 1234,O=sip_guard demo,C=US"
    assert house.codes(tampered=True) == [("certificate-revoked", 1)]


@pytest.mark.parametrize("old", [False, True])
def test_without_a_list_in_force_a_genuine_token_could_not_be_checked(old: bool) -> None:
    house = House(hard=True)
    if old:
        house.has(when=NOW - 2 * HOUR)
    assert house.codes() == [("revocation-unavailable", 1)]


@pytest.mark.parametrize("old", [False, True])
def test_or_it_passes_with_a_note_where_the_group_says_so(old: bool) -> None:
    house = House(hard=False)
    if old:
        house.has(when=NOW - 2 * HOUR)
    assert house.codes() == [("passed", 1), ("revocation-unchecked", 1)]


@pytest.mark.parametrize("hard", [False, True])
def test_an_outage_makes_no_forged_token_better(hard: bool) -> None:
    house = House(hard=hard)
    assert house.codes(tampered=True)[0] == ("signature-invalid", 1)
