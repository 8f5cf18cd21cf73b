"""Rich call data: the caller's name, signed (RFC 9795). What it points to is never fetched here."""

import re
import unicodedata

from sip_guard.call import Call, Code, Finding
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import numbers

MAX_NAME = 256
"""Characters of a name that are kept."""

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories that are not shown, or change how the text around them is shown."""
_SPACE = re.compile(r"\s+")


def fault(passport: Passport) -> Finding | None:
    """Say what is wrong with the claims of an `rcd` token; None if nothing is (RFC 9795 5)."""
    if "rcd" not in passport.more and "crn" not in passport.more:
        return Finding(Code.CLAIM_MISSING, "neither 'rcd' nor 'crn' in the payload")
    return _fault(passport) or numbers.fault(passport)


def _fault(passport: Passport) -> Finding | None:
    """Say what is wrong with the claims about the name in a token of any type."""
    claim = passport.more.get("rcd", {"nam": ""})
    if not isinstance(claim, dict) or not isinstance(claim.get("nam"), str):
        return Finding(Code.CLAIM_INVALID, "'rcd' does not hold a name 'nam'")
    if not isinstance(passport.more.get("crn", ""), str):
        return Finding(Code.CLAIM_INVALID, "'crn' is not a string")
    return None


def named(passport: Passport, call: Call) -> Finding | None:
    """Compare the name that a genuine token signs with what the call shows; None: it signs none."""
    if "rcd" not in passport.more:
        return None
    wrong = _fault(passport)
    if wrong is not None:
        return Finding(Code.RCD_FAILED, wrong.detail)
    claim = passport.more["rcd"]
    name = legible(str(claim["nam"])) if isinstance(claim, dict) else ""
    about = (("name", name), ("reason", legible(str(passport.more.get("crn", "")))))
    particulars = tuple((what, text) for what, text in about if text)
    other = next((shown for shown in _shown(call) if _folded(shown) != _folded(name)), None)
    if other is not None:
        return Finding(
            Code.RCD_NAME_MISMATCH, "the name that is shown is not the one that is signed", particulars=particulars
        )
    return Finding(Code.RCD_PASSED, "the caller's name is signed", particulars=particulars)


def legible(text: str) -> str:
    """Give text that a stranger wrote as it can be shown: one line, without what is not seen or turns it round."""
    plain = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    return _SPACE.sub(" ", plain).strip()[:MAX_NAME]


def _shown(call: Call) -> list[str]:
    """Give the display names of From and, where it counts, P-Asserted-Identity."""
    values = [call.request.value(b"from")]
    if call.asserted:
        values += [item for value in call.request.values(b"p-asserted-identity") for item in split_list(value)]
    names = (name_addr(value).display.decode("utf-8", "replace") for value in values)
    return [name for name in names if name.strip()]


def _folded(name: str) -> str:
    return legible(unicodedata.normalize("NFKC", name)).casefold()
