"""`sip-guard verify`: every check with its outcome, for people and for programs."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from calls import ALICE, BOB, IAT, PKI, X5U, token
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from pki import pki, with_tn_auth_list
from signed_lists import Entry, list_authority, of, revocation_list, trust_list
from tokens import CAROL, about, div, original

from sip_guard.cli import main
from sip_guard.demo.pki import Issued
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


def test_more_tokens_than_the_guard_looks_at_do_not_pass(desk: Desk) -> None:
    made = desk.judged("\n".join([VALUE] * 9))
    assert [finding["code"] for finding in made["findings"]] == ["too-many-identities"]
    assert desk.judged("\n".join([VALUE] * 8))["passed"]


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


TODAY = time.time()
"""Lists are judged for the day on which they are read, whatever the moment of the call."""
LISTS = list_authority(TODAY)


class Revoked:
    """Revocation lists beside a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        (desk.folder / "lists.pem").write_bytes(LISTS.pem)

    def judged(self, *entries: Entry, text: str = VALUE, by: Issued = LISTS) -> dict[str, Any]:
        """Give what comes of a list that is named on the command line."""
        (self.desk.folder / "crl").write_bytes(revocation_list(by, entries, when=TODAY))
        named = ["--revocation-list", str(self.desk.folder / "crl")]
        return self.desk.judged(text, *named, "--revocation-anchor", str(self.desk.folder / "lists.pem"))


@pytest.fixture
def revoked(desk: Desk) -> Revoked:
    return Revoked(desk)


def test_a_revocation_list_can_be_named(revoked: Revoked) -> None:
    assert outcomes(revoked.judged())["revocation"] == "good"
    made = revoked.judged(of(PKI.signer))
    assert (outcomes(made)["revocation"], made["findings"][0]["code"]) == ("wrong", "certificate-revoked")


def test_a_revocation_list_that_its_authority_has_not_signed_is_none(revoked: Revoked) -> None:
    made = revoked.judged(by=list_authority(TODAY))
    assert (outcomes(made)["revocation"], made["findings"][0]["code"]) == ("wrong", "revocation-unavailable")


def test_that_nobody_knows_of_revocation_makes_no_forged_token_an_outage(revoked: Revoked) -> None:
    forged = sign.sign(attest="A", dest_tn=[BOB], iat=IAT, orig_tn=ALICE, origid="x", key=EVE, x5u=X5U)
    made = revoked.judged(text=forged.decode(), by=list_authority(TODAY))
    assert wrong(made) == ["revocation", "signature"]
    assert made["findings"][0]["code"] == "signature-invalid"


CONFIG = """\
listen: [{udp: 127.0.0.1:5060}]
trunks: [{name: carrier, sources: [127.0.0.2]}]
targets: [{name: pbx, address: 127.0.0.1:5080}]
state_directory: .
verification:
  trust:
    - name: us
      trust_list: {file: list.jwt, certificate: lists.pem}
      revocation: {lists: [{url: "http://127.0.0.1:1/crl", anchor: lists.pem}], unavailable: hard}
"""


class Configured:
    """A configuration at the desk, whose group has its roots from a file and its revocation list from a URL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "guard.yaml").write_text(CONFIG)
        (folder / "lists.pem").write_bytes(LISTS.pem)
        (folder / "list.jwt").write_bytes(trust_list(LISTS, PKI.root, when=TODAY))
        (folder / "signer.pem").write_bytes(PKI.signer.bundle)
        self.copy = folder / "signed_lists" / f"{hashlib.sha256(b'http://127.0.0.1:1/crl').hexdigest()}.list"

    def verify(self) -> tuple[str, str]:
        """Give what comes of a good token, and what is said of the lists."""
        given = ["--config", str(self.folder / "guard.yaml"), "--certificate", str(self.folder / "signer.pem")]
        result = CliRunner().invoke(main, ["verify", "--json", "--offline", "--at", "iat", *given], input=VALUE)
        return json.loads(result.stdout)["findings"][0]["code"], result.stderr


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    return Configured(tmp_path)


def test_lists_of_the_configuration_are_asked_as_the_guard_has_them(configured: Configured) -> None:
    configured.copy.parent.mkdir()
    configured.copy.write_bytes(revocation_list(LISTS, when=TODAY))
    code, said = configured.verify()
    assert code == "passed"
    assert "http://127.0.0.1:1/crl is not asked: offline" in said
    configured.copy.write_bytes(revocation_list(LISTS, [PKI.signer], when=TODAY))
    assert configured.verify()[0] == "certificate-revoked"


def test_a_list_that_was_never_had_is_told(configured: Configured) -> None:
    code, said = configured.verify()
    assert code == "revocation-unavailable"
    assert json.loads(said)["event"] == "revocation_list_not_renewed"
    (configured.folder / "list.jwt").unlink()
    assert configured.verify()[0] == "trust-list-unavailable"


def test_nothing_is_written_at_the_desk(configured: Configured) -> None:
    before = sorted(configured.folder.rglob("*"))
    configured.verify()
    assert sorted(configured.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("garbage", [], "standard input: neither an INVITE nor an Identity header field nor a token"),
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
        (VALUE, ["--revocation-list", "crl"], "--revocation-list FILE and --revocation-anchor PEM"),
        (VALUE, ["--revocation-anchor", "crl"], "--revocation-list FILE and --revocation-anchor PEM"),
        (
            VALUE,
            ["--revocation-list", "/nowhere.crl", "--revocation-anchor", "/nowhere.pem"],
            "/nowhere.pem cannot be read: No such file or directory",
        ),
        ("x.y.z;info=<a>", ["--at", "iat"], "--at iat: the first token has no `iat` that can be read"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_would_do(desk: Desk, text: str, options: list[str], said: str) -> None:
    result = desk.verify(text, *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(said)


def test_whom_to_trust_has_to_be_said() -> None:
    result = CliRunner().invoke(main, ["verify"], input=VALUE)
    assert result.exit_code == 2
    assert "Give --config FILE, or --anchor FILE" in result.stderr
