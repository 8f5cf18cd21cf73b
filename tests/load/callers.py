"""Callers and callees: SIPp on the last core, and what it counts."""

import csv
import re
from pathlib import Path
from typing import NamedTuple, Self

from processes import Process, eventually

from sip_guard.demo.calls import BOB
from sip_guard.sip.flow import Address

SCENARIOS = Path(__file__).with_name("scenarios")
SECOND = 1000
"""In SIPp's milliseconds."""
SENDINGS = 10
"""How often a message is sent again until its call has failed; with intervals that double up to 4 s, 30 s and more."""


class Counts(NamedTuple):
    """Calls so far."""

    begun: int = 0
    invited: int = 0
    """INVITEs that reached the callee."""
    answered: int = 0
    """The INVITE got a 200."""
    shed: int = 0
    """The INVITE got a 503."""
    ended: int = 0
    """All went well to the end, a 503 included."""
    failed: int = 0
    """Nothing came, or something else than expected."""
    repeated: int = 0
    """Messages sent again."""

    @property
    def completed(self) -> int:
        """Calls with an answer that were ended as they should."""
        return self.ended - self.shed

    @property
    def over(self) -> int:
        """Calls that are over, well or not."""
        return self.ended + self.failed

    @classmethod
    def read(cls, file: Path) -> list[tuple[float, Self]]:
        """Read SIPp's statistics: seconds since its start, and what it had counted by then."""
        if not file.exists():
            return []
        whole, _, _ = file.read_text().rpartition("\n")
        names = {
            "begun": "TotalCallCreated",
            "invited": "invited(C)",
            "answered": "answered(C)",
            "shed": "shed(C)",
            "ended": "SuccessfulCall(C)",
            "failed": "FailedCall(C)",
            "repeated": "Retransmissions(C)",
        }
        rows = csv.DictReader(whole.splitlines(), delimiter=";")
        return [
            (
                _seconds(row["ElapsedTime(C)"]),
                cls(**{name: int(row.get(column) or 0) for name, column in names.items()}),
            )
            for row in rows
        ]


class Sipp(Process):
    """One SIPp until its calls are over, it is closed, or so many seconds have passed."""

    def __init__(self, scenario: str, local: Address, folder: Path, *options: str, seconds: float) -> None:
        """Start a scenario of the folder scenarios/; everything that it writes goes to `folder`."""
        name = f"{scenario}-{local[0]}-{local[1]}"
        self._statistics = folder / f"{name}.statistics"
        self._errors = folder / f"{name}.errors"
        command = [
            "sipp",
            "-sf",
            str(SCENARIOS / f"{scenario}.xml"),
            "-i",
            local[0],
            "-p",
            str(local[1]),
            "-bind_local",
        ]
        command += ["-ci", "127.0.0.1", "-nostdin", "-buff_size", "1048576", "-f", "60"]
        command += ["-trace_stat", "-stf", str(self._statistics), "-fd", "1"]
        command += ["-trace_err", "-error_file", str(self._errors), "-max_retrans", str(SENDINGS)]
        command += ["-timeout", f"{round(seconds)}s", "-timeout_error"]
        super().__init__([*command, *options], -1, folder, f"{name}.screen")
        self._seconds = seconds

    def wait(self) -> Counts:
        """Wait until its calls are over, and give what it counted."""
        self.process.wait(self._seconds + 10)
        return self.counts

    @property
    def counts(self) -> Counts:
        """What it has counted, up to a second ago."""
        return self.history[-1][1] if self.history else Counts()

    @property
    def history(self) -> list[tuple[float, Counts]]:
        """What it had counted after each second."""
        return Counts.read(self._statistics)

    @property
    def lasted(self) -> float:
        """Seconds from its start to the latest of its counts."""
        return self.history[-1][0] if self.history else 0.0

    @property
    def errors(self) -> str:
        """The first of what it complained about, besides what came for calls that are over."""
        text = self._errors.read_text("utf-8", "replace") if self._errors.exists() else ""
        entries = (entry for entry in _ENTRY.split(text)[1:] if not entry.startswith("Dead call"))
        return "".join(entries)[:2000]


class Callees(Sipp):
    """Answers calls at `local` until it is closed; `duration` is the scenario's pause in seconds."""

    def __init__(
        self, scenario: str, local: Address, folder: Path, *, duration: float, transport: str, seconds: float
    ) -> None:
        options = ["-d", f"{round(duration * SECOND)}", "-pause_msg_ign", *_OVER[transport]]
        super().__init__(scenario, local, folder, *options, seconds=seconds)
        self.local = local


class Callers(Sipp):
    """Places `calls` calls at `rate` a second; `duration` is the scenario's pause in seconds."""

    def __init__(
        self,
        scenario: str,
        local: Address,
        guard: Address,
        identities: Path,
        *,
        rate: float,
        calls: int,
        duration: float,
        transport: str,
        seconds: float,
    ) -> None:
        """`identities` has a caller and a token a line; they are used from the top, again and again."""
        options = [f"{guard[0]}:{guard[1]}", "-inf", str(identities), "-s", BOB, *_OVER[transport]]
        options += ["-r", f"{round(rate * 10)}", "-rp", "10s", "-m", str(calls), "-l", str(calls)]
        options += ["-d", f"{round(duration * SECOND)}", "-trace_rtt", "-rtt_freq", "50"]
        super().__init__(scenario, local, identities.parent, *options, seconds=seconds)
        self._pattern = f"{scenario}_{self.process.pid}_rtt.csv"

    def answer_times(self) -> list[float]:
        """Give how long each answer took so far, in ms, the shortest first."""
        path = self.said.with_name(self._pattern)
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        return sorted(float(line.split(";")[1]) for line in lines if line.count(";") >= 2)


_ENTRY = re.compile(r"^'?\d{4}-\d\d-\d\d\t[^\t]*\t\d+\.\d+: ", re.MULTILINE)
_OVER = {"UDP": ["-t", "u1"], "TCP": ["-t", "t1"]}


def _seconds(text: str) -> float:
    """Read SIPp's `00:01:02`, hours first; what may follow is less than a second."""
    hours, minutes, seconds = text.split(":")[:3]
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def listening(callees: Sipp, seconds: float = 5) -> None:
    """Wait until it takes calls. Raises RuntimeError with what it said if it does not."""
    if not eventually(lambda: bool(callees.history) or not callees.running, seconds) or not callees.running:
        raise RuntimeError(f"SIPp does not listen: {callees.said.read_text('utf-8', 'replace')[-2000:]}")
