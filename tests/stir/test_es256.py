"""Signatures of tokens are R and S (RFC 7518 3.4), and what checks them wants DER."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import example, given
from hypothesis import strategies as st

from sip_guard.stir.es256 import _der, is_signed

KEY = ec.generate_private_key(ec.SECP256R1())


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
@example(0, 1)
@example(0x7F, 0x80)
@example(2**255 - 1, 2**255)
@example(2**256 - 1, 2**247)
def test_r_and_s_are_written_as_the_library_writes_them(r: int, s: int) -> None:
    assert _der(r.to_bytes(32), s.to_bytes(32)) == encode_dss_signature(r, s)


@given(st.binary(max_size=100))
def test_what_a_key_has_signed_is_signed_by_it(octets: bytes) -> None:
    r, s = decode_dss_signature(KEY.sign(octets, ec.ECDSA(hashes.SHA256())))
    assert is_signed(octets, r.to_bytes(32) + s.to_bytes(32), KEY.public_key())
    assert not is_signed(octets + b"x", r.to_bytes(32) + s.to_bytes(32), KEY.public_key())
    assert not is_signed(octets, bytes(64), KEY.public_key())
