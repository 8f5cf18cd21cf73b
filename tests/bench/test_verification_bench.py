"""`scripts/bench stir` measures what it says, and fails where verifying costs too much."""

import json
import sys
from pathlib import Path

import pytest
import verification


def test_every_part_is_measured() -> None:
    found = verification.measure(verification.Laboratory(), 8)
    assert set(found) == {"bare", "in DER", "verification", "replay", *verification.PARTS}
    assert all(value > 0 for value in found.values())


@pytest.mark.parametrize(("taken", "code"), [(149.0, 0), (151.0, 1)])
def test_it_fails_above_the_limit_and_writes_the_figures_down(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    taken: float,
    code: int,
) -> None:
    figures = {
        "bare": 100.0,
        "in DER": 95.0,
        "verification": taken,
        "replay": 2.0,
        **dict.fromkeys(verification.PARTS, 1.0),
    }
    monkeypatch.setattr(verification, "measure", lambda _laboratory, _pairs: figures)
    file = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["bench", "--json", str(file)])
    assert verification.main() == code
    assert json.loads(file.read_text()) == {"ratio": taken / 100, "limit": 1.5, "microseconds": figures}
    assert f"{taken / 100:.2f}" in capsys.readouterr().out
