"""What ships for systemd and for containers says nothing that is not so."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shipped import CONFIGS

from sip_guard.cli import main

PACKAGING = CONFIGS / "packaging"
ROOT = CONFIGS.parent
INSTALLED = "/opt/sip_guard/bin/sip-guard"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt-get install systemd"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Give the unit, with a command that is there on this machine."""
    path = tmp_path / "sip-guard.service"
    path.write_text((PACKAGING / path.name).read_text().replace(INSTALLED, sys.executable))
    return path


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


@needs_systemd
def test_the_unit_is_exposed_no_more_than_the_documentation_says(unit: Path) -> None:
    said = re.search(r"exposure level of ([0-9.]+)", (ROOT / "docs" / "operating.md").read_text())
    assert said is not None
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={float(said[1]) * 10:.0f}", str(unit)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-200:]


def test_the_unit_runs_commands_that_there_are() -> None:
    commands = re.findall(rf"^Exec\w+={INSTALLED} (\w+)", (PACKAGING / "sip-guard.service").read_text(), re.MULTILINE)
    assert commands == ["check", "run", "reload"]
    assert set(commands) <= main.commands.keys()


def instructions() -> list[tuple[str, str]]:
    """Give what the Containerfile does, one instruction after the other."""
    text = re.sub(r"^#.*\n", "", (PACKAGING / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2]) for line in text.splitlines() if line]


def test_the_container_has_all_that_is_installed_and_nothing_runs_as_root() -> None:
    found = instructions()
    copied = [name for word, rest in found if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"setup.cfg", "pyproject.toml", "constraints.txt", "sip_guard"} <= set(copied)
    words = [word for word, _ in found]
    users = dict(found)["USER"].split(":")
    assert all(int(user) > 0 for user in users)
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert dict(found)["ENTRYPOINT"] == '["sip-guard"]'
    assert dict(found)["STOPSIGNAL"] == "SIGTERM"
