"""The comparison with Kamailio measures both: a short run of the relays alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from figures import Figures

HERE = Path(__file__).parent


@pytest.mark.end_to_end
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network of its own")
def test_both_relays_are_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    given = ["cost", "--only", "relay", "--rounds", "1", "--seconds", "1", "--rate", "50", "--protected", "0"]
    done = subprocess.run(
        [sys.executable, HERE / "peers.py", *given, "--json", str(file)],
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert file.exists(), done.stdout + done.stderr
    figures = Figures.read(file)
    for relay in ("guard, relay", "kamailio, relay"):
        assert figures.latest(relay, "lost calls") == 0
        assert figures.samples[relay]["CPU, us a call"] > [0]
    assert figures.samples["ratios"]["guard: relay, to Kamailio's"] > [0]
