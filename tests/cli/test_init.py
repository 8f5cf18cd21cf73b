"""A first configuration, from answers to questions or from options."""

import json
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pki import pki

from sip_guard.cli import main
from sip_guard.config import load
from sip_guard.config.starting import COUNTRIES, Answers, starting

PEERS = ["--listen", "192.0.2.1:5060", "--carrier", "198.51.100.0/24", "--pbx", "10.0.0.5:5080"]
NOTHING = [*PEERS, "--country", "none", "--anchors", "none", "--state-directory", "none", "--admin", "none"]
BOTH = [(True, True), (True, False), (False, True), (False, False)]
ROOT = pki().root.pem


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with trust anchors and a state directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("anchors", "state", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "anchors" / "root.pem").write_bytes(ROOT)
    return tmp_path


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, arguments, input=said, prog_name="sip-guard")


@pytest.mark.parametrize("country", [None, *COUNTRIES])
def test_whatever_is_answered_the_configuration_is_good_and_means_that(country: str | None, folder: Path) -> None:
    listening = [("192.0.2.1", 5060), ("2001:db8::1", 5062)]
    peers = [(("198.51.100.0/24",), "10.0.0.5"), (("2001:db8:1::/48", "192.0.2.7:5062"), "pbx.example.com:5080")]
    states: list[tuple[str | None, bool, bool]] = [(None, False, False), *(("state", *each) for each in BOTH)]
    admins = [None, ("127.0.0.1", 9290), ("::1", 9290)]
    path = folder / "guard.yaml"
    for listen, (carrier, pbx), anchors, (state, record, control), admin in product(
        listening, peers, (None, "anchors"), states, admins
    ):
        if ":" in listen[0] and pbx == "10.0.0.5":
            pbx = "[2001:db8::5]:5080"  # noqa: PLW2901 - of the other family no call could get there
        answers = Answers(
            listen=listen,
            carrier=carrier,
            pbx=pbx,
            country=country,
            anchors=anchors,
            state_directory=state,
            record=record,
            control=control,
            admin=admin,
        )
        path.write_text(starting(answers))
        config = load(path)
        assert config.listen[0].address == listen
        assert len(config.trunks[0].sources) == len(carrier)
        assert (config.trunks[0].identity == "ignore") == (anchors is None)
        assert config.trunks[0].dial_plan.country == country
        assert (config.record is not None, config.control is not None) == (record, control)
        assert (config.admin and config.admin.address) == admin
        acting = [rule for rule in config.rules if rule.id.startswith("uk-") and str(rule.mode) == "enforce"]
        assert (acting, any(rule.id.startswith("uk-") for rule in config.rules)) == ([], country == "GB")
        assert max(map(len, path.read_text().splitlines())) <= 120


def test_it_is_written_by_options_alone_and_check_calls_it_good() -> None:
    options = ["--country", "gb", "--anchors", "anchors", "--state-directory", "state", "--record", "--control"]
    result = run("init", *PEERS, *options, "--admin", "127.0.0.1:9290", "--output", "guard.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "guard.yaml is written. Next: sip-guard check guard.yaml\n"
    assert run("check", "guard.yaml").stdout.endswith("guard.yaml: good\n")
    text = Path("guard.yaml").read_text()
    assert len(text.splitlines()) < 50
    for line in ("  anchors: [anchors]", "state_directory: state", "  preset: [default, uk]"):
        assert f"\n{line} " in text


def test_what_no_option_says_is_asked_and_a_bad_answer_is_asked_again_with_the_reason() -> None:
    said = [
        *("5060", "0.0.0.0:5060", "192.0.2.1:0", "192.0.2.1:5060"),
        *("carrier", "198.51.100.1/24", "198.51.100.0/24, 203.0.113.7"),
        *("pbx example", "10.0.0.5:5080"),
        *("DE", "GB"),
        *("nowhere", "empty", "anchors"),
        *("nowhere", "state"),
        *("n", "y"),
        *("0.0.0.0:9290", ""),
    ]
    result = run("init", said="".join(f"{each}\n" for each in said))
    assert result.exit_code == 0, result.stderr
    for reason in (
        "`5060` is no numeric address with a port",
        "`0.0.0.0:5060` is every address; name the one by which",
        "port 0 is no port to send to",
        "`carrier` is no address or network",
        "has bits beyond its mask; did you mean 198.51.100.0/24?",
        "`pbx example` is no ",
        "`DE` is none of CA, FR, GB, US",
        "there is no folder nowhere; make it, or say none",
        "there is no *.pem file in empty",
        "elsewhere it needs TLS and a password",
    ):
        assert reason in result.stderr, reason
    config = load(Path("sip_guard.yaml"))
    assert (len(config.trunks[0].sources), config.record, config.control is not None) == (2, None, True)
    assert config.admin is not None


def test_a_bad_option_ends_with_2() -> None:
    result = run("init", "--listen", "nonsense")
    assert (result.exit_code, "`nonsense` is no numeric address" in result.stderr) == (2, True)


def test_a_file_that_is_there_is_never_overwritten(folder: Path) -> None:
    (folder / "guard.yaml").write_text("mine\n")
    result = run("init", *NOTHING, "--output", "guard.yaml")
    assert (result.exit_code, (folder / "guard.yaml").read_text()) == (2, "mine\n")
    assert result.stderr == "guard.yaml is there, and is not overwritten; name another file by --output\n"


def test_a_folder_elsewhere_is_named_whole(folder: Path) -> None:
    (folder / "etc").mkdir()
    assert run("init", *NOTHING, "--anchors", "anchors", "--output", "etc/guard.yaml").exit_code == 0
    assert f"anchors: [{folder / 'anchors'}]" in Path("etc/guard.yaml").read_text()


def test_answers_that_contradict_each_other_are_told_and_nothing_is_written(folder: Path) -> None:
    result = run("init", *NOTHING, "--pbx", "192.0.2.1:5060", "--output", "guard.yaml", "--json")
    (error,) = json.loads(result.stderr)["errors"]
    assert error["message"].startswith("nothing is written: ")
    assert (result.exit_code, (folder / "guard.yaml").exists()) == (2, False)


def test_a_record_has_to_be_somewhere() -> None:
    result = run("init", *NOTHING, "--record")
    assert (result.exit_code, result.stderr) == (2, "--record and --control need --state-directory\n")


def test_whoever_ends_it_gets_no_file(folder: Path) -> None:
    result = run("init", said="192.0.2.1:5060\n")
    assert (result.exit_code, list(folder.glob("*.yaml"))) == (1, [])
