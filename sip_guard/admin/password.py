"""A password as the configuration has it: what shows that it is the right one, and does not give it away (RFC 7914)."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Final, Self

import msgspec

COST: Final = 2**14
"""scrypt's N for new hashes: 16 MiB, and some 50 ms of a processor for each try."""
BLOCK: Final = 8
PARALLEL: Final = 1
SALT_OCTETS: Final = 16
DIGEST_OCTETS: Final = 32
SHORTEST: Final = 12
"""Characters of a password: a shorter one can be found by trying."""
MAX_OCTETS: Final = 1024
"""Of a password that is tried."""

_COSTS = frozenset(2**exponent for exponent in range(14, 18))
"""What is taken from a configuration: no less than safe, and no more than 128 MiB."""


class Hash(msgspec.Struct, frozen=True):
    """What is kept of a password."""

    cost: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: bytes, salt: bytes) -> Self:
        """Make it of a password and `SALT_OCTETS` that nobody can guess. Takes the time of one try."""
        return cls(COST, salt, _digest(password, COST, salt))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it as it is written by `str`. Raises ValueError."""
        try:
            name, cost, salt, digest = text.split("$")
            made = cls(int(cost), b64decode(salt, validate=True), b64decode(digest, validate=True))
        except (ValueError, binascii.Error):
            name, made = "", cls(0, b"", b"")
        if name != "scrypt" or made.cost not in _COSTS or len(made.salt) < SALT_OCTETS:
            raise ValueError("this is no hash of a password; `sip-guard hash-password` makes one")
        if len(made.digest) != DIGEST_OCTETS:
            raise ValueError("the hash of the password is not whole; `sip-guard hash-password` makes one")
        return made

    def fits(self, password: bytes) -> bool:
        """Tell whether a password is the right one. Takes long on purpose, so not for the reactor's thread."""
        return hmac.compare_digest(_digest(password, self.cost, self.salt), self.digest)

    def __str__(self) -> str:
        """Write it for a configuration."""
        return f"scrypt${self.cost}${b64encode(self.salt).decode()}${b64encode(self.digest).decode()}"


def _digest(password: bytes, cost: int, salt: bytes) -> bytes:
    room = 2 * 128 * BLOCK * cost
    return hashlib.scrypt(password, salt=salt, n=cost, r=BLOCK, p=PARALLEL, maxmem=room, dklen=DIGEST_OCTETS)
