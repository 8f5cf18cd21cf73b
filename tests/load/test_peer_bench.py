"""The comparison with Kamailio measures both: a short run of the relays alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.end_to_end
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network of its own")
def test_both_relays_are_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    given = ["--only", "relay", "--rounds", "1", "--seconds", "1", "--rate", "50", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, HERE / "peers.py", *given],
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    figures = json.loads(file.read_text()) if file.exists() else pytest.fail(done.stdout + done.stderr)
    assert {name: run["lost"] for name, (run,) in figures["runs"].items()} == {"guard, relay": 0, "kamailio, relay": 0}
    assert all(run["user"] + run["system"] > 0 for (run,) in figures["runs"].values())
    assert figures["ratios"]["relay, to Kamailio's"] > 0
