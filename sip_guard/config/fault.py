"""What is wrong with a configuration, for the person who wrote it."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Self, TypeVar

import msgspec

S = TypeVar("S")
T = TypeVar("T")

_PLACED = re.compile(r"(?P<file>\S.*?):(?P<line>[0-9]{1,9}): (?P<message>.+)").fullmatch
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    path: str
    """Where in the file, such as `trunks[0].sources[1]`; empty: the file as a whole."""
    problem: str
    """What was found and what was expected."""


class Placed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault with the file that it is in."""

    message: str
    """What was found and what was expected, or what to do."""
    file: str = ""
    line: int = 0
    """0: the file as a whole."""
    option: str = ""
    """As `Fault.path`."""

    @classmethod
    def of(cls, line: str) -> Self:
        """Read one that is written as `FILE:LINE: PROBLEM`; any other text is a message."""
        m = _PLACED(line)
        return cls(line) if m is None else cls(m["message"], m["file"], int(m["line"]))

    def __str__(self) -> str:
        """Write it as `FILE:LINE: PATH: PROBLEM`."""
        file = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(filter(None, (file, self.option, self.message)))


class ConfigError(Exception):
    """A configuration that does not start, with every fault that was found."""

    def __init__(self, faults: list[Placed]) -> None:
        self.faults = faults
        self.lines = [str(fault) for fault in faults]
        super().__init__("\n".join(self.lines))


class Faults:
    """Collects every fault instead of stopping at the first."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, path: str, problem: str) -> None:
        """Take note of a fault."""
        self.found.append(Fault(path, problem))

    def attempt(self, read: Callable[[S], T], value: S, at: str, before: str = "") -> T | None:
        """Give what `read` makes of a value; None if it raises ValueError, which is then a fault."""
        try:
            return read(value)
        except ValueError as error:
            self.add(at, f"{before}{error}")
            return None

    def name(self, text: str, at: str) -> str:
        """Check a name that is given to something."""
        if not _NAME.fullmatch(text):
            self.add(at, f"`{text}` is no name: up to 64 letters, digits, `_`, `-` and `.`")
        return text

    def distinct(self, at: str, names: Iterable[str]) -> None:
        """Refuse a name that an entry above has."""
        seen: set[str] = set()
        for i, name in enumerate(names):
            if name in seen:
                self.add(f"{at}[{i}]", f"the name `{name}` is taken by an entry above")
            seen.add(name)

    def among(self, given: str | tuple[str, ...], known: Iterable[str], at: str, kind: str) -> tuple[str, ...]:
        """Check one or several words, each of which has to be known."""
        names = (given,) if isinstance(given, str) else given
        for i, name in enumerate(names):
            where = at if isinstance(given, str) else f"{at}[{i}]"
            if name not in known:
                self.add(where, unknown(kind, name, known))
            elif name in names[:i]:
                self.add(where, f"`{name}` stands twice; keep one of them")
        return names


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """Say that there is no `word` of this kind, and which one was probably meant."""
    words = sorted(known)
    near = get_close_matches(word, words, 1)
    if not words:
        return f"there is no {kind} `{word}`, nor any other"
    meant = f"; did you mean `{near[0]}`?" if near else f", expected one of: {', '.join(words)}"
    return f"there is no {kind} `{word}`{meant}"
