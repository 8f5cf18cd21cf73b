"""ATIS-1000084: the list of trusted authorities, and whether it is the policy administrator's last word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW, pki
from signed_lists import list_authority, pinned, trust_list

from sip_guard.demo.pki import DAY, Issued, Window, issue
from sip_guard.stir.certificate import Signer, judge
from sip_guard.stir.sign import base64url
from sip_guard.stir.trust_list import MAX_OCTETS, TrustList

US, CANADA = pki(), pki(spc="CA01")
STI_PA = list_authority(NOW, "STI-PA")
PINNED = pinned(STI_PA)
GOOD = trust_list(STI_PA, US.root, CANADA.root)


def refusal(octets: bytes, when: float = NOW, last: int = 0) -> str:
    with pytest.raises(ValueError, match=r".+") as caught:
        TrustList.parse(octets, PINNED, when, last)
    return str(caught.value)


def test_the_roots_of_a_list_become_anchors() -> None:
    found = TrustList.parse(GOOD, PINNED, NOW)
    assert (found.sequence, found.until) == (7, NOW + DAY)
    for each in (US, CANADA):
        assert isinstance(judge(each.signer.bundle, found.anchors, NOW), Signer)
    assert not isinstance(judge(pki().signer.bundle, found.anchors, NOW), Signer)


def test_a_line_end_around_it_is_no_matter() -> None:
    assert TrustList.parse(GOOD + b"\r\n", PINNED, NOW).sequence == 7


def test_only_self_signed_ca_certificates_become_anchors() -> None:
    lone = pki()
    found = TrustList.parse(trust_list(STI_PA, US.root, lone.intermediate, lone.signer), PINNED, NOW)
    assert len(found.anchors.certificates) == 1
    assert not isinstance(judge(lone.signer.bundle, found.anchors, NOW), Signer)
    no_ca = issue("SHAKEN ROOT", None, Window.around(NOW), [])
    assert "no self-signed CA" in refusal(trust_list(STI_PA, no_ca, lone.intermediate))


def test_an_entry_may_hold_several_certificates() -> None:
    octets = trust_list(STI_PA, trustList=[(US.root.pem + CANADA.root.pem).decode()])
    assert len(TrustList.parse(octets, PINNED, NOW).anchors.certificates) == 2


def test_it_is_good_until_its_end() -> None:
    found = TrustList.parse(GOOD, PINNED, NOW)
    assert [found.in_force(NOW + offset) for offset in (0, DAY, DAY + 1)] == [True, True, False]


def test_the_sequence_never_goes_back() -> None:
    assert TrustList.parse(GOOD, PINNED, NOW, last=7).sequence == 7
    assert refusal(GOOD, last=8) == "an old list: its sequence is 7, and 8 was seen"


def test_it_is_signed_by_the_pinned_certificate() -> None:
    assert "signature" in refusal(trust_list(list_authority(NOW, "STI-PA"), US.root))
    assert "signature" in refusal(trust_list(US.signer, US.root))
    assert "is not valid now" in refusal(GOOD, when=NOW + 31 * DAY)


def _with(**change: object) -> bytes:
    return trust_list(STI_PA, US.root, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (_with(header={"alg": "none"}), "signed with none"),
        (_with(header={"alg": "HS256"}), "signed with HS256"),
        (_with(header={"typ": "passport"}), "of type passport"),
        (_with(header={"crit": ["exp"]}), "critical"),
        (_with(sequence=-1), "`sequence`"),
        (_with(sequence="7"), "`sequence`"),
        (_with(sequence=True), "`sequence`"),
        (_with(sequence=None), "`sequence`"),
        (_with(exp=None), "`exp`"),
        (_with(exp="tomorrow"), "`exp`"),
        (_with(exp=True), "`exp`"),
        (_with(version=2), "version 2"),
        (_with(trustList="no"), "`trustList`"),
        (_with(trustList=[7]), "`trustList`"),
        (_with(trustList=[]), "no self-signed CA"),
        (_with(trustList=["rubbish"]), "cannot be read"),
        (_with(trustList=[US.root.pem.decode()[:200]]), "cannot be read"),
        (b"", "three parts"),
        (GOOD + b"=", "three parts"),
        (b"<html>503</html>", "three parts"),
        (GOOD.rpartition(b".")[0] + b".AAAA", "3 octets"),
        (b"A" * (MAX_OCTETS + 1), "are the limit"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_list_with_one_thing_wrong_is_refused(octets: bytes, why: str) -> None:
    assert why in refusal(octets)


def test_another_payload_under_the_same_signature_is_refused() -> None:
    head, _, seal = GOOD.split(b".")
    _, other, _ = trust_list(list_authority(), pki().root).split(b".")
    assert "signature" in refusal(b".".join((head, other, seal)))
    assert "signature" in refusal(b".".join((head, base64url(b"{}"), seal)))


@given(st.data())
def test_a_changed_list_is_refused(data: st.DataObject) -> None:
    octets = bytearray(GOOD)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    if bytes(octets).strip() != GOOD:
        refusal(bytes(octets))


@given(st.binary(max_size=200))
def test_any_octets_are_refused(octets: bytes) -> None:
    refusal(octets)


def test_any_payload_that_is_signed_is_read_or_refused() -> None:
    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
    def tried(value: object) -> None:
        for name in ("sequence", "exp", "trustList", "version"):
            try:
                TrustList.parse(_with(**{name: value}), PINNED, NOW)
            except ValueError:
                continue

    tried()


def test_a_bundle_of_many_authorities_is_read() -> None:
    roots: list[Issued] = [pki().root for _ in range(30)]
    assert len(TrustList.parse(trust_list(STI_PA, *roots), PINNED, NOW).anchors.certificates) == 30
