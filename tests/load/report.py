"""What a case measured, and what was wrong."""

from collections.abc import Sequence


class Report:
    """Grows while a case runs; it has failed if anything was wrong."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[tuple[str, str]] = []
        self.faults: list[str] = []

    def row(self, name: str, value: object) -> None:
        """Note a measured value."""
        self.rows.append((name, f"{value:.1f}" if isinstance(value, float) else f"{value}"))

    def times(self, name: str, ordered: Sequence[float]) -> None:
        """Note times in ms, the shortest first."""
        within = " / ".join(f"{percentile(ordered, share):.0f}" for share in (0.5, 0.99, 1))
        self.row(f"{name}, ms: half, 99 %, all", within)

    def expect(self, holds: bool, fault: str) -> None:
        """Note a fault unless this holds."""
        if not holds:
            self.faults.append(fault)

    def text(self) -> str:
        """Give it as a short table."""
        width = max((len(name) for name, _ in self.rows), default=0)
        lines = [f"{self.title}: {'FAILED' if self.faults else 'passed'}"]
        lines += [f"  {name:<{width}}  {value}" for name, value in self.rows]
        return "\n".join([*lines, *(f"  wrong: {fault}" for fault in self.faults)])


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give the value that this share of the sorted values does not exceed; 0 if there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
