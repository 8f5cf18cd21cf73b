"""What scripts/clean-machine reads of README.md and of this machine; that README.md holds there, it alone shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import host
import pytest
from readme import COLUMNS, Step, steps

from sip_guard.call import Code
from sip_guard.cli import main
from sip_guard.demo.calls import CALLS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENT = """\
Do this:

```sh
one \\
    --more
two
```

and see

```text
first   line of 12
last
```

```
neither
```

```sh
three
```
"""


def test_steps_are_the_blocks_for_a_shell_and_what_is_shown_after_them() -> None:
    assert list(steps(DOCUMENT)) == [
        Step("one \\\n    --more\ntwo\n", ("first   line of 12", "last")),
        Step("three\n", ()),
    ]


@pytest.mark.parametrize(
    ("output", "missing"),
    [
        ("first line of 7\nin between\nlast\n", []),
        ("first line of 7\n", ["last"]),
        ("last\nfirst line of 7\n", ["last"]),
        ("", ["first   line of 12", "last"]),
    ],
)
def test_what_is_shown_must_be_printed_in_this_order(output: str, missing: list[str]) -> None:
    assert Step("", ("first   line of 12", "last")).not_printed(output) == missing


def test_the_readme_runs_what_there_is() -> None:
    commands = "".join(step.commands for step in steps(README))
    files = set(re.findall(r"(?<![\w/.])(?:scripts|configs)/[\w./-]+", commands))
    assert "scripts/run" in files
    assert [name for name in files if not (ROOT / name).exists()] == []
    asked = re.findall(r"bin/sip-guard (\w+)", commands)
    assert asked
    assert set(asked) <= main.commands.keys()


def test_the_readme_shows_every_call_of_the_demonstration() -> None:
    shown = [line for step in steps(README) for line in step.shown if line.startswith("│")]
    assert [call.title for call in CALLS if not any(f"│ {call.title} " in line for line in shown)] == []


@pytest.mark.end_to_end
def test_the_readme_shows_what_the_demonstration_prints() -> None:
    (step,) = [step for step in steps(README) if "scripts/run\n" in step.commands]
    demo = subprocess.run(
        [sys.executable, "-m", "sip_guard", "demo"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": COLUMNS},
    )
    assert step.not_printed(demo.stdout) == []


def test_the_readme_links_to_what_is_there() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", README)]
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_settings_of_this_machine_are_found_below_another_folder_on_the_other(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    settings = {"global.find-links": f"file://{wheels} /nowhere", "global.index-url": "https://index.example/simple"}
    assert list(host.paths(settings)) == [wheels]
    moved = host.moved(settings, "/host")
    assert moved == {**settings, "global.find-links": f"file:///host{wheels} /nowhere"}
    file = f"[global]\nfind-links = file:///host{wheels} /nowhere\nindex-url = https://index.example/simple\n\n"
    assert host.pip_file(moved) == file


def test_the_findings_that_the_readme_names_are_there() -> None:
    table = README.partition("## What it checks")[2].partition("\n\n|")[2].partition("\n\n")[0]
    named = {word for row in table.splitlines() for word in re.findall(r"`([a-z-]+)`", row.split("|")[-2])}
    assert len(named) > 10
    assert named <= {code.value for code in Code}


def test_the_figures_of_the_campaign_are_those_of_its_table() -> None:
    campaign = (ROOT / "docs" / "campaign.md").read_text("utf-8").partition("### Spoofed calls")[2]
    tables = [
        re.findall(r"^\| [^|]+ \| [\w-]+ \| (\d+) \| (\d+) ", part, re.MULTILINE) for part in campaign.split("###")
    ]
    spoofed, honest = tables
    stopped = f"{sum(stopped == calls for calls, stopped in spoofed)} of {len(spoofed)}"
    wronged = f"{sum(stopped != '0' for _, stopped in honest)} of {len(honest)}"
    said = re.findall(r"^\| (?:spoofed|honest) kinds of call [^|]*\| (\d+ of \d+);", README, re.MULTILINE)
    assert said == [stopped, wronged]
