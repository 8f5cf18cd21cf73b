"""What README.md has its reader do, and what it shows of what comes of it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

COLUMNS = "128"
"""How wide a terminal README.md shows."""

_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """Commands for a shell, which the reader is to run in this order."""

    commands: str
    shown: tuple[str, ...]
    """Lines of what they print, in their order; others may stand between them."""

    def not_printed(self, output: str) -> list[str]:
        """Give those lines that `output` does not have, or not in this order. Digits and white space may differ."""
        lines = iter(_plain(line) for line in output.splitlines())
        return [line for line in self.shown if _plain(line) not in lines]


def steps(text: str) -> Iterator[Step]:
    """Give the steps of a document: its blocks marked `sh`, each with the block marked `text` that follows, if any."""
    blocks = [(found["kind"], found["text"]) for found in _BLOCK.finditer(text)]
    for (kind, commands), (then, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            yield Step(commands, tuple(shown.splitlines()) if then == "text" else ())


def _plain(line: str) -> str:
    return re.sub(r"\d+", "0", " ".join(line.split()))
