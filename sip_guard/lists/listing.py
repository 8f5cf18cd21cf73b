"""What a list says of a number: whose it is, who says so, until when, and who alone may show it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Self

import msgspec

MAX_TEXT = 128
"""Characters of an owner or a source."""
MAX_NAMES = 32
"""Trunks or service provider codes of one scope."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """Who may show a protected number: nobody, calls of some trunks, or calls with an attestation."""

    kind: Literal["nobody", "trunks", "attested"] = "nobody"
    level: str = ""
    """The lowest attestation that is enough (RFC 8588 4)."""
    names: tuple[str, ...] = ()
    """Names of the trunks; or service provider codes of the signers, none of them: any signer."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `nobody`, `trunks NAME...`, `attested LEVEL` or `attested LEVEL SPC...`. Raises ValueError."""
        kind, *words = text.split()[: MAX_NAMES + 3] or [""]
        if kind == "nobody" and not words:
            return cls()
        level = ""
        if kind == "attested" and words and words[0] in ("A", "B", "C"):
            level = words.pop(0)
        fits = (kind == "trunks" and words) or (kind == "attested" and level)
        if not fits or len(words) > MAX_NAMES or not all(_WORD.fullmatch(word) for word in words):
            raise ValueError(
                f"`{text[:MAX_TEXT]}` is no scope: expected `nobody`, `trunks NAME...` or `attested A SPC...` "
                f"with at most {MAX_NAMES} names"
            )
        return cls("trunks" if kind == "trunks" else "attested", level, tuple(words))

    def admits(self, trunk: str) -> bool:
        """Tell whether calls of a trunk may show the number, whatever else they have."""
        return self.kind == "trunks" and trunk in self.names

    def __str__(self) -> str:
        """Give it as it is written in a list."""
        return " ".join(filter(None, (self.kind, self.level, *self.names)))


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """What the rows of many numbers have in common."""

    owner: str = ""
    source: str = ""
    expires: int = 0
    """Seconds since the epoch from which the row no longer counts; 0: it always does."""
    scope: Scope = Scope()

    def counts(self, now: float) -> bool:
        """Tell whether it is in force at a moment in seconds since the epoch."""
        return not self.expires or now < self.expires


def expiry(text: str) -> int:
    """Read the last day of a row, `YYYY-MM-DD` in UTC. Give the second when it is over. Raises ValueError."""
    if not text:
        return 0
    try:
        last = date.fromisoformat(text)
        return int(
            datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp() + timedelta(days=1).total_seconds()
        )
    except ValueError:
        raise ValueError(f"`{text[:MAX_TEXT]}` is no date, such as 2027-12-31") from None


def last_day(expires: int) -> str:
    """Give the last day of a row as it is written in a list."""
    return str(datetime.fromtimestamp(expires - 1, UTC).date()) if expires else ""
