"""Every command prints JSON for programs, its result and what is wrong, and ends as it does for people."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from sip_guard.cli import asking, main
from sip_guard.control import Reply
from sip_guard.desk.calls.command import Named

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [192.0.2.0/24]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.1:5099
"""
NOWHERE = "nowhere.yaml: cannot be read: No such file or directory; is the path right?"
WRONG = {
    "calls": (["--record", "nowhere"], "there is no record nowhere: a guard makes it, with its first decision"),
    "check": (["nowhere.yaml"], NOWHERE),
    "completion": (["bash", "x"], "Got unexpected extra argument (x); see sip-guard completion --help"),
    "demo": (["--stay", "x"], "Got unexpected extra argument (x); see sip-guard demo --help"),
    "drain": (["--config", "nowhere.yaml"], NOWHERE),
    "explain": (["x", "--config", "nowhere.yaml"], NOWHERE),
    "forget": (["1", "--record", "nowhere"], "there is no record nowhere: a guard makes it, with its first decision"),
    "hash-password": ([], "a password has 12 characters or more, so that nobody finds it by trying"),
    "init": (["--output", "guard.yaml"], "guard.yaml is there, and is not overwritten; name another file by --output"),
    "lists check": (["nowhere.csv"], "nowhere.csv: No such file or directory; is the path right?"),
    "probe": (
        ["--to", "x", "--from", "x"],
        "--to `x`: expected a SIP URI on IPv4, such as sip:+442079460000@192.0.2.1:5060",
    ),
    "reload": (["--config", "nowhere.yaml"], NOWHERE),
    "run": (["--config", "nowhere.yaml"], NOWHERE),
    "shadow": (["--record", "nowhere"], "there is no record nowhere: a guard makes it, with its first decision"),
    "simulate": (["--capture", "x", "--policy", "nowhere.yaml"], NOWHERE),
    "status": (["--control", "nowhere"], "nowhere: no guard answers here: No such file or directory; is it running?"),
    "verify": (["nowhere"], "nowhere cannot be read: No such file or directory; is the path right?"),
}
"""Of each command, what it cannot do, and what it says of that."""


def commands(group: click.Group = main, before: str = "") -> list[str]:
    """Name all commands, those in groups, too."""
    named: list[str] = []
    for name, command in group.commands.items():
        named += commands(command, f"{name} ") if isinstance(command, click.Group) else [f"{before}{name}"]
    return named


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, arguments, prog_name="sip-guard")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with nothing but a good configuration."""
    monkeypatch.chdir(tmp_path)
    Path("guard.yaml").write_text(CONFIG)
    return tmp_path


def told(error: dict[str, Any]) -> str:
    """Write a fault of the JSON as people are told it."""
    place = ":".join(str(error[key]) for key in ("file", "line") if key in error)
    return ": ".join(filter(None, (place, error.get("option"), error["message"])))


@pytest.mark.parametrize("command", commands())
def test_what_is_wrong_is_said_in_json_as_it_is_to_people(command: str) -> None:
    arguments, said = WRONG[command]
    result = run(*command.split(), *arguments, "--json")
    (line,) = result.stderr.splitlines()
    assert [told(error) for error in json.loads(line)["errors"]] == [said]
    for_people = run(*command.split(), *arguments)
    assert (result.stdout, result.exit_code) == ("", for_people.exit_code)
    assert said.partition("; see sip-guard")[0] in for_people.stderr


@pytest.mark.parametrize("command", commands())
def test_an_option_that_there_is_not_is_said_in_json(command: str) -> None:
    result = run(*command.split(), "--json", "--nonsense")
    (error,) = json.loads(result.stderr)["errors"]
    assert error["message"].startswith("No such option '--nonsense'")
    assert error["message"].endswith(f"; see sip-guard {command} --help")
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_command_that_there_is_not_is_said_in_json() -> None:
    result = run("nonsense", "--json")
    assert json.loads(result.stderr)["errors"][0]["message"].startswith("No such command 'nonsense'")
    assert result.exit_code == 2


def test_each_fault_of_a_configuration_has_its_file_line_and_option() -> None:
    Path("guard.yaml").write_text(CONFIG.replace("sources", "source").replace("address", "adress"))
    result = run("check", "guard.yaml", "--json")
    errors = json.loads(result.stderr)["errors"]
    assert [(error["file"], error["line"], error["option"]) for error in errors] == [
        ("guard.yaml", 5, "trunks[0].source"),
        ("guard.yaml", 9, "targets[0].adress"),
    ]
    assert errors[0]["message"] == "there is no option `source`; did you mean `sources`?"
    assert result.exit_code == 2


def test_each_fault_of_a_list_has_its_file_and_line() -> None:
    Path("dno.csv").write_text("number\nnonsense\n")
    result = run("lists", "check", "dno.csv", "--json")
    (error,) = json.loads(result.stderr)["errors"]
    assert (error["file"], error["line"], result.exit_code) == ("dno.csv", 2, 2)


# What comes of it.


def test_what_a_configuration_means_is_given_table_by_table() -> None:
    result = run("check", "guard.yaml", "--json")
    made = json.loads(result.stdout)
    assert (made["file"], made["good"], result.exit_code, result.stderr) == ("guard.yaml", True, 0, "")
    assert made["tables"]["Listens on"] == [
        {"transport": "UDP", "address": "127.0.0.1:0", "named in Via as": "the same"}
    ]
    assert made["tables"]["Rules, asked from the top"][-1]["rule"] == "default"


def test_what_a_list_means_is_counted() -> None:
    Path("dno.csv").write_text("number\n+442079460000\n+442079460001\n")
    made = json.loads(run("lists", "check", "dno.csv", "--json").stdout)
    assert (made["file"], made["good"], made["numbers"], made["unread"]) == ("dno.csv", True, 2, [])


def test_a_hash_is_given() -> None:
    result = CliRunner().invoke(main, ["hash-password", "--json"], input="correct horse battery\n")
    assert json.loads(result.stdout)["password"].startswith("scrypt$")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("status", {"version": "1", "generation": 1, "uptime": 5, "calls": 2, "draining": False}),
        ("drain", {"version": "1", "generation": 1, "uptime": 5, "calls": 2, "draining": True}),
        ("reload", {"generation": 2}),
    ],
)
def test_the_answer_of_a_guard_is_given_as_it_is(command: str, reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ask", lambda *_: reply)
    result = run(command, "--control", "control", "--json")
    assert (json.loads(result.stdout), result.stderr, result.exit_code) == (reply, "", 0)


def test_a_reload_that_is_refused_says_where_and_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ask", lambda *_: {"errors": ["guard.yaml:3: listen: wrong", "a mistake"]})
    result = run("reload", "--control", "control", "--json")
    first, second = json.loads(result.stderr)["errors"]
    assert first == {"file": "guard.yaml", "line": 3, "message": "listen: wrong"}
    assert (second, result.exit_code) == ({"message": "a mistake"}, 1)


def test_whoever_does_not_confirm_is_told_so_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def confirm(*_: object, **__: object) -> None:
        raise click.Abort

    monkeypatch.setattr(click, "confirm", confirm)
    monkeypatch.setattr("sip_guard.desk.calls.command.named", lambda *_, **__: Named(Path("record"), [1]))
    result = run("forget", "1", "--record", "x", "--json")
    assert json.loads(result.stderr) == {"errors": [{"message": "given up"}]}
    assert result.exit_code == 1
