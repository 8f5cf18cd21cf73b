"""ATIS-1000080 and the US SHAKEN certificate policy: which departures cost a call in which profile."""

from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW, Pki, forged

from sip_guard.call import Code, Finding
from sip_guard.demo.pki import constraints, key_usage, policies, revocation_list, tn_auth_list
from sip_guard.stir import claim_constraints, extensions
from sip_guard.stir.certificate import Anchors, Signer, judge
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.profile import PROFILES, ROWS, Profile
from sip_guard.stir.tn_auth_list import OID, Numbers, TnAuthList

GOOD = pki.pki()
STA = "2.16.840.1.114569.1.1.4"
"""The policy that the tests' certificates name."""


def chain(**changes: dict[str, Any]) -> Pki:
    """Make a chain of three with changes to the `root`, the `intermediate` or the `signer`."""
    root = forged(GOOD.root, **changes.get("root", {}))
    intermediate = forged(GOOD.intermediate._replace(issuer=root), **changes.get("intermediate", {}))
    return Pki(root, intermediate, forged(GOOD.signer._replace(issuer=intermediate), **changes.get("signer", {})))


def refusal(made: Pki, profile: Profile, accepted: tuple[str, ...] = ()) -> str:
    """Say why a chain is refused; empty if it is not."""
    found = judge(made.signer.bundle, Anchors(made.root.pem), NOW, profile, accepted)
    if isinstance(found, Signer):
        return ""
    assert found.code is Code.CERTIFICATE_UNSUITABLE, found
    return found.detail


def first(made: Pki) -> str:
    """Name the laxest profile that refuses, with the role and the item that it names; those beyond refuse, too."""
    refused = [(profile, refusal(made, profile)) for profile in PROFILES if refusal(made, profile)]
    assert [profile for profile, _ in refused] == list(PROFILES[len(PROFILES) - len(refused) :])
    return " / ".join((refused[0][0], *refused[0][1].split(": ")[:2])) if refused else "none"


def name(common: str | None, country: str | None = "US", organisation: str | None = "O", *more: Any) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, country), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
    return x509.Name([*(x509.NameAttribute(oid, text) for oid, text in parts if text is not None), *more])


def point(*names: str, issuer: bool = True, points: int = 1) -> tuple[x509.ExtensionType, bool]:
    issuers = [x509.DirectoryName(name("STI-PA CRL"))] if issuer else None
    full = [x509.UniformResourceIdentifier(each) for each in names]
    return x509.CRLDistributionPoints([x509.DistributionPoint(full, None, None, issuers)] * points), False


def usage(*usages: str, critical: bool = True) -> dict[str, Any]:
    return {"extensions": [(key_usage(*usages)[0], critical)]}


SERIAL_ATTRIBUTE = x509.NameAttribute(NameOID.SERIAL_NUMBER, "12345")
EMAIL = x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@example.org")
ANY_CA = x509.BasicConstraints(ca=True, path_length=None)
BASIC = x509.BasicConstraints(ca=False, path_length=None)
ODD = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
TWO_POLICIES = x509.CertificatePolicies(
    [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in (STA, "1.2.3")]
)
OTHER_KEY = x509.SubjectKeyIdentifier(b"another derivation..")
OTHER_AUTHORITY = x509.AuthorityKeyIdentifier(b"of somebody else", None, None)
AIA = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("https://ca.example/ca.pem")
        )
    ]
)
P521 = "strict / intermediate / subjectPublicKey"
P384 = ec.generate_private_key(ec.SECP384R1())


def listed(*entries: str | Numbers) -> dict[str, Any]:
    spcs = tuple(each for each in entries if isinstance(each, str))
    numbers = tuple(each for each in entries if isinstance(each, Numbers))
    return {"extensions": [tn_auth_list(TnAuthList(spcs, numbers))]}


DEFECTS: list[tuple[str, dict[str, Any], str]] = [
    # What the profile leaves free.
    ("signer", {}, "none"),
    ("signer", {"subject": name("SHAKEN 1234", "CA", "Other", SERIAL_ATTRIBUTE)}, "none"),
    ("signer", {"extensions": [revocation_list("http://crl.example/")]}, "none"),
    ("signer", {"serial": 1 << 56}, "none"),
    ("intermediate", {"algorithm": hashes.SHA384()}, "none"),
    ("intermediate", usage("key_cert_sign", "crl_sign", "digital_signature"), "none"),
    ("root", {"without": [ExtensionOID.AUTHORITY_KEY_IDENTIFIER]}, "none"),
    # Keys and what they are for.
    ("signer", {"key": P384}, "lab / end entity / subjectPublicKey"),
    (
        "signer",
        {"extensions": [(ANY_CA, True)]},
        "lab / end entity / BasicConstraints",
    ),
    ("signer", usage("key_agreement"), "lab / end entity / KeyUsage"),
    ("signer", usage("digital_signature", "key_agreement"), "strict / end entity / KeyUsage"),
    ("signer", usage("digital_signature", critical=False), "strict / end entity / KeyUsage"),
    ("signer", {"without": [ExtensionOID.KEY_USAGE]}, "strict / end entity / KeyUsage"),
    ("signer", {"without": [ExtensionOID.BASIC_CONSTRAINTS]}, "strict / end entity / BasicConstraints"),
    ("signer", {"extensions": [(BASIC, False)]}, "strict / end entity / BasicConstraints"),
    ("intermediate", usage("key_cert_sign", "data_encipherment"), "strict / intermediate / KeyUsage"),
    ("intermediate", usage("key_cert_sign", critical=False), "strict / intermediate / KeyUsage"),
    ("root", usage("key_cert_sign", "data_encipherment"), "strict / root / KeyUsage"),
    # Signatures and numbers.
    ("signer", {"algorithm": hashes.SHA512()}, "normal / end entity / signature"),
    ("intermediate", {"algorithm": hashes.SHA512()}, "normal / intermediate / signature"),
    ("root", {"algorithm": hashes.SHA512()}, "strict / root / signature"),
    ("signer", {"serial": (1 << 56) - 1}, "strict / end entity / serialNumber"),
    ("intermediate", {"serial": 7}, "strict / intermediate / serialNumber"),
    ("root", {"serial": 7}, "strict / root / serialNumber"),
    # Names.
    ("signer", {"subject": name("SHAKEN 5678")}, "strict / end entity / CN"),
    ("signer", {"subject": name("My SHAKEN 1234")}, "strict / end entity / CN"),
    ("signer", {"subject": name(None)}, "strict / end entity / subject"),
    ("signer", {"subject": name("SHAKEN 1234", None)}, "strict / end entity / subject"),
    ("signer", {"subject": name("SHAKEN 1234", "US", None)}, "strict / end entity / subject"),
    ("signer", {"subject": name("SHAKEN 1234", "US", "O", EMAIL)}, "strict / end entity / subject"),
    (
        "signer",
        {"subject": name("SHAKEN 1234", "US", "O", SERIAL_ATTRIBUTE, SERIAL_ATTRIBUTE)},
        "strict / end entity / subject",
    ),
    # Links.
    (
        "signer",
        {"without": [ExtensionOID.AUTHORITY_KEY_IDENTIFIER]},
        "normal / end entity / AuthorityKeyIdentifier",
    ),
    (
        "intermediate",
        {"extensions": [(OTHER_AUTHORITY, False)]},
        "normal / intermediate / AuthorityKeyIdentifier",
    ),
    ("root", {"extensions": [(OTHER_AUTHORITY, False)]}, "strict / root / AuthorityKeyIdentifier"),
    ("signer", {"extensions": [(OTHER_KEY, False)]}, "strict / end entity / SubjectKeyIdentifier"),
    ("signer", {"without": [ExtensionOID.SUBJECT_KEY_IDENTIFIER]}, "strict / end entity / SubjectKeyIdentifier"),
    # Where revocation lists are.
    ("signer", {"extensions": [point("https://a/", issuer=False)]}, "strict / end entity / cRLIssuer"),
    ("signer", {"extensions": [point("https://a/", "https://b/")]}, "strict / end entity / CRLDistributionPoints"),
    ("signer", {"extensions": [point("https://a/", points=2)]}, "strict / end entity / CRLDistributionPoints"),
    ("signer", {"extensions": [point("file:///crl")]}, "strict / end entity / CRLDistributionPoints"),
    (
        "intermediate",
        {"without": [ExtensionOID.CRL_DISTRIBUTION_POINTS]},
        "strict / intermediate / CRLDistributionPoints",
    ),
    # Policies.
    ("signer", {"without": [ExtensionOID.CERTIFICATE_POLICIES]}, "strict / end entity / CertificatePolicies"),
    ("signer", {"extensions": [(TWO_POLICIES, False)]}, "strict / end entity / CertificatePolicies"),
    (
        "intermediate",
        {"without": [ExtensionOID.CERTIFICATE_POLICIES]},
        "strict / intermediate / CertificatePolicies",
    ),
    # Lists.
    ("signer", listed("1234", "1234"), "normal / end entity / TNAuthList"),
    ("signer", listed("1234", Numbers("12155551212")), "normal / end entity / TNAuthList"),
    ("signer", listed(Numbers("12155551212")), "normal / end entity / TNAuthList"),
    ("signer", {**listed("709j"), "subject": name("SHAKEN 709j")}, "strict / end entity / TNAuthList"),
    # Everything else.
    ("signer", {"extensions": [ODD]}, "strict / end entity / other extensions"),
    ("signer", {"extensions": [(AIA, False)]}, "strict / end entity / other extensions"),
    ("intermediate", {"extensions": [ODD]}, "strict / intermediate / other extensions"),
    ("root", {"extensions": [ODD]}, "strict / root / other extensions"),
    ("root", {"extensions": [policies()]}, "strict / root / other extensions"),
    ("root", {"extensions": [revocation_list()]}, "strict / root / other extensions"),
]


@pytest.mark.parametrize(("role", "change", "refused"), DEFECTS)
def test_a_chain_with_one_thing_wrong(role: str, change: dict[str, Any], refused: str) -> None:
    assert first(chain(**{role: change})) == refused


def renamed(root: x509.Name, intermediate: x509.Name) -> Pki:
    return chain(
        root={"subject": root, "issuer_name": root},
        intermediate={"subject": intermediate, "issuer_name": root},
        signer={"issuer_name": intermediate},
    )


NAMES = [
    (name("Our SHAKEN Root"), name("Our SHAKEN CA"), "none"),
    (name("SHAKEN"), name("SHAKEN CA"), "strict / root / CN"),
    (name("UNSHAKEN ROOT"), name("SHAKEN CA"), "strict / root / CN"),
    (name("SHAKEN ROOT"), name("CA"), "strict / intermediate / CN"),
    (name("SHAKEN ROOT"), name("SHAKEN CA", None), "strict / end entity / issuer"),
    (name("SHAKEN ROOT", "US", None), name("SHAKEN CA"), "strict / intermediate / issuer"),
]


@pytest.mark.parametrize(("root", "intermediate", "refused"), NAMES)
def test_authorities_have_names_that_say_what_they_are(root: x509.Name, intermediate: x509.Name, refused: str) -> None:
    assert first(renamed(root, intermediate)) == refused


def by_an_authority_on(key: ec.EllipticCurvePrivateKey) -> Pki:
    """Make a chain whose intermediate has this key."""
    public = key.public_key()
    identifier = (x509.SubjectKeyIdentifier.from_public_key(public), False)
    linked = (x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
    return chain(
        intermediate={"key": key, "extensions": [identifier]},
        signer={"algorithm": hashes.SHA384(), "extensions": [linked]},
    )


def test_an_authority_may_be_on_p384_and_sign_with_sha384() -> None:
    """US SHAKEN certificate policy 1.4."""
    assert first(by_an_authority_on(P384)) == "none"
    assert first(by_an_authority_on(ec.generate_private_key(ec.SECP521R1()))) == P521


def test_a_root_is_asked_for_less_because_the_operator_has_chosen_it() -> None:
    bare = {"without": [ExtensionOID.KEY_USAGE, ExtensionOID.SUBJECT_KEY_IDENTIFIER]}
    assert first(chain(root=bare)) == "strict / root / KeyUsage"


def test_a_signer_may_constrain_its_claims_in_every_profile() -> None:
    assert first(chain(signer={"extensions": [constraints(ClaimConstraints(("attest",)))]})) == "none"
    assert first(chain(intermediate={"extensions": [constraints(ClaimConstraints(("attest",)))]})) == (
        "strict / intermediate / other extensions"
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_a_delegate_has_numbers_and_a_name_of_its_own_in_every_profile(profile: Profile) -> None:
    provider, numbers = TnAuthList(("1234",)), TnAuthList((), (Numbers("12155551200", 100),))
    made = pki.delegate(GOOD.intermediate, provider, numbers)
    delegate = forged(made, subject=name("Dialling Ltd"), extensions=[policies(), revocation_list()])
    found = judge(delegate.bundle, GOOD.anchors, NOW, profile)
    assert isinstance(found, Signer), found
    assert found.numbers == numbers.numbers


def test_policies_count_where_the_operator_names_some() -> None:
    other = {
        "extensions": [
            (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), False)
        ]
    }
    none = {"without": [ExtensionOID.CERTIFICATE_POLICIES]}
    for profile in PROFILES:
        assert not refusal(GOOD, profile, ("1.2.3", STA))
        assert "CertificatePolicies" in refusal(GOOD, profile, ("1.2.3",))
        assert refusal(chain(signer=other), profile, (STA,)).startswith("end entity: CertificatePolicies")
        assert refusal(chain(intermediate=other), profile, (STA,)).startswith("intermediate: CertificatePolicies")
    assert refusal(chain(intermediate=none), "normal", (STA,)).startswith("intermediate: CertificatePolicies")


EXTENSIONS = (
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    OID,
    claim_constraints.OID,
    claim_constraints.ENHANCED_OID,
)


@given(st.sampled_from(EXTENSIONS), st.data(), st.booleans())
def test_an_authority_that_signs_any_octets_in_an_extension_gets_a_finding_or_a_signer(
    oid: x509.ObjectIdentifier, data: st.DataObject, issues: bool
) -> None:
    """What a CA has signed passes the verifier and reaches every reader of extensions."""
    role = "intermediate" if issues else "signer"
    pattern = GOOD.intermediate if issues else GOOD.signer
    der = bytearray(extensions.octets(pattern.certificate, oid) or b"\x30\x05\xa0\x03\x30\x01\x16")
    for place in data.draw(st.sets(st.integers(0, len(der) - 1), max_size=3)):
        der[place] = data.draw(st.integers(0, 255))
    odd = x509.UnrecognizedExtension(oid, data.draw(st.just(bytes(der)) | st.binary(max_size=40)))
    made = chain(**{role: {"extensions": [(odd, False)]}})
    for profile in PROFILES:
        assert isinstance(judge(made.signer.bundle, Anchors(made.root.pem), NOW, profile), Signer | Finding)


def test_every_row_is_broken_above_or_by_the_names_of_authorities() -> None:
    """Whoever adds a row adds a certificate that does not keep it."""
    refused = {case[-1] for case in (*DEFECTS, *NAMES)} | {P521}
    named = {tuple(case.split(" / ")[::2]) for case in refused if case != "none"}
    assert {(row.profile, row.item) for row in ROWS} == named
