"""The comparison with Kamailio measures what it says: short runs of the relays, and of signers that are new."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from figures import Figures

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network of its own"),
]


def measured(file: Path, *options: str) -> Figures:
    """Run one round of it."""
    done = subprocess.run(
        [sys.executable, HERE / "peers.py", *options, "--rounds", "1", "--protected", "0", "--json", str(file)],
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert file.exists(), done.stdout + done.stderr
    return Figures.read(file)


def test_both_relays_are_measured(tmp_path: Path) -> None:
    figures = measured(tmp_path / "figures.json", "cost", "--only", "relay", "--seconds", "1", "--rate", "50")
    for relay in ("guard, relay", "kamailio, relay"):
        assert figures.latest(relay, "lost calls") == 0
        assert figures.samples[relay]["CPU, us a call"] > [0]
    assert figures.samples["ratios"]["guard: relay, to Kamailio's"] > [0]


def test_the_first_call_of_each_signer_passes_and_its_certificate_is_fetched_once(tmp_path: Path) -> None:
    figures = measured(tmp_path / "figures.json", "cold", "--only", "guard, verified", "--signers", "5")
    assert figures.latest("guard, verified", "first call of a signer: CPU, us") is not None
    assert figures.latest("guard, verified", "certificates that were not fetched just once") == 0
    assert figures.latest("guard, verified", "calls of signers that did not pass") == 0
