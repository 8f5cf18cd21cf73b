"""What is wrong with a configuration, for the person who wrote it."""

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
