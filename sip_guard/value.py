"""The base of values: what never changes once it was made, and compares by what it holds."""

from typing import dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True):
    """A value; its kinds inherit that they are frozen.

    A compiled module loses the keywords of a `msgspec.Struct`, so what is defined there takes them from here.
    """
