"""The demonstration, as a person runs it."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end


def test_the_demonstration_treats_every_call_as_it_should() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "sip_guard", "demo"], check=False, capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for rule in ("attested", "identity-required", "bad-signature", "mismatch", "stale", "untrusted", "unavailable"):
        assert rule in shown.stdout


def test_it_stays_for_the_call_of_sipp_that_it_names_and_leaves_nothing_behind() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sip_guard", "demo", "--stay"], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as stays:
        assert stays.stdout
        line = next(line for line in stays.stdout if line.startswith("  sipp "))
        command = line.split()
        called = subprocess.run([*command, "-nostdin", "-timeout", "20s"], check=False, capture_output=True, timeout=30)
        decided = next(line for line in stays.stdout if " from 12025550142 " in line)
        stays.send_signal(signal.SIGTERM)
        stays.wait(20)
    assert called.returncode == 0, called.stdout[-2000:]
    assert "by rule" in decided
    assert stays.returncode == 128 + signal.SIGTERM
    folder = re.search(r"-sf (\S+)/call.xml", line)
    assert folder
    assert not Path(folder[1]).exists()
