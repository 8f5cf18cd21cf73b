"""The demo's PKI, and certificates with one thing wrong."""

from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sip_guard.demo.pki import (
    Issued,
    Key,
    Window,
    authority,
    constraints,
    end_entity,
    issue,
    key_usage,
    sti_delegating,
    sti_intermediate,
    sti_root,
    sti_signer,
    tn_auth_list,
)
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.tn_auth_list import TnAuthList

NOW = 1_700_000_000.0
"""The tests' usual time of arrival, in seconds since the epoch."""


class Pki(NamedTuple):
    """A STI root, an intermediate and a certificate that signs calls."""

    root: Issued
    intermediate: Issued
    signer: Issued

    @property
    def anchors(self) -> Anchors:
        """What an operator who trusts this root has configured."""
        return Anchors(self.root.pem)


def pki(when: float = NOW, spc: str = "1234") -> Pki:
    """Make a chain in which all is well around `when`."""
    window = Window.around(when)
    root = sti_root(window)
    intermediate = sti_intermediate(root, window)
    return Pki(root, intermediate, sti_signer(intermediate, window, spc))


def without_tn_auth_list(issuer: Issued, when: float = NOW) -> Issued:
    return issue("SHAKEN 1234", issuer, Window.around(when), end_entity())


def with_tn_auth_list(issuer: Issued, listed: TnAuthList | bytes, when: float = NOW) -> Issued:
    """Make a signer with another list, or with any octets in its place."""
    return issue("SHAKEN 1234", issuer, Window.around(when), [*end_entity(), tn_auth_list(listed)])


def expired(issuer: Issued, when: float = NOW) -> Issued:
    return sti_signer(issuer, Window(when - 20 * 3600, when - 1))


def not_yet_valid(issuer: Issued, when: float = NOW) -> Issued:
    return sti_signer(issuer, Window(when + 1, when + 86_400))


def ca_as_signer(issuer: Issued, when: float = NOW) -> Issued:
    listed = tn_auth_list(TnAuthList(("1234",)))
    return issue("SHAKEN 1234", issuer, Window.around(when), [*authority(), listed])


def with_key(issuer: Issued, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, when: float = NOW) -> Issued:
    """Make a signer whose key is not of the usual kind."""
    listed = tn_auth_list(TnAuthList(("1234",)))
    return issue("SHAKEN 1234", issuer, Window.around(when), [*end_entity(), listed], key)


def with_key_usage(issuer: Issued, *usages: str, when: float = NOW) -> Issued:
    basic, _ = end_entity()
    listed = tn_auth_list(TnAuthList(("1234",)))
    return issue("SHAKEN 1234", issuer, Window.around(when), [basic, key_usage(*usages), listed])


def with_constraints(issuer: Issued, *allowed: ClaimConstraints, when: float = NOW) -> Issued:
    """Make a signer whose tokens may not claim just anything."""
    extensions = [*end_entity(), tn_auth_list(TnAuthList(("1234",))), *(constraints(each) for each in allowed)]
    return issue("SHAKEN 1234", issuer, Window.around(when), extensions)


def delegate(issuer: Issued, *lists: TnAuthList, when: float = NOW) -> Issued:
    """Make a signer for the last of these lists, below one CA for each of the others (RFC 9060)."""
    window = Window.around(when)
    for depth, listed in enumerate(lists[:-1]):
        issuer = sti_delegating(issuer, window, listed, f"SHAKEN delegating CA {depth}")
    return issue("SHAKEN delegate", issuer, window, [*end_entity(), tn_auth_list(lists[-1])])


def forged(
    pattern: Issued,
    *,
    subject: x509.Name | None = None,
    issuer_name: x509.Name | None = None,
    serial: int | None = None,
    key: Key | None = None,
    algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None = None,
    without: Iterable[x509.ObjectIdentifier] = (),
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
) -> Issued:
    """Let the issuer of a certificate make another like it, but for what is said. An extension replaces its like."""
    like, above = pattern.certificate, pattern.issuer
    key = key or pattern.key
    gone = {*without, *(extension.oid for extension, _ in extensions)}
    kept = [(each.value, each.critical) for each in like.extensions if each.oid not in gone]
    builder = x509.CertificateBuilder(
        issuer_name or like.issuer,
        subject or like.subject,
        key.public_key(),
        serial or like.serial_number,
        like.not_valid_before_utc,
        like.not_valid_after_utc,
    )
    for extension, critical in (*kept, *extensions):
        builder = builder.add_extension(extension, critical)
    return Issued(builder.sign(key if above is None else above.key, algorithm or hashes.SHA256()), key, above)
