"""What a bench measured: each figure of each subject once a round, printed and compared with those of another run."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Self

Samples = dict[str, dict[str, list[float]]]
"""By subject, such as `guard, relay`, and figure, such as `CPU, us a call`."""


class Figures:
    """Grows while a bench runs."""

    def __init__(self, under: Mapping[str, object], samples: Samples | None = None) -> None:
        """`under` is what they hold for, such as the rate of calls."""
        self.under = dict(under)
        self.samples = {} if samples is None else samples
        self.faults: list[str] = []
        self._limits: dict[tuple[str, str], float] = {}

    def add(self, subject: str, figure: str, value: float, *, most: float | None = None) -> None:
        """Take what one round came to; the median of all should be `most` at most."""
        self.samples.setdefault(subject, {}).setdefault(figure, []).append(value)
        if most is not None:
            self._limits[subject, figure] = most

    def latest(self, subject: str, figure: str) -> float | None:
        """Give what the latest round came to; None: it was not measured."""
        samples = self.samples.get(subject, {}).get(figure)
        return samples[-1] if samples else None

    def text(self, before: Self | None = None) -> str:
        """Give a line for each figure: its median, the least and the most, and the same of a run before."""
        width = max((len(figure) for figures in self.samples.values() for figure in figures), default=0)
        lines = []
        if before is not None and before.under != self.under:
            lines.append(f"the run before was under {before.under}, and this one is under {self.under}")
        for subject, figures in self.samples.items():
            lines.append(subject)
            for figure, samples in figures.items():
                former = before.samples.get(subject, {}).get(figure) if before is not None else None
                most = self._limits.get((subject, figure))
                wanted = "" if most is None else f"  wanted: at most {_shown(most)}"
                lines.append(f"  {figure:<{width}}  {_row(samples)}{_compared(former, samples)}{wanted}".rstrip())
        return "\n".join([*lines, *(f"wrong: {fault}" for fault in self.faults)])

    def missed(self) -> bool:
        """Tell whether anything went wrong, or is more than it should be."""
        over = (median(self.samples[subject][figure]) > most for (subject, figure), most in self._limits.items())
        return bool(self.faults) or any(over)

    def write(self, path: Path) -> None:
        """Write all samples."""
        path.write_text(
            json.dumps({"under": self.under, "figures": self.samples, "wrong": self.faults}, indent=2) + "\n"
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what was written so."""
        there = json.loads(path.read_text())
        return cls(there["under"], there["figures"])


def changed(before: Sequence[float], now: Sequence[float]) -> bool:
    """Tell whether medians differ by more than runs of the same code do. What a single run says is no change."""
    if min(len(before), len(now)) < 2:
        return False
    return abs(median(now) - median(before)) > max(_spread(before), _spread(now))


def options(parser: argparse.ArgumentParser) -> None:
    """Let figures be written and compared."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="compare with figures written before; what moved by more than either run's spread is marked CHANGED",
    )


def told(figures: Figures, given: argparse.Namespace) -> int:
    """Print and write figures as asked; give 1 where one is more than it should be, or anything went wrong."""
    before = None if given.against is None else Figures.read(given.against)
    sys.stdout.write(figures.text(before) + "\n")
    if given.json is not None:
        figures.write(given.json)
    return 1 if figures.missed() else 0


def _row(samples: Sequence[float]) -> str:
    between = f"({_shown(min(samples))} to {_shown(max(samples))})" if len(samples) > 1 else ""
    return f"{_shown(median(samples)):>9} {between:<18}"


def _compared(before: Sequence[float] | None, now: Sequence[float]) -> str:
    if not before:
        return ""
    then = median(before)
    by = f"{median(now) / then - 1:+.0%}" if then else ""
    return f"  before {_row(before)} {by:>6} {'CHANGED' if changed(before, now) else '':7}"


def _spread(samples: Sequence[float]) -> float:
    return max(samples) - min(samples)


def _shown(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
