"""The values that a condition takes, and those that it does not: one way to say so for all conditions."""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

NOT = "!"
"""What a value begins with that the condition does not take."""


class Words(msgspec.Struct, frozen=True):
    """A condition on words. One without any takes everything."""

    wanted: frozenset[str] = frozenset()
    """One of these has to be there; none: nothing has to."""
    refused: frozenset[str] = frozenset()
    """None of these may be there."""

    @classmethod
    def of(cls, values: Iterable[str]) -> "Words":
        """Read values as they are written in a rule: `GB`, or `!GB` for all but that."""
        given = frozenset(values)
        if not given:
            return ANY
        refused = frozenset(value for value in given if value.startswith(NOT))
        return cls(given - refused, frozenset(value.removeprefix(NOT) for value in refused))

    def __bool__(self) -> bool:
        """Tell whether it asks for anything."""
        return bool(self.wanted or self.refused)

    def __str__(self) -> str:
        """Give it as it is written in a rule."""
        return ", ".join((*sorted(self.wanted), *(NOT + word for word in sorted(self.refused))))

    def take(self, words: Collection[str]) -> bool:
        """Tell whether it holds for something that has all these words, perhaps none."""
        return (not self.wanted or not self.wanted.isdisjoint(words)) and self.refused.isdisjoint(words)

    def begin(self, texts: Collection[str]) -> bool:
        """Tell whether it holds, by how these texts begin."""
        if self.refused and any(text.startswith(tuple(self.refused)) for text in texts):
            return False
        return not self.wanted or any(text.startswith(tuple(self.wanted)) for text in texts)

    def covers(self, other: "Words", *, several: bool) -> bool:
        """Tell for sure that it holds wherever `other` does. `several`: for things that have any number of words."""
        wanted = not self.wanted or (bool(other.wanted) and other.wanted <= self.wanted)
        left = self.refused - other.refused
        return wanted and (not left or (not several and bool(other.wanted) and left.isdisjoint(other.wanted)))


ANY: Final = Words()
"""What takes everything."""
