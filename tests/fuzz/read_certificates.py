"""Certificates, and their extensions that say what they are good for."""

import re
from base64 import decodebytes, encodebytes
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pki import NOW, expired, pki, without_tn_auth_list

from sip_guard.call import Finding
from sip_guard.demo.pki import Issued
from sip_guard.stir.certificate import judge
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.tn_auth_list import Numbers, TnAuthList

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
PKI = pki()
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def tn_auth_lists() -> Iterator[bytes]:
    """Give lists of each kind of entry."""
    yield TnAuthList(("1234",)).der()
    yield TnAuthList(("1234", "709J"), (Numbers("12155551212"), Numbers("12155551000", 1000))).der()
    yield TnAuthList((), tuple(Numbers(f"1215555{number:04}") for number in range(20))).der()


def constraints() -> Iterator[bytes]:
    """Give constraints of RFC 8226 after a 0, and of RFC 9118 after a 1."""
    permitted = (("attest", frozenset(("A", "B"))), ("origid", frozenset(("x",))))
    yield b"\0" + ClaimConstraints(("rcd",)).der()
    yield b"\0" + ClaimConstraints(("rcd", "attest"), permitted).der()
    yield b"\1" + ClaimConstraints(("rcd",), permitted, ("confidence", "priority")).der()
    yield b"\1" + ClaimConstraints((), (), ("iat",)).der()


def certificates() -> Iterator[bytes]:
    """Give what is signed in certificates: in a good one, in wrong ones, and in those that are published."""
    for issued in (PKI.signer, expired(PKI.intermediate), without_tn_auth_list(PKI.intermediate), PKI.root):
        yield issued.certificate.tbs_certificate_bytes
    for path in sorted((VECTORS / "certificates").glob("*.pem")):
        yield from (_entries(der)[0] for der in _blocks(path.read_bytes()))


def tn_auth_list(data: bytes) -> None:
    """What is accepted is written again as the same octets, but for the order of its entries."""
    try:
        found = TnAuthList.parse(data)
    except ValueError:
        return
    written = found.der()
    assert TnAuthList.parse(written) == found
    assert sorted(_entries(written)) == sorted(_entries(data))
    assert len(written) == len(data)
    for numbers in found.numbers:
        assert numbers.start in numbers
        if numbers.count > 1:
            first, digits = int(numbers.start), len(numbers.start)
            assert f"{first + numbers.count - 1:0{digits}}" in numbers
            assert f"{first + numbers.count:0{digits}}" not in numbers


def claim_constraints(data: bytes) -> None:
    """What is accepted is written again as what means the same."""
    enhanced = data[:1] == b"\1"
    try:
        found = ClaimConstraints.parse_enhanced(data[1:]) if enhanced else ClaimConstraints.parse(data[1:])
    except ValueError:
        return
    assert found != ClaimConstraints()
    written = found.der()
    again = ClaimConstraints.parse_enhanced(written) if found.must_exclude else ClaimConstraints.parse(written)
    assert again == found
    assert (found.fault({}) is None) == (not found.must_include)
    for claim in found.must_exclude:
        assert found.fault({claim: "x"})


def certificate(data: bytes) -> None:
    """Whatever a repository gives is judged, even if an authority has signed it; who signs may do so."""
    for bundle in (data, _pem(data), _pem(signed(data, PKI.intermediate)) + PKI.intermediate.pem):
        found = judge(bundle, PKI.anchors, NOW)
        if isinstance(found, Finding):
            continue
        leaf = found.chain[0]
        assert found.key == leaf.public_key()
        assert found.spcs or found.numbers
        assert found.not_before <= NOW <= found.not_after
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature
        assert not usage.key_cert_sign


def signed(tbs: bytes, by: Issued) -> bytes:
    """Sign a certificate or a revocation list as ECDSA with SHA-256 (RFC 5280 4.1 and 5.1)."""
    signature = by.signing_key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return _tlv(0x30, tbs + ECDSA_WITH_SHA256 + _tlv(0x03, b"\0" + signature))


def _tlv(tag: int, contents: bytes) -> bytes:
    size = len(contents)
    length = bytes((size,)) if size < 0x80 else b"\x83" + size.to_bytes(3) if size > 0xFFFF else b""
    length = length or (b"\x81" + size.to_bytes(1) if size < 0x100 else b"\x82" + size.to_bytes(2))
    return bytes((tag,)) + length + contents


def _blocks(pem: bytes) -> list[bytes]:
    return [decodebytes(text) for text in re.findall(rb"(?s)-----BEGIN [^\n]*\n(.*?)-----END", pem)]


def _pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + encodebytes(der) + b"-----END CERTIFICATE-----\n"


def _entries(der: bytes) -> list[bytes]:
    """Cut a SEQUENCE into what it holds (X.690 8.1)."""
    contents, rest = _value(der)
    assert not rest
    found = []
    while contents:
        _, rest = _value(contents)
        found.append(contents[: len(contents) - len(rest)])
        contents = rest
    return found


def _value(der: bytes) -> tuple[bytes, bytes]:
    """Give the contents of the first value, and what follows it."""
    octets = der[1] - 0x80 if der[1] >= 0x80 else 0
    size = int.from_bytes(der[2 : 2 + octets]) if octets else der[1]
    start = 2 + octets
    return der[start : start + size], der[start + size :]
