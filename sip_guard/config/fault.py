"""What is wrong with a configuration, for the person who wrote it."""

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    path: str
    """Where in the file, such as `trunks[0].sources[1]`; empty: the file as a whole."""
    problem: str
    """What was found and what was expected."""


class ConfigError(Exception):
    """A configuration that does not start: every fault found, each as `FILE:LINE: PATH: PROBLEM`."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """Say that there is no `word` of this kind, and which one was probably meant."""
    words = sorted(known)
    near = get_close_matches(word, words, 1)
    meant = f"; did you mean `{near[0]}`?" if near else f", expected one of: {', '.join(words)}"
    return f"there is no {kind} `{word}`{meant}"
