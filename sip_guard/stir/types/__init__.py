"""What is particular to each PASSporT type, one file a type."""

from collections.abc import Callable, Mapping

from sip_guard.call import Finding
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import shaken

TYPES: Mapping[str, Callable[[Passport], Finding | None]] = {"shaken": shaken.fault}
"""The types that can be verified, by `ppt`: each says what is wrong with the claims of a token of its own."""
