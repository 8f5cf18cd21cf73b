"""A target that has a name for an address: a real name server is asked where it is, and calls never wait for that."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dns_server import SILENT, NameServer, Zone
from interconnection import ANSWERED, Interconnection, PlacedCall
from reactor import Reactor
from sipp import Sipp, free_port

from sip_guard.demo.guard import Event

pytestmark = pytest.mark.end_to_end

CONFIG = """\
listen:
  - udp: {host}:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
    identity: ignore
    targets: pbx
  - name: other
    sources: [127.0.0.3]
    identity: ignore
    targets: standby
targets:
  - name: pbx
    address: pbx.example.com
    patience: 0.5
    down_after: 1
  - name: standby
    address: standby.example.com:{pbx}
    transport: udp
dns:
  servers: ["NAME_SERVER"]
  timeout: 0.5
  families: [ipv4]
"""
CARRIER = "127.0.0.2"
OTHER = "127.0.0.3"
SERVICE = "_sip._udp.pbx.example.com"


class Named:
    """Three PBXs, of which the name server knows two, and a fourth one as the standby."""

    def __init__(self, folder: Path, in_reactor: Reactor, running: ExitStack) -> None:
        self.pbxs = [
            running.enter_context(Sipp("pbx", (host, free_port(host)), folder, seconds=60))
            for host in ("127.0.0.20", "127.0.0.21", "127.0.0.22")
        ]
        self.zone = Zone("standby.example.com 1 A 127.0.0.1")
        self.lead(0, 1)
        server = NameServer(self.zone)
        host, port = in_reactor(server.listen)
        running.callback(in_reactor, server.close)
        config = CONFIG.replace("NAME_SERVER", f"{host}:{port}")
        self.interconnection = running.enter_context(Interconnection(folder, config=config))
        self.guard = self.interconnection.guard

    def lead(self, *order: int) -> None:
        """Let the name lead to these PBXs, to the first one first."""
        self.zone.records.pop(SERVICE, None)
        for priority, number in enumerate(order):
            host, port = self.pbxs[number].local
            server = f"pbx-{number}.example.com"
            self.zone.records.pop(server, None)
            self.zone.add(f"{SERVICE} 1 SRV {priority} 1 {port} {server}\n{server} 1 A {host}")

    def place(self, trunk: str = CARRIER, *, duration: float = 0) -> PlacedCall:
        return self.interconnection.place(trunk=trunk, duration=duration)

    def way(self, call: PlacedCall) -> list[int]:
        """Give which PBXs a call came to, once it is over and all was well for the caller."""
        call.end()
        assert call.answers == ANSWERED
        return [number for number, pbx in enumerate(self.pbxs) if call.invites_at(pbx)]

    def says(self, event: str, target: str, **more: object) -> Event:
        """Wait for a line of the log about a target."""
        wanted = {"event": event, "target": target, **more}
        said = self.guard.wait(lambda each: wanted.items() <= each.items(), 10.0)
        assert said, f"no {wanted}"
        return said

    def is_asked_in_vain_for(self, question: str) -> None:
        """Wait until the name server was asked and has said nothing."""
        end = time.monotonic() + 10.0
        while len(self.zone.open) == 0 and time.monotonic() < end:
            time.sleep(0.01)
        assert self.zone.asked.count(question) > 1

    def places(self, *numbers: int) -> list[str]:
        """Give addresses of PBXs as the log shows them."""
        return [f"UDP {host}:{port}" for host, port in (self.pbxs[number].local for number in numbers)]


@pytest.fixture
def named(tmp_path: Path, in_reactor: Reactor) -> Iterator[Named]:
    with ExitStack() as running:
        yield Named(tmp_path, in_reactor, running)


def test_calls_go_where_the_name_leads_while_servers_end_records_change_and_dns_is_down(named: Named) -> None:
    named.says("target_located", "pbx", host="pbx.example.com", places=named.places(0, 1))
    named.says("target_located", "standby", host="standby.example.com")
    assert named.way(named.place()) == [0]

    named.pbxs[0].close()
    assert named.way(named.place()) == [1]
    down = named.says("target_down", "pbx", reason="no answer")
    assert [f"{down['transport']} {down['address']}"] == named.places(0)
    assert named.way(named.place()) == [1]

    # What the name led to stays in use by the calls that are there, and for the rest in an outage.
    lasting = named.place(duration=6.0)
    lasting.is_talking(named.pbxs[1])
    named.zone.outages = {"standby.example.com": SILENT}
    named.lead(2)
    named.says("target_located", "pbx", places=named.places(2))
    assert named.way(named.place()) == [2]
    assert lasting.caller.running
    named.is_asked_in_vain_for("standby.example.com A")
    call = named.place(OTHER).end()
    assert call.answers == ANSWERED
    assert call.invite
    assert named.way(lasting) == [1]


def test_check_says_which_targets_dns_leads_to_and_who_is_asked(named: Named) -> None:
    command = [sys.executable, "-m", "sip_guard", "check", str(named.interconnection.config)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    rows = [[cell.strip() for cell in line.strip("│┃ ").replace("┃", "│").split("│")] for line in said.splitlines()]
    assert any(row[:3] == ["pbx", "as DNS says: pbx.example.com", "ours"] for row in rows), said
    assert any(row[0] == "dns.servers" and row[1].startswith("127.0.0.1:") for row in rows), said
    assert ["dns.timeout", "0.5"] in rows
