"""Name servers that say nothing, or that they cannot tell: then it is not known who signed, and nobody is blamed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from dns_server import SILENT, NameServer, Zone
from interconnection import ANSWERED, CONFIG, REPOSITORY, Interconnection
from reactor import Reactor
from twisted.names.error import DNSServerError

pytestmark = pytest.mark.end_to_end

NAMED = "      - {{host: repository.example, port: {repository}, private_address: true, web_ca: web_ca.pem}}\n"
DNS = "dns: {{servers: ['NAME_SERVER'], timeout: 0.5, families: [ipv4]}}\n"


class World:
    """A guard that knows the repository by a name alone, and asks the test's name server where it is."""

    def __init__(self, interconnection: Interconnection, zone: Zone) -> None:
        self.interconnection = interconnection
        self.zone = zone

    def identity(self, page: str) -> str:
        """Give an Identity line whose certificate is at a page of the repository that no other test asks for."""
        there = self.interconnection
        there.repository.add(page, there.signer.bundle)
        return there.identity(certificate=f"https://{REPOSITORY}:{there.repository.port}/{page}")


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, in_reactor: Reactor) -> Iterator[World]:
    with ExitStack() as running:
        zone = Zone("repository.example 1 A 127.0.0.1")
        server = NameServer(zone)
        host, port = in_reactor(server.listen)
        running.callback(in_reactor, server.close)
        config = CONFIG.replace("    laboratories:\n", f"    laboratories:\n{NAMED}")
        config += DNS.replace("NAME_SERVER", f"{host}:{port}")
        folder = tmp_path_factory.mktemp("dns")
        yield World(running.enter_context(Interconnection(folder, config=config)), zone)


def test_what_the_name_leads_to_is_used_while_dns_is_down(world: World) -> None:
    there = world.interconnection
    assert there.place(world.identity("before.pem")).end().decision["rule"] == "attested"
    command = [sys.executable, "-m", "sip_guard", "verify", "--config", str(there.config)]
    token = world.identity("desk.pem").encode()
    desk = subprocess.run(command, input=token, capture_output=True, check=False, timeout=20)
    assert desk.returncode == 0, "the desk asks the same name servers"
    world.zone.outages = {"*": SILENT}
    assert there.place(world.identity("later.pem")).end().decision["rule"] == "attested"


@pytest.mark.parametrize("outage", [SILENT, DNSServerError])
def test_an_outage_of_dns_is_unavailable_and_never_failed(world: World, outage: type[Exception]) -> None:
    there = world.interconnection
    world.zone.outages = {"*": outage}
    call = there.place(world.identity("signer-1.pem")).end()
    assert call.answers == ANSWERED
    assert (call.decision["result"], call.decision["rule"]) == ("unable", "unavailable")
    (finding,) = call.decision["findings"]
    assert finding["code"] == "repository-unavailable"
    assert f"{REPOSITORY} cannot be looked up" in finding["detail"]
    assert "verdict=unable;reason=repository-unavailable;" in call.invite.value("X-SIP-Guard")
    assert b"verstat" not in call.invite.octets
    refused = there.place(world.identity("signer-2.pem"), scenario="refused", trunk="no-outage").end()
    assert refused.answers == ["100 Trying", "436 Bad Identity Info"]
    assert there.repository.fetched == []
    assert there.place(there.identity()).end().decision["rule"] == "attested", "where no name is looked up"
