"""`sip-guard probe` against the real guard: what it says of a rule that bites, of one that tags, and of silence."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pki import pki
from sipp import free_port

from sip_guard.demo.guard import Guard
from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.demo.repository import Repository

pytestmark = pytest.mark.end_to_end

TRUNK, PBX = "127.0.0.2", "127.0.0.3"
OWN, PROTECTED, CALLED = "+12025550142", "+12025550100", "+12025550199"
CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [{trunk}]
targets:
  - name: pbx
    address: {pbx}:{port}
verification:
  anchors: [anchor.pem]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
lists:
  - {{name: dno, file: dno.csv, country: US}}
"""


class Place(NamedTuple):
    """The guard, and what a probe has to know of it."""

    guard: Guard
    callee: str
    folder: Path
    url: str

    def probe(self, caller: str, *options: str, local: str = f"{TRUNK}:0", callee: bool = True) -> tuple[int, Any]:
        """Place a call; give how it ended, and the JSON of it."""
        there = ("--callee", self.callee) if callee else ()
        uri = f"sip:{CALLED}@127.0.0.1:{self.guard.port}"
        command = ["probe", "--to", uri, "--from", caller, "--local", local, *there, *options, "--json"]
        words = [sys.executable, "-m", "sip_guard", *command]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, now = tmp_path_factory.mktemp("probe"), time.time()
    root, signing = web_root(Window.around(now)), pki(now)
    for name, octets in {
        "anchor.pem": signing.root.pem,
        "signer.key": signing.signer.key_pem,
        "web_ca.pem": root.pem,
        "dno.csv": f"number\n{PROTECTED}\n".encode(),
    }.items():
        (folder / name).write_bytes(octets)
    with ExitStack() as stack:
        repository = Repository(web_server(root, Window.around(now)), folder)
        stack.callback(repository.close)
        repository.add("signer.pem", signing.signer.bundle)
        port = free_port(PBX)
        config = folder / "guard.yaml"
        config.write_text(CONFIG.format(trunk=TRUNK, pbx=PBX, port=port, repository=repository.port))
        guard = stack.enter_context(Guard(config))
        yield Place(guard, f"{PBX}:{port}", folder, repository.url("signer.pem"))


def test_a_protected_number_is_refused_as_expected_and_arrives_nowhere(place: Place) -> None:
    code, made = place.probe(PROTECTED, "--expect", "reject 403")
    assert (code, made["outcome"], made["code"], made["arrived"]) == (0, "rejected", 403, None)
    assert made["summary"] == "OK (reject 403): rejected, 403 Forbidden; it did not arrive"


def test_an_own_number_arrives_with_a_tag_so_a_rejection_that_was_expected_ends_with_1(place: Place) -> None:
    code, made = place.probe(OWN, "--expect", "reject 403", "--display", "Alice")
    assert (code, made["code"], made["as_expected"]) == (1, 200, False)
    assert made["summary"] == "NOT AS EXPECTED (reject 403): answered, 200 OK; it arrived"
    arrived = made["arrived"]
    assert arrived["from"] == f"sip:{OWN}@{TRUNK}"
    assert (arrived["display"], arrived["verstat"], arrived["identity"]) == ("Alice", [], [])
    (tag,) = arrived["tag"]
    assert "verdict=absent;" in tag


def test_a_number_with_a_token_arrives_verified(place: Place) -> None:
    key = str(place.folder / "signer.key")
    code, made = place.probe(OWN, "--identity-key", key, "--certificate-url", place.url, "--expect", "tag")
    arrived = made["arrived"]
    assert (code, arrived["verstat"], arrived["attestation"]) == (0, ["TN-Validation-Passed"], ["A"])
    assert len(arrived["identity"]) == 1


def test_a_stranger_gets_no_answer_and_is_told_why(place: Place) -> None:
    code, made = place.probe(OWN, "--patience", "0.6", local="127.0.0.4:0", callee=False)
    assert (code, made["outcome"], made["code"]) == (1, "unanswered", 0)
    assert made["summary"] == "unanswered: is 127.0.0.4 an address of a trunk, and does somebody listen there?"


def test_the_guard_made_no_mistake(place: Place) -> None:
    assert not [event for event in place.guard.events if event.get("level") == "error"]
