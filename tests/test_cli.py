"""The commands: what they print, and how they end."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pki import NOW, pki
from shipped import NAMES, copied
from signed_lists import list_authority
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from sip_guard import __version__
from sip_guard.admin.password import Hash
from sip_guard.cli import main
from sip_guard.cli.complaints import Complaints
from sip_guard.config.options import Limits
from sip_guard.demo.pki import DAY, Window, authority, issue
from sip_guard.log import logger
from sip_guard.sip import message

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [192.0.2.0/24]
targets:
  - name: pbx
    address: 127.0.0.1:5099
verification:
  anchors: [root.pem]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a good configuration."""
    (tmp_path / "root.pem").write_bytes(pki().root.pem)
    path = tmp_path / "guard.yaml"
    path.write_text(CONFIG)
    return path


def change(config: Path, old: str, new: str) -> None:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


def run(*arguments: object) -> Result:
    """Run a command within this process, on a wide terminal."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(argument) for argument in arguments])


# check


def test_a_good_configuration_is_shown_as_it_was_understood(config: Path) -> None:
    result = run("check", config)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.output.endswith(f"{config}: good\n")
    for word in ("127.0.0.1:0", "carrier", "192.0.2.0/24", "pbx", "127.0.0.1:5099", "CN=SHAKEN ROOT", "attested"):
        assert word in result.output
    for option in (
        "verification.max_age",
        "verification.time_limit",
        "emergency.numbers",
        "log.numbers",
        "trusted: false",
    ):
        assert option in result.output


def test_the_lists_of_trust_groups_are_shown(config: Path) -> None:
    assert "Lists of trust groups" not in run("check", config).output
    (config.parent / "crl.pem").write_bytes(list_authority().pem)
    group = "{name: us, trust_list: {file: l.jwt, certificate: crl.pem}, revocation: {lists: [%s], unavailable: hard}}"
    change(config, "  anchors: [root.pem]", f"  trust: [{group % '{url: https://a.example/crl, anchor: crl.pem}'}]")
    result = run("check", config)
    assert result.exit_code == 0
    for word in ("Lists of trust groups", "l.jwt", "https://a.example/crl", "revoked, hard", "3600 s", "CN=STI-PA CRL"):
        assert word in result.output


def test_lists_are_shown_among_all_else(config: Path) -> None:
    (config.parent / "dno.csv").write_text("number\n")
    config.write_text(f"{CONFIG}lists:\n  - {{name: dno, file: dno.csv, source: Ofcom}}\n")
    result = run("check", config)
    assert result.exit_code == 0
    for word in ("Protected numbers", "dno.csv", "reading.source: Ofcom", "refresh: 300.0"):
        assert word in result.output


@pytest.mark.parametrize("name", NAMES)
def test_each_configuration_that_ships_is_good(tmp_path: Path, name: str) -> None:
    assert run("check", copied(tmp_path) / name).exit_code == 0


def test_peers_and_ways_out_are_shown(tmp_path: Path) -> None:
    lines = run("check", copied(tmp_path) / "sip_guard.yaml").output.splitlines()
    rows = [" | ".join(part.strip() for part in line.strip("\u2502 ").split("\u2502")) for line in lines]
    for row in (
        "carrier-a | 192.0.2.0/28 | pbx-1 | identity: prefer",
        "203.0.113.7/32 | pbx-2 | trust_asserted: true",
        "target carrier-a-sbc |  | trust_diversion: false",
        "pbx-1 | UDP 127.0.0.1:5080 | ours | priority: 0",
        "carrier-a-sbc | UDP 203.0.113.7 | trunk carrier-a | priority: 0",
        "+... | x-trunk: carrier-a | carrier-a",
        "any | any | carrier-a",
        "any other | any | none: 403",
        "dns.families | ipv4, ipv6",
        f"limits.lag | {Limits().lag}",
    ):
        assert row in rows
    text = "\n".join(rows)
    for option in (
        "methods: MESSAGE",
        "calls_per_second: 50.0",
        "concurrent_calls: 200",
        "dial_plan.international_prefixes: 011",
        "sources: 10.0.0.0/29",
        "probe: none",
        "probe.every: 15.0",
        "probe.up_after: 2",
    ):
        assert option in text


def test_what_is_known_of_numbers_is_shown(config: Path) -> None:
    assert "not looked at" in run("check", config).output
    (config.parent / "blocks.csv").write_text("number,holder\n+12154,Example\n+12155,Example\n")
    with config.open("a") as file:
        file.write("numbers: {home: US, allocations: [{file: blocks.csv, layout: international}]}\n")
    output = run("check", config).output
    for row in (
        r"numbers.home\W+AS, GU, MP, PR, US, VI\W",
        r"numbers.permitted\W+none\W",
        r"numbers.allocations\W+2 blocks\W",
    ):
        assert re.search(row, output), row


def test_where_decisions_are_kept_is_shown_and_why_they_are_not(config: Path) -> None:
    assert "not kept: there is no `state_directory`" in run("check", config).output
    with config.open("a") as file:
        file.write("state_directory: .\n")
    output = run("check", config).output
    assert re.search(r"record.place\W+\S*/decisions.sqlite3\W", "".join(output.split("\n"))), output
    assert re.search(r"record.days\W+90.0\W", output)


def test_a_name_is_shown_as_it_is_looked_up(config: Path) -> None:
    change(config, "address: 127.0.0.1:5099", "address: PBX.example.com:5070")
    assert "as DNS says: pbx.example.com:5070" in run("check", config).output
    change(config, "PBX.example.com:5070", "pbx.example.com\n    transport: udp")
    assert "UDP pbx.example.com " in run("check", config).output


def test_a_trunk_that_is_told_by_its_certificate_is_shown(tmp_path: Path) -> None:
    output = run("check", copied(tmp_path) / "tls_trunk.yaml").output
    for text in ("sip.carrier.example", "TLS", "tls.present", "carrier_ca.pem"):
        assert text in output


def test_who_is_attested_by_which_trunk_is_shown(config: Path) -> None:
    now = time.time()
    signer = pki(now).signer
    (config.parent / "ours.key").write_bytes(signer.key_pem)
    (config.parent / "ours.pem").write_bytes(signer.bundle)
    signing = (
        "{key: ours.key, certificate: ours.pem, url: https://c.example/o.pem, attest: [{numbers: '+44', level: A}]}"
    )
    change(config, "- name: carrier", f"- name: carrier\n    signing: {signing}")
    change(config, "targets:", "targets:\n  - {name: out, address: 192.0.2.9, trunk: carrier}")
    output = run("check", config).output
    for text in ("https://c.example/o.pem", f"{datetime.fromtimestamp(now + 30 * DAY, UTC):%Y-%m-%d}", "+44...: A"):
        assert text in output


def test_what_looks_like_markup_is_shown_as_it_stands(config: Path) -> None:
    window = Window.around(NOW)
    root = issue("[bold]R[/nothing]", None, window, authority())
    (config.parent / "root.pem").write_bytes(root.pem)
    change(config, "127.0.0.1:0", '"[fe80::1]:5060"')
    change(config, "[192.0.2.0/24]", '["2001:db8::/32"]')
    change(config, "127.0.0.1:5099", '"[fd00::5]:5060"')
    with config.open("a") as file:
        file.write("policy: {rules: [{id: x, then: 'reject 403 [red]Go[/blue]', when: {finding: stale}}]}\n")
    result = run("check", config)
    assert (result.exit_code, result.exception) == (0, None)
    for text in ("[bold]R[/nothing]", "[fe80::1]:5060", "[fd00::5]:5060", "reject 403 [red]Go[/blue]"):
        assert text in result.output


@pytest.mark.parametrize("command", ["check", "run"])
def test_each_fault_is_a_line_and_the_end_is_2(config: Path, command: str) -> None:
    change(config, "sources", "source")
    change(config, "address", "adress")
    result = run("check", config) if command == "check" else run("run", "--config", config)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{config}:5: trunks[0].source: there is no option `source`; did you mean `sources`?",
        f"{config}:8: targets[0].adress: there is no option `adress`; did you mean `address`?",
    ]


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("name", "said"), [("nowhere.yaml", "No such file or directory"), ("", "Is a directory"), ("x" * 300, "too long")]
)
def test_a_file_that_cannot_be_read_is_named_and_the_end_is_2(
    tmp_path: Path, command: str, name: str, said: str
) -> None:
    path = tmp_path / name
    result = run("check", path) if command == "check" else run("run", "-c", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}: cannot be read: ")
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_the_configuration_can_be_named_in_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"
    result = CliRunner(env={"SIP_GUARD_CONFIG": str(path)}).invoke(main, ["run"])
    assert (result.exit_code, result.stderr) == (
        2,
        f"{path}: cannot be read: No such file or directory; is the path right?\n",
    )


def test_without_a_word_it_says_what_it_can_do() -> None:
    output = run("--help").output
    for command in ("run", "check", "demo"):
        assert f"\n  {command} " in output
    assert run("--version").output == f"sip-guard, version {__version__}\n"


# run


@contextmanager
def process(config: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start the real command."""
    command = [sys.executable, "-m", "sip_guard", "run", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def until_started(running: "subprocess.Popen[str]") -> list[dict[str, object]]:
    """Give the lines of the log up to the one that says that it started."""
    lines: list[dict[str, object]] = []
    assert running.stdout is not None
    while not lines or lines[-1]["event"] != "started":
        lines.append(json.loads(running.stdout.readline()))
    return lines


@pytest.mark.end_to_end
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_until_it_is_told_to_stop(config: Path, number: int) -> None:
    with process(config) as running:
        lines = until_started(running)
        assert [line["event"] for line in lines] == ["no_state_directory", "listening", "started"]
        assert (lines[-1]["version"], lines[-1]["config"], lines[-1]["trunks"]) == (__version__, str(config), 1)
        assert lines[-1]["compiled"] is not message.__file__.endswith(".py")
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    drained = ["draining", "drained"] if number == signal.SIGTERM else []
    assert [json.loads(line)["event"] for line in out.splitlines()] == [*drained, "stopped"]
    assert (running.returncode, err) == (0, "")


@pytest.mark.end_to_end
def test_a_reader_that_goes_away_does_not_stop_it(config: Path) -> None:
    with process(config) as running:
        lines = until_started(running)
        assert running.stdout is not None
        running.stdout.close()
        port = lines[-2]["port"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            for _ in range(3):
                link.sendto(b"x", ("127.0.0.1", int(str(port))))
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) in (0, 120)
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


@pytest.mark.end_to_end
def test_an_address_in_use_is_said_and_the_end_is_1(config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        change(config, "127.0.0.1:0", f"127.0.0.1:{port}")
        with process(config) as running:
            _, err = running.communicate(timeout=20)
    assert running.returncode == 1
    assert err == (f"Error: cannot listen on UDP 127.0.0.1:{port}: Address already in use; is another guard running?\n")


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ["nowhere/guard.log", "root.pem/guard.log", "."])
def test_a_log_that_cannot_be_is_a_fault_of_the_configuration(config: Path, name: str) -> None:
    with config.open("a") as file:
        file.write(f"log: {{file: {name}}}\n")
    with process(config) as running:
        _, err = running.communicate(timeout=20)
    assert running.returncode == 2
    assert f"log.file: {config.parent / name} is a folder, or in one that is not there" in err


@pytest.mark.end_to_end
def test_a_log_that_cannot_be_written_is_said_and_the_end_is_1(config: Path) -> None:
    with config.open("a") as file:
        file.write("log: {file: /proc/version}\n")
    with process(config) as running:
        _, err = running.communicate(timeout=20)
    assert running.returncode == 1
    assert err.startswith("Error: /proc/version cannot be written: ")
    assert err.endswith("; see `log.file`\n")


@pytest.mark.end_to_end
def test_a_log_file_is_appended_to(config: Path) -> None:
    (config.parent / "guard.log").write_text("kept\n")
    with config.open("a") as file:
        file.write("log: {file: guard.log}\n")
    with process(config) as running:
        log = config.parent / "guard.log"
        with subprocess.Popen(["tail", "-n", "+1", "-F", str(log)], stdout=subprocess.PIPE, text=True) as tail:
            assert tail.stdout is not None
            assert any('"started"' in line for line in tail.stdout)
            tail.kill()
        running.send_signal(signal.SIGTERM)
        out, _ = running.communicate(timeout=20)
    assert (running.returncode, out) == (0, "")
    lines = log.read_text().splitlines()
    assert lines[0] == "kept"
    assert json.loads(lines[-1])["event"] == "stopped"


@pytest.mark.end_to_end
def test_a_secret_that_cannot_be_kept_is_said_and_the_end_is_1(config: Path) -> None:
    (config.parent / "state" / "dialog_secret").mkdir(parents=True)
    with config.open("a") as file:
        file.write("state_directory: state\n")
    with process(config) as running:
        _, err = running.communicate(timeout=20)
    assert running.returncode == 1
    assert err.endswith("dialog_secret cannot be kept: Is a directory; see `state_directory`\n")


# What Twisted complains of.


def events(*complaints: dict[str, object]) -> list[dict[str, object]]:
    """Give what becomes of Twisted's events in our log."""
    file = BytesIO()
    observer = Complaints(logger(file))
    for complaint in complaints:
        observer(complaint)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_what_twisted_complains_of_is_a_mistake() -> None:
    failure = Failure(RuntimeError("oh"))  # type: ignore[no-untyped-call]
    (line,) = events(
        {"log_level": LogLevel.critical, "log_format": "Unhandled {what}", "what": "x", "log_failure": failure}
    )
    assert (line["event"], line["where"], line["text"]) == ("mistake", "reactor", "Unhandled x")
    assert str(line["exception"]).endswith("RuntimeError: oh")


def test_what_twisted_only_tells_is_not_logged() -> None:
    quiet = [LogLevel.debug, LogLevel.info, LogLevel.warn]
    assert events(*({"log_level": level, "log_format": "x"} for level in quiet)) == []


# lists


def test_a_list_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "dno.csv"
    path.write_text("number,owner,colour\n+442079460000,HMRC,red\n+442079460000,HMRC,blue\n+4416*,BT,\n")
    result = run("lists", "check", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.output.endswith(f"{path}: good\n")
    lines = [[cell.strip() for cell in line.split("\u2502")[1:-1]] for line in result.output.splitlines()]
    shown = dict(line for line in lines if len(line) == 2)
    assert (shown["numbers"], shown["prefixes"], shown["owners"]) == ("1", "1", "2")
    assert (shown["rows beside others for the same"], shown["columns that mean nothing"]) == ("1", "colour")
    assert list(tmp_path.iterdir()) == [path]


def test_the_faults_of_a_list_are_told(tmp_path: Path) -> None:
    path = tmp_path / "dno.csv"
    path.write_text("number\n2125551212\n+44\n")
    result = run("lists", "check", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [f"{path}:2", f"{path}:3"]


def test_a_new_list_is_read_as_the_configured_one(config: Path) -> None:
    (config.parent / "dno.csv").write_text("")
    config.write_text(f"{CONFIG}lists:\n  - {{name: dno, file: dno.csv, country: US, columns: {{number: tn}}}}\n")
    path = config.parent / "new.csv"
    path.write_text("TN\n2125551212\n")
    assert run("lists", "check", path).exit_code == 2
    assert run("lists", "check", path, "--as", "dno", "-c", config).exit_code == 0
    result = run("lists", "check", path, "--as", "dnp", "-c", config)
    assert (result.exit_code, "there is no list `dnp`; did you mean `dno`?" in result.stderr) == (2, True)


# hash-password


def test_a_password_is_hashed_for_the_configuration() -> None:
    hashed = CliRunner().invoke(main, ["hash-password"], input="correct horse battery\n")
    assert hashed.exit_code == 0
    assert Hash.parse(hashed.output.strip()).fits(b"correct horse battery")
    again = CliRunner().invoke(main, ["hash-password"], input="correct horse battery\n")
    assert again.output != hashed.output


def test_a_password_that_can_be_found_by_trying_is_refused() -> None:
    result = CliRunner().invoke(main, ["hash-password"], input="secret\n")
    assert result.exit_code == 1
    assert result.output == "Error: a password has 12 characters or more, so that nobody finds it by trying\n"
