"""The recipe for Asterisk as it ships, with other addresses, where there is an Asterisk.

carrier (SIPp) - the guard - Asterisk - a telephone (SIPp)
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pytest
from interconnection import TRUNKS, Interconnection, tampered
from recipe import changed, guard
from sipp import Sipp, free_port

from sip_guard.demo.calls import ALICE, BOB

PROGRAM = shutil.which("asterisk", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(PROGRAM is None, reason="Asterisk is not installed, and Debian 12 and 13 do not have it"),
]

GUARD = "127.0.0.12"
ASTERISK = "127.0.0.14"
TELEPHONE = "127.0.0.15"
START = 60.0
"""Seconds that Asterisk may take to load all of its modules."""

PLACES = """\
[directories]
astetcdir => {0}
astdbdir => {0}
astspooldir => {0}
astrundir => {0}
astlogdir => {0}
"""
BOBS = """
[+{0}]
type = endpoint
disallow = all
allow = ulaw
aors = +{0}

[+{0}]
type = aor
contact = sip:{1}:{2}
"""


class Asterisk:
    """One Asterisk with the files in `folder`, until it is closed."""

    def __init__(self, folder: Path) -> None:
        """Start it, and wait until it has read all of its files."""
        (folder / "asterisk.conf").write_text(PLACES.format(folder))
        (folder / "modules.conf").write_text("[modules]\nautoload = yes\n")
        (folder / "logger.conf").write_text("[logfiles]\nconsole = notice,warning,error\n")
        self._log = folder / "asterisk.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [f"{PROGRAM}", "-f", "-n", "-C", folder / "asterisk.conf"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + START
        while "Asterisk Ready" not in self.said():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        """Give what it logged."""
        return self._log.read_text("utf-8", "replace")

    def close(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Recipe:
    """All of it in one folder, until `running` is closed."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        asterisk = (ASTERISK, free_port(ASTERISK))
        self.bob = running.enter_context(Sipp("pbx", (TELEPHONE, free_port(TELEPHONE)), folder, seconds=120))
        carrier = (TRUNKS["carrier"], free_port(TRUNKS["carrier"]))
        config = guard("asterisk", carrier=carrier, switch=asterisk, port=5060, changes={})
        self.interconnection = running.enter_context(Interconnection(folder, host=GUARD, config=config))
        pjsip = changed(
            "asterisk",
            "pjsip.conf",
            {
                "192.0.2.20:5060": f"{ASTERISK}:{asterisk[1]}",
                "192.0.2.10:5060": f"{GUARD}:{self.interconnection.guard.port}",
                "192.0.2.10": GUARD,
            },
        )
        (folder / "pjsip.conf").write_text(pjsip + BOBS.format(BOB, *self.bob.local))
        (folder / "extensions.conf").write_text(changed("asterisk", "extensions.conf", {}))
        self.asterisk = running.enter_context(Asterisk(folder))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipe]:
    """Start all of it once."""
    with ExitStack() as running:
        yield Recipe(tmp_path_factory.mktemp("recipe"), running)


def test_a_verified_call_shows_its_number_without_verstat_and_a_mark(recipe: Recipe) -> None:
    call = recipe.interconnection.place(recipe.interconnection.identity()).end()
    (invite,) = [message for message in recipe.bob.messages() if message.start.startswith("INVITE ")]
    assert call.decision["rule"] == "attested"
    shown = invite.value("From").partition(";tag=")[0]
    assert shown == f'"[V]" <sip:+{ALICE}@{ASTERISK}>'


def test_a_call_that_fails_hears_an_announcement_and_rings_nowhere(recipe: Recipe) -> None:
    before = len(recipe.bob.messages())
    call = recipe.interconnection.place(tampered(recipe.interconnection.identity(attest="C")))
    call.caller.gets(lambda message: message.start == "SIP/2.0 200 OK", "answer")
    call.caller.close()
    assert call.decision["result"] == "failed"
    assert len(recipe.bob.messages()) == before


def test_asterisk_finds_no_fault_with_the_files(recipe: Recipe) -> None:
    wrong = [line for line in recipe.asterisk.said().splitlines() if " ERROR[" in line or " WARNING[" in line]
    assert [line for line in wrong if re.search(r"\b(pjsip|extensions)\.conf", line)] == []
