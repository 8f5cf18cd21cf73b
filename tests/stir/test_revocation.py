"""RFC 5280 5 and 6.3.3, ATIS-1000084: which lists of revoked certificates are believed, and what they say."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW, Pki, pki
from signed_lists import (
    HOUR,
    INDIRECT,
    Entry,
    ca_without_crl_sign,
    list_authority,
    of,
    pinned,
    revocation_list,
    without_next_update,
)

from sip_guard.call import Code, Finding, Outcome
from sip_guard.demo.pki import DAY, Issued, Window, authority, issue, sti_root, sti_signer
from sip_guard.stir.certificate import Signer
from sip_guard.stir.name import canonical
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.revocation import Revocation, RevocationList
from sip_guard.stir.trust import Trust

US, OTHER = pki(), pki(spc="5678")
LISTS = list_authority()
PINNED = pinned(LISTS)


def signer_of(world: Pki) -> Signer:
    found = Trust("us", world.anchors).judge(world.signer.bundle, NOW)
    assert isinstance(found, Signer)
    return found


SIGNER = signer_of(US)


def read(octets: bytes, by: Pinned = PINNED, when: float = NOW) -> RevocationList:
    return RevocationList.parse(octets, by, when)


def refusal(octets: bytes, by: Pinned = PINNED, when: float = NOW) -> str:
    with pytest.raises(ValueError, match=r".+") as caught:
        read(octets, by, when)
    return str(caught.value)


def asked(*lists: RevocationList | None, hard: bool = True) -> Revocation:
    """Give what a group knows that has these lists; None: one that was never had."""
    revocation = Revocation([f"list {i}" for i in range(len(lists))], hard=hard)
    for i, each in enumerate(lists):
        if each is not None:
            revocation.renew(f"list {i}", each)
    return revocation


def code(*lists: RevocationList | None, when: float = NOW, hard: bool = True, signer: Signer = SIGNER) -> Code | None:
    found = asked(*lists, hard=hard).fault(signer, when)
    return None if found is None else found.code


# Who is revoked.


def test_a_signer_that_stands_on_no_list_is_not_revoked() -> None:
    assert code(read(revocation_list(LISTS, [OTHER.signer]))) is None


@pytest.mark.parametrize("revoked", [US.signer, US.intermediate], ids=["the signer", "an intermediate"])
def test_an_indirect_list_revokes_a_certificate_of_the_chain(revoked: Issued) -> None:
    found = asked(read(revocation_list(LISTS, [revoked]))).fault(SIGNER, NOW)
    assert found is not None
    assert (found.code, found.code.sip_code) == (Code.CERTIFICATE_REVOKED, 437)
    assert revoked.certificate.subject.rfc4514_string() in found.detail


def test_the_same_serial_number_of_another_issuer_is_another_certificate() -> None:
    elsewhere = Entry(US.signer.certificate.serial_number, LISTS.certificate.subject)
    assert code(read(revocation_list(LISTS, [elsewhere]))) is None


def test_two_certificates_with_one_serial_number_may_both_be_revoked() -> None:
    elsewhere = Entry(US.signer.certificate.serial_number, LISTS.certificate.subject)
    assert code(read(revocation_list(LISTS, [of(US.signer), elsewhere]))) is Code.CERTIFICATE_REVOKED
    assert code(read(revocation_list(LISTS, [elsewhere, of(US.signer)]))) is Code.CERTIFICATE_REVOKED


def test_an_issuer_holds_until_the_next_one() -> None:
    serial = US.signer.certificate.serial_number
    us, other = US.signer.certificate.issuer, LISTS.certificate.subject
    inherited = [Entry(1, us), Entry(2), Entry(serial), Entry(3, other)]
    assert code(read(revocation_list(LISTS, inherited))) is Code.CERTIFICATE_REVOKED
    replaced = [Entry(1, us), Entry(2, other), Entry(serial)]
    assert code(read(revocation_list(LISTS, replaced))) is None


def test_at_first_the_issuer_is_that_of_the_list() -> None:
    serial = US.signer.certificate.serial_number
    assert code(read(revocation_list(LISTS, [Entry(serial)]))) is None
    namesake = list_authority(NOW, "SHAKEN CA")
    assert namesake.certificate.subject == US.intermediate.certificate.subject
    assert code(read(revocation_list(namesake, [Entry(serial)]), pinned(namesake))) is Code.CERTIFICATE_REVOKED


def test_an_entry_may_name_several_issuers() -> None:
    both = x509.CertificateIssuer([x509.DirectoryName(each.certificate.issuer) for each in (LISTS, US.signer)])
    entry = Entry(US.signer.certificate.serial_number, extensions=((both, True),))
    assert code(read(revocation_list(LISTS, [entry]))) is Code.CERTIFICATE_REVOKED


def test_names_are_compared_without_case_and_needless_space() -> None:
    def name(country: str, common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, country),
                          x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])  # fmt: skip

    assert canonical(name("US", "Shaken  CA ")) == canonical(name("us", "SHAKEN CA"))
    assert canonical(name("US", "SHAKEN CA")) != canonical(name("US", "SHAKENCA"))
    assert canonical(name("US", "CA")) != canonical(name("CA", "US"))


def test_what_was_removed_is_revoked_no_more() -> None:
    reason = x509.CRLReason(x509.ReasonFlags.remove_from_crl)
    entries = [Entry(1, US.signer.certificate.issuer), of(US.signer)._replace(extensions=((reason, False),))]
    assert code(read(revocation_list(LISTS, entries))) is None


def test_the_anchor_is_the_operators_word() -> None:
    assert code(read(revocation_list(LISTS, [US.root]))) is None


def test_a_list_in_pem_is_the_same() -> None:
    der = revocation_list(LISTS, [US.signer])
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    assert read(pem) == read(der)
    assert read(b"\n" + pem) == read(der)


def test_a_list_may_have_very_many_entries() -> None:
    entries = [Entry(serial, US.signer.certificate.issuer if serial == 1 else None) for serial in range(1, 2001)]
    found = read(revocation_list(LISTS, [*entries, of(US.signer)]))
    assert found.entries == 2001
    assert code(found) is Code.CERTIFICATE_REVOKED


# Which lists are believed.


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_list_may_be_signed_with_any_hash_of_sha_2(algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512) -> None:
    assert read(revocation_list(LISTS, hash_algorithm=algorithm)).entries == 0


def test_a_list_may_be_signed_by_one_of_several_pinned_certificates() -> None:
    assert read(revocation_list(LISTS), pinned(list_authority(NOW, "STI-PA"), list_authority(), LISTS)).entries == 0


def test_a_list_by_somebody_else_is_refused() -> None:
    assert "STI-PA of nobody" in refusal(revocation_list(list_authority(NOW, "STI-PA of nobody")))


def test_a_list_by_a_namesake_is_refused() -> None:
    assert "not that of the certificate pinned" in refusal(revocation_list(list_authority()))
    assert "not that of the certificate pinned" in refusal(revocation_list(US.root, named=LISTS.certificate.subject))


def test_the_anchors_of_tokens_sign_no_lists() -> None:
    assert "no certificate is pinned" in refusal(revocation_list(US.root))


def test_a_pinned_certificate_that_may_not_sign_lists_is_of_no_use() -> None:
    unfit = ca_without_crl_sign()
    assert "cRLSign" in refusal(revocation_list(unfit), pinned(unfit))


def test_a_pinned_certificate_without_key_usage_may() -> None:
    bare = issue("STI-PA CRL", None, Window.around(NOW), [])
    assert read(revocation_list(bare), pinned(bare)).entries == 0


def test_a_pinned_certificate_past_its_end_is_believed_no_more() -> None:
    assert "is not valid now" in refusal(revocation_list(LISTS), when=NOW + 31 * DAY)


def test_pinned_certificates_are_on_elliptic_curves() -> None:
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(ValueError, match="elliptic curve key: CN=STI-PA CRL"):
        pinned(issue("STI-PA CRL", None, Window.around(NOW), authority(), key))


@pytest.mark.parametrize("pem", [b"", b"rubbish", LISTS.key_pem, LISTS.pem[:-40]])
def test_pinned_certificates_that_cannot_be_read_are_an_error(pem: bytes) -> None:
    with pytest.raises(ValueError, match="no certificates in PEM"):
        Pinned(pem)


STRANGE = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


def _only(**flags: bool) -> x509.IssuingDistributionPoint:
    names = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    given = {name: flags.get(name, False) for name in names}
    return x509.IssuingDistributionPoint(full_name=None, relative_name=None, only_some_reasons=None, **given)


SOME_REASONS = x509.IssuingDistributionPoint(
    None, None, False, False, frozenset((x509.ReasonFlags.key_compromise,)), True, False  # noqa: FBT003
)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: without_next_update(LISTS), "without nextUpdate"),
        (lambda: revocation_list(LISTS, when=NOW + HOUR), "from the future"),
        (lambda: revocation_list(LISTS, extensions=[(x509.DeltaCRLIndicator(1), True)]), "a delta list"),
        (lambda: revocation_list(LISTS, extensions=[(x509.DeltaCRLIndicator(1), False)]), "a delta list"),
        (lambda: revocation_list(LISTS, extensions=[(STRANGE, True)]), "not known: 1.2.3.4"),
        (lambda: revocation_list(LISTS, [Entry(1, extensions=((STRANGE, True),))]), "not known: 1.2.3.4"),
        (lambda: revocation_list(LISTS, [of(US.signer)], scope=None), "not indirect"),
        (lambda: revocation_list(LISTS, scope=_only(only_contains_attribute_certs=True)), "attribute certificates"),
        (lambda: revocation_list(LISTS, scope=SOME_REASONS), "for some reasons only"),
        (
            lambda: revocation_list(
                LISTS,
                [Entry(1, extensions=((x509.CertificateIssuer([x509.DNSName("a.example")]), True),))],
            ),
            "no directory name",
        ),
    ],
)
def test_a_list_with_one_thing_wrong_is_refused(make: Callable[[], bytes], why: str) -> None:
    assert why in refusal(make())


def test_what_is_not_known_and_not_critical_is_passed_over() -> None:
    octets = revocation_list(
        LISTS,
        [of(US.signer)._replace(extensions=((STRANGE, False),))],
        extensions=[(STRANGE, False), (x509.CRLNumber(9), False)],
    )
    assert code(read(octets)) is Code.CERTIFICATE_REVOKED


def test_two_clocks_are_never_the_same() -> None:
    assert read(revocation_list(LISTS, when=NOW + 200)).since == NOW + 200


@given(st.data())
def test_a_changed_list_is_refused(data: st.DataObject) -> None:
    octets = bytearray(GOOD)
    for place in data.draw(st.sets(st.integers(0, len(octets) - 1), min_size=1, max_size=3)):
        octets[place] ^= data.draw(st.integers(1, 255))
    refusal(bytes(octets))


GOOD = revocation_list(LISTS, [US.signer])


@given(st.binary(max_size=200) | st.integers(0, len(GOOD) - 1).map(lambda end: GOOD[:end]))
def test_any_other_octets_are_refused(octets: bytes) -> None:
    assert len(refusal(octets)) <= 200
    refusal(b"-----BEGIN X509 CRL-----\n" + octets)


# What holds where it cannot be known.


def test_a_list_that_was_never_had() -> None:
    assert code(None) is Code.REVOCATION_UNAVAILABLE
    assert code(None, hard=False) is Code.REVOCATION_UNCHECKED
    assert Code.REVOCATION_UNCHECKED.outcome is Outcome.NOTE


def test_a_list_past_its_next_update() -> None:
    old = read(revocation_list(LISTS, lasts=HOUR))
    assert [code(old, when=NOW + offset) for offset in (HOUR, HOUR + 1)] == [None, Code.REVOCATION_UNAVAILABLE]
    found = asked(old).fault(SIGNER, NOW + HOUR + 20)
    assert found == Finding(Code.REVOCATION_UNAVAILABLE, "the revocation list list 0 is out of date for 20 s")
    assert code(old, when=NOW + HOUR + 1, hard=False) is Code.REVOCATION_UNCHECKED


def test_what_stood_on_an_old_list_is_still_revoked() -> None:
    old = read(revocation_list(LISTS, [US.signer], lasts=HOUR))
    assert code(old, when=NOW + DAY, hard=False) is Code.CERTIFICATE_REVOKED
    assert code(None, old, hard=False) is Code.CERTIFICATE_REVOKED


def test_every_list_that_may_speak_for_a_certificate_must_be_there() -> None:
    good = read(revocation_list(LISTS))
    assert code(good, None) is Code.REVOCATION_UNAVAILABLE
    assert code(good, good) is None


def direct(issuer: Issued, *entries: Entry, scope: x509.IssuingDistributionPoint | None = None) -> RevocationList:
    """Give a list that an issuer of certificates signs himself."""
    (name,) = issuer.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    fit = issue(str(name.value), None, Window.around(NOW), [])
    assert fit.certificate.subject == issuer.certificate.subject
    return read(revocation_list(fit, entries, scope=scope), pinned(fit))


def test_direct_lists_speak_for_those_whom_their_issuer_has_certified() -> None:
    of_root, of_intermediate = direct(US.root), direct(US.intermediate)
    assert code(of_root, of_intermediate) is None
    assert code(of_root) is Code.REVOCATION_UNAVAILABLE
    assert code(of_intermediate) is Code.REVOCATION_UNAVAILABLE
    revoking = direct(US.intermediate, Entry(US.signer.certificate.serial_number))
    assert code(of_root, revoking) is Code.CERTIFICATE_REVOKED


def test_an_old_list_of_another_issuer_does_not_matter() -> None:
    stranger = list_authority(NOW, "SHAKEN CA of others")
    old = read(revocation_list(stranger, scope=None, lasts=HOUR), pinned(stranger))
    assert code(old, read(revocation_list(LISTS, lasts=DAY)), when=NOW + 2 * HOUR) is None


def test_a_list_of_ca_certificates_does_not_speak_for_signers() -> None:
    authorities = read(revocation_list(LISTS, scope=_only(indirect_crl=True, only_contains_ca_certs=True)))
    users = read(revocation_list(LISTS, scope=_only(indirect_crl=True, only_contains_user_certs=True)))
    assert code(authorities) is Code.REVOCATION_UNAVAILABLE
    assert code(users) is Code.REVOCATION_UNAVAILABLE
    assert code(users, authorities) is None
    assert read(revocation_list(LISTS, scope=INDIRECT)).leaves


def test_a_list_that_is_renewed_counts_from_then_on() -> None:
    revocation = asked(read(revocation_list(LISTS)))
    assert revocation.fault(SIGNER, NOW) is None
    revocation.renew("list 0", read(revocation_list(LISTS, [US.signer])))
    found = revocation.fault(SIGNER, NOW)
    assert found is not None
    assert found.code is Code.CERTIFICATE_REVOKED


def test_a_signer_right_below_a_root_is_asked_about() -> None:
    root = sti_root(Window.around(NOW))
    leaf = sti_signer(root, Window.around(NOW))
    below = signer_of(Pki(root, root, leaf))
    assert len(below.chain) == 2
    assert code(read(revocation_list(LISTS, [leaf])), signer=below) is Code.CERTIFICATE_REVOKED


def test_keys_on_other_curves_sign_lists_too() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    signer = issue("STI-PA CRL", None, Window.around(NOW), [], key)
    assert read(revocation_list(signer, hash_algorithm=hashes.SHA384()), pinned(signer)).entries == 0
