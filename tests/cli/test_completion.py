"""The scripts by which shells complete commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sip_guard.cli import main

COMPLETED = """\
source {script}
COMP_WORDS=(sip-guard {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_sip_guard_completion sip-guard
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "sip-guard.bash"
    path.write_text(CliRunner().invoke(main, ["completion", "bash"]).stdout)
    return path


def completed(script: Path, words: str) -> list[str]:
    """Give what bash offers after these words, the last of which is being written."""
    asked = COMPLETED.format(script=script, words=words)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    told = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert told.stderr == ""
    return told.stdout.split()


def test_bash_reads_the_script(script: Path) -> None:
    assert subprocess.run(["bash", "-n", script], check=True, capture_output=True).stderr == b""


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("words", "offered"),
    [("sim", ["simulate"]), ("lists ''", ["check"]), ("check --js", ["--json"]), ("calls --resu", ["--result"])],
)
def test_bash_completes_commands_and_options(script: Path, words: str, offered: list[str]) -> None:
    assert completed(script, words) == offered


@pytest.mark.parametrize(
    ("shell", "begin"), [("zsh", "#compdef sip-guard"), ("fish", "function _sip_guard_completion")]
)
def test_other_shells_have_theirs(shell: str, begin: str) -> None:
    assert CliRunner().invoke(main, ["completion", shell]).stdout.startswith(begin)


def test_a_shell_that_is_not_known_is_told_the_others() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr
