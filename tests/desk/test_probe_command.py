"""What a probe says of answers and of INVITEs that arrived, and what it refuses to place."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from sip_guard.cli import main
from sip_guard.desk.probe import command
from sip_guard.desk.probe.call import Seen
from sip_guard.desk.probe.report import Reason, Report, fields

ABOUT = """\
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r
From: "Bank" <sip:{caller}>;tag=1\r
To: <sip:+442079460000@192.0.2.9>\r
Call-ID: a\r
CSeq: 1 {method}\r
{more}\r
"""
TRYING, RINGING = "100 Trying", "180 Ringing"


def answer(status: str, *more: str, method: str = "INVITE") -> str:
    lines = "".join(f"{line}\r\n" for line in more)
    return f"SIP/2.0 {status}\r\n" + ABOUT.format(caller="+442079460123@192.0.2.1", method=method, more=lines)


def invite(*more: str, caller: str = "+442079460123@192.0.2.1") -> str:
    lines = "".join(f"{line}\r\n" for line in more)
    return "INVITE sip:+442079460000@192.0.2.9 SIP/2.0\r\n" + ABOUT.format(caller=caller, method="INVITE", more=lines)


def report(*answers: str, arrived: str = "", waited: bool = True, expected: str | None = None) -> Report:
    seen = Seen(answers=answers, arrived=arrived)
    return Report.of(seen, waited=waited, expected=expected, local="192.0.2.1", tag_header="X-SIP-Guard")


@pytest.mark.parametrize(
    ("answers", "outcome", "code"),
    [
        ([], "unanswered", 0),
        ([TRYING], "unanswered", 100),
        ([TRYING, RINGING, "487 Request Terminated"], "rang", 180),
        ([TRYING, "487 Request Terminated"], "rejected", 487),
        ([TRYING, "200 OK"], "answered", 200),
        ([TRYING, "403 Forbidden"], "rejected", 403),
        (["302 Moved Temporarily"], "redirected", 302),
    ],
)
def test_the_last_answer_says_what_became_of_the_call(answers: list[str], outcome: str, code: int) -> None:
    made = report(*map(answer, answers), waited=False)
    assert (made.outcome, made.code, made.good) == (outcome, code, outcome != "unanswered")


def test_answers_to_other_requests_are_none_to_the_call() -> None:
    assert report(answer("200 OK"), answer("481 No Such Call", method="BYE")).code == 200


def test_what_cannot_be_read_is_no_answer() -> None:
    assert report("SIP/2.0 200 OK\r\n\r\n", arrived="INVITE\r\n\r\n").outcome == "unanswered"


def test_reasons_of_all_answers_are_read_each_once() -> None:
    stir = 'Reason: STIR;cause=436;text="Bad Identity, Info", SIP ; cause=200'
    made = report(answer(RINGING, stir), answer("200 OK", stir, "Reason: Q.850"))
    assert made.reasons == [
        Reason("STIR", "436", "Bad Identity, Info"),
        Reason("SIP", "200"),
        Reason("Q.850"),
    ]


def test_where_a_redirection_leads_is_told() -> None:
    assert report(answer("302 Moved Temporarily", "Contact: <sip:desk@192.0.2.7>")).contact == "sip:desk@192.0.2.7"


def test_what_arrived_is_told_by_field() -> None:
    lines = (
        "P-Asserted-Identity: <sip:+442079460123;verstat=TN-Validation-Passed@192.0.2.1>",
        "X-SIP-Guard: v=1;verdict=passed",
        "P-Attestation-Indicator: A",
        "Diversion: <sip:+442079460001@192.0.2.1>",
    )
    arrived = fields(report(answer("200 OK"), arrived=invite(*lines)))["arrived"]
    assert isinstance(arrived, dict)
    assert {name: value for name, value in arrived.items() if value} == {
        "request_uri": "sip:+442079460000@192.0.2.9",
        "from": "sip:+442079460123@192.0.2.1",
        "display": "Bank",
        "verstat": ["TN-Validation-Passed"],
        "tag": ["v=1;verdict=passed"],
        "p_asserted_identity": ["<sip:+442079460123;verstat=TN-Validation-Passed@192.0.2.1>"],
        "attestation": ["A"],
        "diversion": ["<sip:+442079460001@192.0.2.1>"],
    }


PLAIN, TAGGED = invite(), invite("X-SIP-Guard: v=1")
WITHHELD = invite(caller="anonymous@anonymous.invalid")


@pytest.mark.parametrize(
    ("expected", "status", "arrived", "good"),
    [
        ("reject", "403 Forbidden", "", True),
        ("reject 403", "403 Forbidden", "", True),
        ("reject 403", "428 Use Identity Header", "", False),
        ("reject 403", "403 Forbidden", PLAIN, False),
        ("reject", "200 OK", PLAIN, False),
        ("redirect", "302 Moved Temporarily", "", True),
        ("redirect", "200 OK", PLAIN, False),
        ("allow", "200 OK", PLAIN, True),
        ("allow", "486 Busy Here", TAGGED, True),
        ("allow", "200 OK", "", False),
        ("tag", "200 OK", TAGGED, True),
        ("tag", "200 OK", PLAIN, False),
        ("anonymise", "200 OK", WITHHELD, True),
        ("anonymise", "200 OK", PLAIN, False),
    ],
)
def test_what_a_rule_would_do_is_told_by_where_the_call_ended(
    expected: str, status: str, arrived: str, good: bool
) -> None:
    made = report(answer(status), arrived=arrived, expected=expected)
    assert made.good == good
    assert made.summary.startswith(f"{'OK' if good else 'NOT AS EXPECTED'} ({expected}): ")


@pytest.mark.parametrize(("status", "good"), [(RINGING, True), ("200 OK", True), ("486 Busy Here", False)])
def test_a_call_to_somebody_else_is_allowed_if_it_rings(status: str, good: bool) -> None:
    assert report(answer(status), waited=False, expected="allow").good == good


GOOD = ["--to", "sip:+442079460000@127.0.0.1:5060", "--from", "+442079460123"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "+442079460000"], "--to `+442079460000`: expected a SIP URI on IPv4, such as sip:+442079460000@"),
        (["--to", "sip:a@127.0.0.1;transport=tls"], "the call goes over udp or tcp, and not over tls"),
        (["--to", "sip:a@[::1]"], "expected a SIP URI on IPv4"),
        (["--from", "a b"], "--from `a b` is no number, such as +442079460123"),
        (["--asserted", "<"], "--asserted `<` is no number"),
        (["--display", 'a"b'], "--display: quotes, backslashes and control characters cannot be shown"),
        (["--local", "127.0.0.1"], "--local: `127.0.0.1` is no numeric address with a port"),
        (["--callee", "[::1]:5060"], "--callee `[::1]:5060`: probes go over IPv4"),
        (
            ["--expect", "refuse"],
            "--expect `refuse`: expected allow, tag, anonymise, redirect, reject",
        ),
        (["--expect", "tag"], "--expect tag: that shows where the call arrives; take it there with --callee"),
        (
            ["--identity-key", "x"],
            "--identity-key FILE and --certificate-url URL, where verifiers get its certificate",
        ),
        (
            ["--identity-key", "x", "--certificate-url", "http://a/b"],
            "--certificate-url `http://a/b`: expected https://",
        ),
        (["--identity-key", "x", "--certificate-url", "https://a/b"], "x cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_placed_is_said_and_the_end_is_2(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["probe", *GOOD, *options])
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_without_pjsua2_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    result = CliRunner().invoke(main, ["probe", *GOOD])
    assert result.exit_code == 2
    assert result.stderr == (
        "pjsua2 is not installed: pip install 'sip-guard[agent]', for the Python that sip-guard runs with\n"
    )


@pytest.mark.end_to_end
def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        result = CliRunner().invoke(main, ["probe", *GOOD, "--local", f"127.0.0.1:{taken.getsockname()[1]}"])
    assert result.exit_code == 2
    assert "Address already in use" in result.stderr
    assert result.stderr.endswith("see --to, --local and --callee\n")
