"""What is particular to each PASSporT type, one file a type."""

from collections.abc import Callable, Mapping

from sip_guard.call import Finding
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import base, div, rcd, rph, shaken

BASE = ""
"""Stands for the `ppt` of a token that has none."""
TYPES: Mapping[str, Callable[[Passport], Finding | None]] = {
    BASE: base.fault,
    "shaken": shaken.fault,
    "div": div.fault,
    "rph": rph.fault,
    "rcd": rcd.fault,
}
"""The types that can be verified, by `ppt`: each says what is wrong with the claims of a token of its own."""
ATTESTING = frozenset((BASE, "shaken"))
"""Those that say that the caller may show its number."""
