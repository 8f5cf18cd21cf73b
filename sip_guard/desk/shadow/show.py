"""What rules in shadow would have done, for people and for programs."""

from rich.console import Console

from sip_guard.desk.shadow.command import Would
from sip_guard.desk.show import COLUMNS_OF_FIGURES, row_of_figures, titled


def table(would: Would, console: Console) -> None:
    """Print a line for each rule and what it would have done."""
    if not would:
        console.print("no rule in shadow would have done anything")
        return
    shown = titled("What rules in shadow would have done", "rule", "would", "calls", "refused", *COLUMNS_OF_FIGURES)
    for (rule, action), figures in would.items():
        shown.add_row(rule, action, str(figures.calls), str(figures.refused), *row_of_figures(figures))
    console.print(shown)


def fields(would: Would) -> list[dict[str, object]]:
    """Give for each rule and what it would have done an object as it stands in JSON."""
    return [{"rule": rule, "action": action, **figures.told()} for (rule, action), figures in would.items()]
