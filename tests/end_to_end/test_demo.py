"""The demonstration, as a person runs it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end

RULES = {"attested", "identity-required", "bad-signature", "mismatch", "stale", "untrusted", "unavailable"}
"""Some of those that speak."""


def test_the_demonstration_treats_every_call_as_it_should() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "sip_guard", "demo", "--json"], check=False, capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    calls = json.loads(shown.stdout)["calls"]
    assert all(call["right"] for call in calls)
    assert RULES.issubset(call["rule"] for call in calls)


def test_it_stays_for_the_call_of_sipp_that_it_names_and_leaves_nothing_behind() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sip_guard", "demo", "--stay"], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as stays:
        assert stays.stdout
        shown: list[str] = []
        while not shown or not shown[-1].startswith("  sipp "):
            shown.append(next(stays.stdout))
        line = shown[-1]
        command = line.split()
        called = subprocess.run([*command, "-nostdin", "-timeout", "20s"], check=False, capture_output=True, timeout=30)
        decided = next(line for line in stays.stdout if " from 12025550142 " in line)
        stays.send_signal(signal.SIGTERM)
        stays.wait(20)
    assert all(rule in "".join(shown) for rule in RULES)
    assert called.returncode == 0, called.stdout[-2000:]
    assert "by rule" in decided
    assert stays.returncode == 128 + signal.SIGTERM
    folder = re.search(r"-sf (\S+)/call.xml", line)
    assert folder
    assert not Path(folder[1]).exists()
