"""What is kept of a password."""

import pytest

from sip_guard.admin.password import SALT_OCTETS, Hash

SALT = bytes(range(SALT_OCTETS))
WRITTEN = "scrypt$16384$AAECAwQFBgcICQoLDA0ODw==$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8="


def test_it_tells_the_right_password_from_others_and_gives_neither_away() -> None:
    made = Hash.of(b"correct horse battery", SALT)
    assert made.fits(b"correct horse battery")
    assert not made.fits(b"correct horse batterz")
    assert "horse" not in str(made)


def test_it_is_read_as_it_is_written() -> None:
    made = Hash.of(b"correct horse battery", SALT)
    assert Hash.parse(str(made)) == made


def test_it_is_scrypt_of_16_mebibytes() -> None:
    # openssl kdf -keylen 32 -kdfopt pass:'correct horse battery' -kdfopt hexsalt:000102030405060708090a0b0c0d0e0f
    #   -kdfopt n:16384 -kdfopt r:8 -kdfopt p:1 -binary SCRYPT | base64
    assert str(Hash.of(b"correct horse battery", SALT)) == WRITTEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse battery",
        "scrypt$1024$AAECAwQFBgcICQoLDA0ODw==$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8=",
        "scrypt$16777216$AAECAwQFBgcICQoLDA0ODw==$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8=",
        "scrypt$16384$AAEC$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8=",
        "scrypt$16384$AAECAwQFBgcICQoLDA0ODw==$6W7GuoxjojaY",
        "scrypt$16384$AAECAwQFBgcICQoLDA0ODw==$not base64",
        "bcrypt$16384$AAECAwQFBgcICQoLDA0ODw==$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8=",
    ],
)
def test_what_is_no_safe_hash_is_refused_with_the_command_that_makes_one(text: str) -> None:
    with pytest.raises(ValueError, match="`sip-guard hash-password` makes one"):
        Hash.parse(text)
