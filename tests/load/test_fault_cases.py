"""The short form of each load and fault case: seconds, and calls that a small machine can carry."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end

BENCH = [sys.executable, str(Path(__file__).with_name("bench.py")), "--short"]


@pytest.fixture(scope="module", autouse=True)
def memory() -> Iterator["subprocess.Popen[str]"]:
    """Start the case that does nothing but wait for most of its time, so that it waits beside the others."""
    with subprocess.Popen([*BENCH, "memory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.terminate()


def passes(case: str) -> None:
    done = subprocess.run([*BENCH, case], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_tenth_of_all_datagrams_lost_fails_no_call() -> None:
    passes("loss")


def test_a_target_that_dies_costs_no_new_call() -> None:
    passes("failover")


def test_three_times_the_sustainable_rate_leaves_most_of_it_and_passes_by() -> None:
    passes("overload")


def test_peers_that_never_read_or_send_slowly_disturb_nobody() -> None:
    passes("streams")


def test_memory_returns_to_its_level_after_invites_that_nobody_answers(memory: "subprocess.Popen[str]") -> None:
    said, _ = memory.communicate()
    assert memory.returncode == 0, said
