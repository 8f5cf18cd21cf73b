"""The compiler as a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from compiling import NOW
from reactor import Reactor, reactor
from twisted.internet.process import reapAllProcesses
from twisted.internet.task import LoopingCall

from sip_guard.lists import child
from sip_guard.lists.child import compile_list
from sip_guard.lists.compile import Job, Report
from sip_guard.lists.compiled import Compiled


@pytest.fixture
def processes(in_reactor: Reactor) -> Iterator[Reactor]:
    """Have the ends of processes noticed: the reactor of the tests gets no signals."""
    reaping = LoopingCall(reapAllProcesses)

    def start() -> None:
        reaping.start(0.02)

    in_reactor(start)
    yield in_reactor
    in_reactor(reaping.stop)


def job(folder: Path, text: str) -> Job:
    (folder / "numbers.csv").write_text(text)
    return Job(file=str(folder / "numbers.csv"), target=str(folder / "dno.list"))


def test_a_list_is_compiled_by_another_process(processes: Reactor, tmp_path: Path) -> None:
    given = job(tmp_path, "number\n+442079460000\n")
    report = processes(lambda: compile_list(given, reactor))
    assert (report.faults, report.numbers) == ((), 1)
    assert Compiled(tmp_path / "dno.list").find("442079460000", NOW) is not None


def test_its_faults_come_back(processes: Reactor, tmp_path: Path) -> None:
    given = job(tmp_path, "number\nx\n")
    (fault,) = processes(lambda: compile_list(given, reactor)).faults
    assert fault.startswith(f"{tmp_path / 'numbers.csv'}:2: `x` is no telephone number")


def test_a_process_that_dies_is_a_fault_and_no_failure(
    processes: Reactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_COMMAND", ("/bin/sh", "-c", "echo trouble >&2; exit 3"))
    given = job(tmp_path, "number\n")
    (fault,) = processes(lambda: compile_list(given, reactor)).faults
    assert fault.startswith(f"{tmp_path / 'numbers.csv'}: compiling it ended without a report: ")
    assert "exit code 3" in fault
    assert fault.endswith("trouble")


def test_a_process_that_takes_too_long_is_ended(
    processes: Reactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_COMMAND", ("/bin/sleep", "1000"))
    monkeypatch.setattr(child, "TIME_LIMIT", 0.05)
    given = job(tmp_path, "number\n")
    (fault,) = processes(lambda: compile_list(given, reactor)).faults
    assert fault.endswith("compiling it took longer than 0.05 s")


def test_a_stop_ends_the_process_at_once(processes: Reactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_COMMAND", ("/bin/sleep", "1000"))
    given = job(tmp_path, "number\n")
    reports: list[Report] = []

    def start_and_stop() -> None:
        compiling = compile_list(given, reactor).addCallback(reports.append)
        compiling.cancel()

    processes(start_and_stop)
    assert [report.faults[0].rpartition(": ")[2] for report in reports] == ["compiling it was stopped"]
