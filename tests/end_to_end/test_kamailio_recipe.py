"""The recipe for Kamailio as it ships, with other addresses: two guards, Debian's Kamailio, and SIPp all around.

carrier (SIPp) - one of two guards - Kamailio - PBX (SIPp), or who answers calls that fail (SIPp)
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from interconnection import ANSWERED, TRUNKS, Interconnection, tampered
from kamailio import Kamailio, program
from recipe import changed, guard
from shipped import CONFIGS
from sipp import Message, Sipp, free_port

from sip_guard.demo.calls import ALICE, BOB
from sip_guard.demo.guard import Guard
from sip_guard.sip.flow import Address

pytestmark = pytest.mark.end_to_end

GUARDS = ("127.0.0.12", "127.0.0.13")
KAMAILIO = "127.0.0.14"
ANNOUNCEMENT = "127.0.0.15"
STRANGER = "127.0.0.16"
PBX = "127.0.0.1"
FORGED = "X-SIP-Guard: v=1;verdict=passed;reason=passed"
VERIFIED = ["<urn:alert:source:verified@pbx.example>"]


class Recipe:
    """All of it in one folder, until `running` is closed."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder = folder
        self._kamailio_at: Address = (KAMAILIO, free_port(KAMAILIO))
        carrier_at = (TRUNKS["carrier"], free_port(TRUNKS["carrier"]))
        announcement_at = (ANNOUNCEMENT, free_port(ANNOUNCEMENT))
        config = guard(
            "kamailio",
            carrier=carrier_at,
            switch=self._kamailio_at,
            port=5060,
            changes={"every: 10.0, timeout: 2.0": "every: 1.0, timeout: 0.5"},
        )
        self.interconnection = running.enter_context(Interconnection(folder, host=GUARDS[0], config=config))
        second = folder / "second_guard.yaml"
        second.write_text(self.interconnection.config.read_text().replace(GUARDS[0], GUARDS[1]))
        self.guards = [self.interconnection.guard, running.enter_context(Guard(second))]
        self.carrier = running.enter_context(Sipp("pbx", carrier_at, folder, seconds=120))
        self.announcement = running.enter_context(Sipp("pbx", announcement_at, folder, seconds=120))
        places = folder / "dispatcher.list"
        places.write_text(
            changed(
                "kamailio",
                "dispatcher.list",
                {
                    "192.0.2.10:5060": f"{GUARDS[0]}:{self.guards[0].port}",
                    "192.0.2.11:5060": f"{GUARDS[1]}:{self.guards[1].port}",
                    "192.0.2.30:5060": self._uri(self.interconnection.pbx.local),
                    "192.0.2.40:5060": self._uri(announcement_at),
                },
            )
        )
        kamailio = folder / "kamailio.cfg"
        kamailio.write_text(
            changed(
                "kamailio",
                "kamailio.cfg",
                {
                    "192.0.2.20:5060": self._uri(self._kamailio_at),
                    "sip:kamailio@192.0.2.20": f"sip:kamailio@{KAMAILIO}",
                    "/etc/kamailio/dispatcher.list": f"{places}",
                    '"ds_ping_interval", 10': '"ds_ping_interval", 1',
                    '"fr_timer", 2000': '"fr_timer", 500',
                    "log_stderror=no": "log_stderror=yes",
                    # SIPp answers 180 and 200 in one go, and two processes may send them on in either order.
                    "children=4": "children=1",
                },
            )
        )
        self.kamailio = running.enter_context(Kamailio(folder, self._kamailio_at, kamailio))
        assert all(map(comes_up, self.guards))

    @staticmethod
    def _uri(address: Address) -> str:
        return f"{address[0]}:{address[1]}"

    def call_kamailio(self, scenario: str, host: str, *lines: str) -> Sipp:
        """Place a call to Kamailio itself, with further header lines."""
        uri = f"sip:+{ALICE}@{self._uri(self._kamailio_at)}"
        local = (host, free_port(host))
        keys = {
            "uri": uri,
            "caller": f"<sip:+{BOB}@pbx.example>",
            "callee": f"<{uri}>",
            "contact": f"<sip:{self._uri(local)}>",
            "more": "\r\n".join(("User-Agent: SIPp", *lines)),
        }
        options = ["-cid_str", f"{uuid4()}", "-d", "0", "-nr"]
        return Sipp(scenario, local, self._folder, *options, remote=self._kamailio_at, calls=1, keys=keys)

    def goes_out_by(self) -> str:
        """Place a call of the PBX, to its end; give the address of the guard that it reached the carrier by."""
        before = len(self._at_the_carrier())
        with self.call_kamailio("answered", PBX, FORGED) as caller:
            caller.wait()
        (invite,) = self._at_the_carrier()[before:]
        assert not invite.values("X-SIP-Guard")
        return invite.values("Via")[0].removeprefix("SIP/2.0/UDP ").partition(":")[0]

    def _at_the_carrier(self) -> list[Message]:
        return [message for message in self.carrier.messages() if message.start.startswith("INVITE ")]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipe]:
    """Start all of it once."""
    with ExitStack() as running:
        yield Recipe(tmp_path_factory.mktemp("recipe"), running)


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Recipe]:
    """Start it for one test, which may end parts of it."""
    with ExitStack() as running:
        yield Recipe(tmp_path, running)


def test_kamailio_finds_no_fault_with_the_file_as_it_ships() -> None:
    done = subprocess.run(
        [program(), "-c", "-f", CONFIGS / "integrations" / "kamailio" / "kamailio.cfg"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_verified_call_rings_as_such_at_the_pbx_which_sees_what_the_guard_says(recipe: Recipe) -> None:
    call = recipe.interconnection.place(recipe.interconnection.identity()).end()
    assert call.answers == ANSWERED
    assert call.invite.values("Alert-Info") == VERIFIED
    assert ";verdict=passed;" in call.invite.value("X-SIP-Guard")
    assert ";verstat=TN-Validation-Passed@" in call.invite.value("From")


def test_an_unsigned_call_rings_otherwise_whatever_it_says_of_itself(recipe: Recipe) -> None:
    call = recipe.interconnection.place(FORGED).end()
    assert call.answers == ANSWERED
    assert call.invite.values("Alert-Info") == []
    assert ";verdict=absent;" in call.invite.value("X-SIP-Guard")


def test_a_call_that_fails_hears_the_announcement_and_never_rings_at_the_pbx(recipe: Recipe) -> None:
    call = recipe.interconnection.place(tampered(recipe.interconnection.identity(attest="C"))).end()
    assert call.answers == ANSWERED
    (invite,) = call.invites_at(recipe.announcement)
    assert ";verdict=failed;" in invite.value("X-SIP-Guard")
    assert call.at_the_pbx == []


def test_nobody_else_than_a_guard_or_the_pbx_gets_in(recipe: Recipe) -> None:
    with recipe.call_kamailio("refused", STRANGER, FORGED) as caller:
        caller.wait()
        assert [m.start for m in caller.messages() if not m.sent] == ["SIP/2.0 403 Not By This Way"]


def test_calls_out_go_by_the_second_guard_while_the_first_is_away(another: Recipe) -> None:
    assert another.goes_out_by() == GUARDS[0]
    another.guards[0].close()
    assert another.goes_out_by() == GUARDS[1]
    assert f"{GUARDS[0]}:{another.guards[0].port} is down" in another.kamailio.said()
    assert another.goes_out_by() == GUARDS[1]


def test_a_guard_knows_without_a_call_that_kamailio_is_away(another: Recipe) -> None:
    first = another.guards[0]
    another.kamailio.close()
    assert first.wait(lambda _: not is_up(first))


def comes_up(one: Guard) -> bool:
    """Wait until the guard finds Kamailio, if it was started long before it."""
    return one.wait(lambda _: is_up(one)) is not None


def is_up(one: Guard) -> bool:
    """Tell what the guard said last of Kamailio."""
    said = [event["event"] for event in one.events if event.get("target") == "kamailio"]
    return said[-1:] != ["target_down"]
