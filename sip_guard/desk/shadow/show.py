"""What rules in shadow would have done, for people and for programs."""

import msgspec
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


def json_text(would: Would) -> str:
    """Give a JSON array with an object for each rule and what it would have done."""
    made = [{"rule": rule, "action": action, **figures.told()} for (rule, action), figures in would.items()]
    return msgspec.json.format(msgspec.json.encode(made)).decode()
