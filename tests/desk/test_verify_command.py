"""`sip-guard verify`: every check with its outcome, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest
from calls import ALICE, BOB, IAT, PKI, X5U, token
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from pki import pki, with_tn_auth_list
from tokens import CAROL, about, div, original

from sip_guard.cli import main
from sip_guard.stir import sign
from sip_guard.stir.tn_auth_list import TnAuthList

VALUE = (token() + f";info=<{X5U}>;alg=ES256;ppt=shaken".encode()).decode()
EVE = ec.generate_private_key(ec.SECP256R1())


class Desk:
    """A folder with anchors and the signer's certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "root.pem").write_bytes(PKI.root.pem)
        (folder / "signer.pem").write_bytes(PKI.signer.bundle)

    def verify(self, text: str | bytes, *options: str, at: str = "iat", signer: str = "signer.pem") -> Result:
        given = ["--anchor", str(self.folder / "root.pem"), "--at", at]
        given += ["--certificate", str(self.folder / signer)] if signer else []
        given += options
        return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["verify", *given], input=text)

    def judged(self, text: str | bytes, *options: str, **given: str) -> dict[str, Any]:
        """Give the JSON that is printed."""
        result = self.verify(text, "--json", *options, **given)
        made: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if made["passed"] else 1)
        return made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def outcomes(made: dict[str, Any], place: int = 0) -> dict[str, str]:
    return {line["check"]: line["outcome"] for line in made["tokens"][place]["checks"]}


def wrong(made: dict[str, Any]) -> list[str]:
    return [line["check"] for token in made["tokens"] for line in token["checks"] if line["outcome"] == "wrong"]


def test_a_good_token_passes_every_check_that_can_be_asked(desk: Desk) -> None:
    made = desk.judged(VALUE, "--from", ALICE, "--to", BOB)
    assert made["passed"]
    assert wrong(made) == []
    assert [check for check, outcome in outcomes(made).items() if outcome == "not asked"] == [
        "media keys",
        "revocation",
    ]
    assert made["findings"][0]["attest"] == "A"


def test_each_check_names_its_source(desk: Desk) -> None:
    for line in desk.judged(VALUE)["tokens"][0]["checks"]:
        assert line["source"].startswith(("RFC ", "ATIS-"))


def test_without_a_call_there_is_nothing_to_compare_with(desk: Desk) -> None:
    asked = outcomes(desk.judged(VALUE))
    assert (asked["orig"], asked["dest"], asked["signature"]) == ("not asked", "not asked", "good")


def test_one_fault_does_not_hide_the_others(desk: Desk) -> None:
    forged = sign.sign(attest="A", dest_tn=[BOB], iat=1000, orig_tn=ALICE, origid="x", key=EVE, x5u=X5U)
    made = desk.judged(forged, "--from", CAROL, "--to", CAROL, at="1700000000")
    assert wrong(made) == ["time", "orig", "dest", "signature"]
    assert made["findings"][0]["code"] == "iat-stale"


def test_a_whole_call_is_judged_with_all_its_tokens(desk: Desk) -> None:
    call = about(original(BOB), div(BOB, CAROL), to=BOB, target=CAROL).request.raw
    made = desk.judged(call)
    assert [finding["code"] for finding in made["findings"]] == ["passed", "div-passed"]
    assert made["findings"][0]["diversions"] == 1


def test_a_call_without_a_token_does_not_pass(desk: Desk) -> None:
    made = desk.judged(about().request.raw, at="now")
    assert [finding["code"] for finding in made["findings"]] == ["no-identity"]


def test_a_moment_can_be_chosen(desk: Desk) -> None:
    assert desk.judged(VALUE, at="2023-11-14T22:13:20Z")["passed"]
    assert desk.judged(VALUE, at="2023-11-14T22:13:20")["passed"]
    assert not desk.judged(VALUE, at="2023-11-14T23:13:20Z")["passed"]


def test_what_cannot_be_read_ends_what_can_be_asked(desk: Desk) -> None:
    made = desk.judged("x.y.z;info=<https://a.example/b>;ppt=shaken", at="now")
    assert outcomes(made)["claims"] == "not asked"
    assert made["findings"][0]["code"] == "passport-malformed"


def test_another_type_is_passed_over(desk: Desk) -> None:
    made = desk.judged(VALUE.replace("ppt=shaken", "ppt=div-o"))
    assert outcomes(made)["claims"] == "not asked"
    assert made["findings"][0]["code"] == "ppt-unsupported"


def test_offline_nothing_is_fetched(desk: Desk) -> None:
    made = desk.judged(VALUE, "--offline", signer="")
    asked = outcomes(made)
    assert (asked["certificate"], asked["chain"], asked["signature"]) == ("wrong", "not asked", "not asked")


def test_a_chain_that_leads_nowhere(desk: Desk) -> None:
    (desk.folder / "root.pem").write_bytes(pki().root.pem)
    asked = outcomes(desk.judged(VALUE))
    assert (asked["certificate"], asked["chain"], asked["signature"]) == ("good", "wrong", "not asked")


def test_the_profile_of_the_certificates_can_be_chosen(desk: Desk) -> None:
    signer = with_tn_auth_list(PKI.intermediate, TnAuthList(("1234", "5678")))
    (desk.folder / "signer.pem").write_bytes(signer.bundle)
    text = sign.sign(attest="A", dest_tn=[BOB], iat=IAT, orig_tn=ALICE, origid="x", key=signer.signing_key, x5u=X5U)
    assert desk.judged(text, "--profile", "lab")["passed"]
    assert outcomes(desk.judged(text))["chain"] == "wrong"


def test_people_are_shown_a_table(desk: Desk) -> None:
    result = desk.verify(VALUE)
    assert result.exit_code == 0
    assert "token 1: passed: attestation A" in result.stdout
    assert "authority over the number" in result.stdout


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("garbage", [], "neither an INVITE nor an Identity header field nor a token"),
        (VALUE, ["--at", "yesterday"], "--at `yesterday`: expected now, iat, seconds since 1970"),
        (
            VALUE,
            ["--trunk", "carrier"],
            "there is no trunk `carrier` in the configuration; there are: none",
        ),
        (VALUE, ["--country", "XX"], "`XX` is no ISO 3166-1 country code"),
        (
            VALUE,
            ["--certificate", "/nowhere.pem"],
            "/nowhere.pem cannot be read: No such file or directory",
        ),
        (VALUE, ["--anchor", "/nowhere.pem"], "/nowhere.pem cannot be read: No such file or directory"),
        ("x.y.z;info=<a>", ["--at", "iat"], "--at iat: the first token has no `iat` that can be read"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_would_do(desk: Desk, text: str, options: list[str], said: str) -> None:
    result = desk.verify(text, *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"standard input: {said}")


def test_whom_to_trust_has_to_be_said() -> None:
    result = CliRunner().invoke(main, ["verify"], input=VALUE)
    assert result.exit_code == 2
    assert "Give --config FILE, or --anchor FILE" in result.stderr
