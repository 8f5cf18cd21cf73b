"""Certificates that are revoked while the guard runs, and an authority whose web server goes down."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from interconnection import ANSWERED, CONFIG, Interconnection
from list_server import ListServer
from signed_lists import list_authority

from sip_guard.demo.guard import Event

pytestmark = pytest.mark.end_to_end

LASTS = 4.0
"""Seconds that each list is good for; it is looked at again each second."""

GROUPS = """\
  trust:
    - name: hard
      anchors: [anchor.pem]
      revocation: {lists: [{url: "URL", anchor: lists.pem}], unavailable: hard, refresh: 1}
    - name: soft
      anchors: [anchor.pem]
      revocation: {lists: [{url: "URL", anchor: lists.pem}], refresh: 1}
"""


class World:
    """A guard that asks for revoked certificates: on the trunk `carrier` hard, on `no-outage` soft."""

    def __init__(self, interconnection: Interconnection, lists: ListServer) -> None:
        self.interconnection = interconnection
        self.lists = lists

    def sees(self, what: Callable[[Event], bool]) -> Event:
        """Wait until the guard has said something of its lists since now, for both groups."""
        since = len(self.interconnection.guard.events)
        seen: set[str] = set()

        def wanted(event: Event) -> bool:
            if event in self.interconnection.guard.events[since:] and what(event):
                seen.add(event["group"])
            return len(seen) == 2

        found = self.interconnection.guard.wait(wanted, 15)
        assert found is not None, self.interconnection.guard.events[since:]
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("revocation")
    authority = list_authority(time.time())
    (folder / "lists.pem").write_bytes(authority.pem)
    with ListServer(authority, LASTS) as lists:
        groups = GROUPS.replace("URL", lists.url).replace("{", "{{").replace("}", "}}")
        config = CONFIG.replace("  anchors: [anchor.pem]\n", groups)
        config = config.replace("sources: [127.0.0.2]", "sources: [127.0.0.2]\n    trust: [hard]")
        config = config.replace("sources: [127.0.0.4]", "sources: [127.0.0.4]\n    trust: [soft]")
        with Interconnection(folder, config=config) as interconnection:
            made = World(interconnection, lists)
            made.sees(lambda event: event["event"] == "revocation_list")
            yield made


def test_a_certificate_that_is_revoked_stops_passing_within_one_refresh(world: World) -> None:
    there = world.interconnection
    assert there.place(there.identity()).end().decision["rule"] == "attested"
    world.lists.revoked = (there.signer,)
    revoked_at = time.monotonic()
    world.sees(lambda event: event["event"] == "revocation_list" and event["entries"] == 1)
    assert time.monotonic() - revoked_at < 1 + 3, "one refresh, and what a busy machine takes"
    for trunk in ("carrier", "no-outage"):
        call = there.place(there.identity(), scenario="refused", trunk=trunk).end()
        assert call.answers == ["100 Trying", "437 Unsupported Credential"]
        assert (call.decision["rule"], call.decision["reason"]) == ("untrusted", "certificate-revoked")
        assert call.invites == []
    world.lists.revoked = ()
    world.sees(lambda event: event["event"] == "revocation_list" and event["entries"] == 0)
    assert there.place(there.identity()).end().decision["rule"] == "attested"


def test_while_the_authority_is_down_hard_cannot_check_and_soft_passes_with_a_note(world: World) -> None:
    there = world.interconnection
    world.lists.down = True
    world.sees(lambda event: event["event"] == "revocation_list_not_renewed" and event["in_force"])
    assert there.place(there.identity()).end().decision["rule"] == "attested", "the last list is still good"
    world.sees(lambda event: event["event"] == "revocation_list_not_renewed" and not event["in_force"])
    hard = there.place(there.identity()).end()
    assert hard.answers == ANSWERED
    assert hard.decision["rule"] == "unavailable"
    assert "verdict=unable;reason=revocation-unavailable;" in hard.invite.value("X-SIP-Guard")
    assert b"verstat" not in hard.invite.octets
    soft = there.place(there.identity(), trunk="no-outage").end()
    assert soft.decision["rule"] == "attested"
    assert "revocation-unchecked" in str(soft.decision["findings"])
    world.lists.down = False
    world.sees(lambda event: event["event"] == "revocation_list")
    assert there.place(there.identity()).end().decision["rule"] == "attested"


def test_the_desk_fetches_the_lists_of_the_configuration(world: World) -> None:
    there = world.interconnection

    def found() -> list[str]:
        command = [sys.executable, "-m", "sip_guard", "verify", "--json", "--config", str(there.config)]
        token = there.identity().encode()
        said = subprocess.run(command, input=token, capture_output=True, check=False, timeout=20).stdout
        return [finding["code"] for finding in json.loads(said)["findings"]]

    assert found() == ["passed"]
    world.lists.revoked = (there.signer,)
    assert found() == ["certificate-revoked"]
    world.lists.revoked = ()
