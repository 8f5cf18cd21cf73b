"""The whole, built from a configuration: what it opens, keeps and lets go."""

import errno
import json
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path

import pytest
from messages import read_request, read_response, request
from pki import pki
from reactor import Reactor, reactor
from signed_lists import list_authority, revocation_list, trust_list
from twisted.internet.defer import Deferred, succeed
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.threads import deferToThread

from sip_guard.admin.password import Hash
from sip_guard.config import Config, load
from sip_guard.demo.pki import DAY, Window, web_root, web_server
from sip_guard.journal.file import FileStore
from sip_guard.journal.options import FILE as RECORD
from sip_guard.journal.store import Found, Wanted
from sip_guard.lists.compile import Job, Report, run
from sip_guard.lists.keeper import FOLDER as KEPT_LISTS
from sip_guard.log import logger
from sip_guard.repository import document
from sip_guard.repository.answer import NO_VALIDATORS
from sip_guard.repository.disk import FOLDER as CERTIFICATES
from sip_guard.secret import FILE, OCTETS
from sip_guard.service import Refused, Service, steady
from sip_guard.service import service as services
from sip_guard.sip.rewrite import answer
from sip_guard.stir.sign import sign

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: ["127.0.0.1:{carrier}"]
targets:
  - name: pbx
    address: 127.0.0.1:{pbx}
verification:
  anchors: [root.pem]
"""


PASSWORD = Hash.of(b"correct horse battery", bytes(16))


def loopback() -> socket.socket:
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", 0))
    link.settimeout(5)
    return link


class House:
    """A carrier, a PBX, and services between them that are stopped at the end."""

    def __init__(self, in_reactor: Reactor, folder: Path) -> None:
        self.folder = folder
        self.carrier, self.pbx = loopback(), loopback()
        self.log = BytesIO()
        self._in_reactor = in_reactor
        self._services: list[Service] = []
        (folder / "root.pem").write_bytes(pki().root.pem)

    def config(self, more: str = "", change: Callable[[str], str] = str) -> Config:
        text = CONFIG.format(carrier=self.carrier.getsockname()[1], pbx=self.pbx.getsockname()[1])
        (self.folder / "guard.yaml").write_text(change(text) + more)
        return load(self.folder / "guard.yaml")

    def starts(self, config: Config) -> Service:
        def start() -> Service:
            return Service(config, reactor, logger(self.log), again=partial(load, self.folder / "guard.yaml"))

        self._services.append(self._in_reactor(start))
        return self._services[-1]

    def stops(self, service: Service) -> None:
        self._in_reactor(service.stop)

    def does(self, what: Callable[[], None]) -> None:
        """Do something in the reactor."""
        self._in_reactor(what)

    def reloads(self, service: Service) -> int | list[str]:
        """Have the configuration read again: give the new generation, or what is wrong."""
        try:
            return self._in_reactor(service.reload)
        except Refused as refused:
            return refused.lines

    def events(self, name: str) -> list[dict[str, object]]:
        """Give the lines of one kind in the log, once what is being done in the reactor is done."""
        lines = [json.loads(line) for line in self._in_reactor(self.log.getvalue).splitlines()]
        return [line for line in lines if line["event"] == name]

    def port(self) -> int:
        """Give the UDP port that the last service listens on."""
        port = [line for line in self.events("listening") if line["transport"] == "UDP"][-1]["port"]
        assert isinstance(port, int)
        return port

    def waits_until(self, done: Callable[[], bool]) -> None:
        """Wait for what is done beside the reactor, each time for all of it that is under way."""
        for _ in range(100):
            if done():
                return
            self._in_reactor(lambda: deferToThread(bool))
        raise AssertionError("it was not done")

    def close(self) -> None:
        for service in self._services:
            self.stops(service)
        self.carrier.close()
        self.pbx.close()


@pytest.fixture
def house(in_reactor: Reactor, tmp_path: Path) -> Iterator[House]:
    opened = House(in_reactor, tmp_path)
    yield opened
    opened.close()


def place(house: House, *more: str, callee: str = "+12155551213") -> None:
    """Place a call."""
    via = f"SIP/2.0/UDP 127.0.0.1:{house.carrier.getsockname()[1]};branch=z9hG4bK{callee}"
    house.carrier.sendto(request("INVITE", f"sip:{callee}@x", *more, via=via), ("127.0.0.1", house.port()))


def calls(house: House, *more: str, callee: str = "+12155551213") -> bytes:
    """Place a call and give the INVITE as the PBX gets it."""
    place(house, *more, callee=callee)
    return house.pbx.recv(65_535)


def test_a_call_goes_through_it(house: House) -> None:
    house.starts(house.config())
    arrived = calls(house)
    assert arrived.startswith(b"INVITE sip:+12155551213@x SIP/2.0\r\n")
    assert b"X-SIP-Guard: v=1;verdict=absent;reason=no-identity;rule=unsigned;" in arrived
    assert house.carrier.recv(65_535).startswith(b"SIP/2.0 100 Trying")
    (line,) = house.events("decision")
    assert (line["rule"], line["trunk"], line["generation"]) == ("unsigned", "carrier", 1)


def test_lists_on_this_machine_are_there_before_the_first_call(house: House) -> None:
    now, root = time.time(), pki().root
    authority = list_authority(now)
    (house.folder / "lists.pem").write_bytes(authority.pem)
    (house.folder / "list.jwt").write_bytes(trust_list(authority, root, when=now))
    (house.folder / "crl").write_bytes(revocation_list(authority, [root], when=now))
    groups = """\
  trust:
    - name: us
      trust_list: {file: list.jwt, certificate: lists.pem}
      revocation: {lists: [{file: crl, anchor: lists.pem}]}
"""
    config = house.config(change=lambda text: text.replace("  anchors: [root.pem]\n", groups))
    service = house.starts(config)
    (listed,), (revoked,) = house.events("trust_list"), house.events("revocation_list")
    assert (listed["group"], listed["anchors"], listed["sequence"]) == ("us", 1, 7)
    assert (revoked["group"], revoked["entries"], revoked["source"]) == ("us", 1, str(house.folder / "crl"))
    assert house.events("listening")
    house.stops(service)
    assert house.events("mistake") == []


def test_numbers_are_looked_at_where_the_section_is_there(house: House) -> None:
    (house.folder / "blocks.csv").write_text("number,holder\n+12154,Example\n")
    lists = "[{file: blocks.csv, layout: international, columns: {covers: 4}}]"
    abroad = "    origin: international_gateway\n    sources"
    more = f"numbers: {{home: US, allocations: {lists}}}\n"
    house.starts(house.config(more, lambda text: text.replace("    sources", abroad, 1)))
    arrived = calls(house, "P-Asserted-Identity: <tel:+12158561212>")
    assert b";reason=no-identity;rule=unsigned;mode=enforce;attest=-;shadow=number" in arrived
    (line,) = house.events("decision")
    assert isinstance(line["findings"], list)
    assert [(item["code"], item.get("field")) for item in line["findings"]] == [
        ("number-never-originates", "from"),
        ("number-unallocated", "asserted"),
        ("foreign-origin", "from"),
        ("foreign-origin", "asserted"),
        ("numbers-differ", None),
        ("no-identity", None),
    ]
    assert line["shadow"] == [{"rule": "number", "action": "reject 403", "mode": "shadow"}]


def test_calls_are_counted_where_the_section_is_there(house: House) -> None:
    house.starts(house.config("campaign: {callees: 2}\n"))
    for callee in ("+12155551213", "+12155551214"):
        place(house, callee=callee)
        house.pbx.recv(65_535)
    assert [line["reason"] for line in house.events("decision")] == ["no-identity", "campaign-fanout"]


def test_names_of_brands_are_looked_at_where_there_are_any(house: House) -> None:
    house.starts(house.config("brands: [{name: Example Bank}]\n"))
    calls(house, 'P-Asserted-Identity: "Examp1e Bank" <tel:+12158561212>')
    (line,) = house.events("decision")
    assert isinstance(line["findings"], list)
    assert [(item["code"], item.get("brand")) for item in line["findings"]] == [
        ("brand-name", "Example Bank"),
        ("no-identity", None),
    ]


def test_it_says_where_it_listens(house: House) -> None:
    house.starts(house.config())
    (line,) = house.events("listening")
    assert (line["transport"], line["address"]) == ("UDP", "127.0.0.1")
    assert house.port() > 0


def test_nobody_else_can_set_the_guards_header_under_any_name(house: House) -> None:
    house.starts(house.config("tags: {header: X-Verdict, attestation_headers: [X-Level]}\n"))
    forged = ["X-SIP-Guard: v=1;verdict=passed", "X-Verdict: passed", "x-level: A", "P-Attestation-Indicator: A"]
    arrived = calls(house, *forged)
    assert b"passed" not in arrived
    assert b"X-Verdict: v=1;verdict=absent" in arrived
    assert b"evel:" not in arrived
    assert b"Indicator" not in arrived


def test_a_guard_that_verifies_nothing_needs_no_anchors(house: House) -> None:
    house.starts(house.config(change=lambda text: text.replace("    sources", "    identity: ignore\n    sources", 1)))
    assert b"X-SIP-Guard" not in calls(house, "Identity: x")
    assert house.events("decision")[0]["rule"] == "default"


def test_a_stopped_service_gives_its_address_back(house: House) -> None:
    service = house.starts(house.config())
    port = house.port()
    house.stops(service)
    house.stops(service)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", port))


def page(house: House, path: str) -> tuple[int, str]:
    """Get a page of the admin listener that was opened last."""
    url = str(house.events("admin")[-1]["url"])
    client = HTTPConnection(url.removeprefix("http://").strip("/"), timeout=5)
    client.request("GET", path)
    answer = client.getresponse()
    found = answer.status, answer.read().decode()
    client.close()
    return found


def test_the_admin_listener_shows_what_happened(house: House) -> None:
    service = house.starts(house.config("admin: {listen: '127.0.0.1:0'}\n"))
    calls(house)
    status, metrics = page(house, "/metrics")
    assert status == 200
    assert 'sip_guard_invites_total{trunk="carrier"} 1.0\n' in metrics
    decided = 'sip_guard_decisions_total{action="tag",mode="enforce",rule="unsigned",trunk="carrier"} 1.0\n'
    assert decided in metrics
    assert "sip_guard_cert_cache_entries 0.0\n" in metrics
    assert page(house, "/healthz") == (200, "alive\n")
    assert page(house, "/readyz") == (200, '{"ready":true,"generation":1,"draining":false,"reasons":[]}\n')
    house.stops(service)
    with pytest.raises(ConnectionRefusedError):
        page(house, "/healthz")
    assert house.events("mistake") == []


def test_a_reload_opens_changes_and_closes_the_admin_listener(house: House) -> None:
    admin = "admin: {listen: '127.0.0.1:0'}\n"
    service = house.starts(house.config())
    house.config(admin)
    assert house.reloads(service) == 2
    assert '"generation":2' in page(house, "/readyz")[1]
    house.config(admin.replace("}", f", password: {PASSWORD}}}"))
    assert house.reloads(service) == 3
    assert page(house, "/readyz")[0] == 401
    house.config(admin)
    assert house.reloads(service) == 4
    assert "sip_guard_config_generation 4.0\n" in page(house, "/metrics")[1]
    house.config()
    assert house.reloads(service) == 5
    with pytest.raises(ConnectionRefusedError):
        page(house, "/readyz")
    assert len(house.events("admin")) == 1


def test_an_admin_address_in_use_refuses_the_reload_and_what_was_opened_is_closed(house: House) -> None:
    service = house.starts(house.config("admin: {listen: '127.0.0.1:0'}\n"))
    with socket.create_server(("127.0.0.1", 0)) as taken, loopback() as free:
        port = free.getsockname()[1]
        free.close()
        new = f"  - udp: 127.0.0.1:{port}\ntrunks:"
        more = f"admin: {{listen: '127.0.0.1:{taken.getsockname()[1]}'}}\n"
        house.config(more, lambda text: text.replace("trunks:", new, 1))
        (said,) = refusal(house, service)
        assert said.endswith("for `admin`: Address already in use; is another guard running?")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind(("127.0.0.1", port))
    assert '"generation":1' in page(house, "/readyz")[1]
    assert "sip_guard_config_last_reload_successful 0.0\n" in page(house, "/metrics")[1]
    house.config("admin: {listen: '127.0.0.1:0'}\n")
    house.reloads(service)
    assert "sip_guard_config_last_reload_successful 1.0\n" in page(house, "/metrics")[1]


def test_an_admin_address_in_use_is_named_and_the_others_are_given_back(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = house.config(f"admin: {{listen: '127.0.0.1:{port}'}}\n")
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port} for `admin`: Address already in use; is"):
            house.starts(config)


def test_an_address_in_use_is_named_and_the_others_are_given_back(house: House) -> None:
    free = loopback()
    port = free.getsockname()[1]
    free.close()
    taken = house.pbx.getsockname()[1]
    listen = f"listen:\n  - udp: 127.0.0.1:{port}\n  - udp: 127.0.0.1:{taken}\n"
    elsewhere = "address: 127.0.0.1:5099"

    def change(text: str) -> str:
        return listen + text.partition("127.0.0.1:0\n")[2].replace(f"address: 127.0.0.1:{taken}", elsewhere)

    config = house.config(change=change)
    with pytest.raises(OSError, match=f"cannot listen on UDP 127.0.0.1:{taken}: Address already in use"):
        house.starts(config)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", port))


# Targets that have a name for an address.


def by_name(house: House, host: str) -> Callable[[str], str]:
    """Give what writes a host name in the place of the PBX's address."""
    port = house.pbx.getsockname()[1]
    return lambda text: text.replace(f"address: 127.0.0.1:{port}", f"address: {host}:{port}\n    transport: udp")


def test_a_target_is_located_by_its_name_and_the_log_says_where_it_is(house: House) -> None:
    house.starts(house.config("dns: {families: [ipv4]}\n", by_name(house, "localhost")))
    assert calls(house).startswith(b"INVITE ")
    (line,) = house.events("target_located")
    port = house.pbx.getsockname()[1]
    assert (line["target"], line["host"], line["places"]) == ("pbx", "localhost", [f"UDP 127.0.0.1:{port}"])


def test_a_call_for_a_target_that_is_not_located_yet_gets_503_at_once(house: House) -> None:
    with loopback() as silent:
        servers = f'dns: {{servers: ["127.0.0.1:{silent.getsockname()[1]}"], families: [ipv4]}}\n'
        house.starts(house.config(servers, by_name(house, "pbx.example")))
        place(house)
        assert house.carrier.recv(65_535).startswith(b"SIP/2.0 100 ")
        assert house.carrier.recv(65_535).startswith(b"SIP/2.0 503 ")
        assert b"pbx\x07example" in silent.recv(65_535)


def test_a_stopped_service_asks_nobody_any_more_and_leaves_no_timer(house: House, in_reactor: Reactor) -> None:
    def timers() -> set[object]:
        return {timer for timer in reactor.getDelayedCalls() if timer.func.__module__.startswith("sip_guard.")}

    def probed(text: str) -> str:
        return by_name(house, "localhost")(text).replace(
            "transport: udp", "transport: udp\n    probe: {every: 1, timeout: 0.5}"
        )

    before = in_reactor(timers)
    service = house.starts(house.config("dns: {families: [ipv4]}\n", probed))
    assert house.pbx.recv(65_535).startswith(b"OPTIONS sip:localhost:")
    assert in_reactor(timers) - before
    house.stops(service)
    assert not in_reactor(timers) - before


def refusal(house: House, service: Service) -> list[str]:
    """Give why the configuration is not taken, which the log tells too."""
    told = house.reloads(service)
    assert isinstance(told, list)
    assert [line["reason"] for line in house.events("not_reloaded")][-len(told) :] == told
    return told


# What is mirrored.


def test_calls_are_mirrored_to_the_collector_and_after_a_reload_to_the_next_one(house: House) -> None:
    with loopback() as first, loopback() as second:
        first.settimeout(10)
        second.settimeout(10)

        def hep(collector: socket.socket) -> str:
            return f"hep: {{address: '127.0.0.1:{collector.getsockname()[1]}'}}\n"

        service = house.starts(house.config(hep(first)))
        invite = calls(house)
        got = [first.recv(65_535) for _ in range(4)]
        assert all(octets.startswith(b"HEP3") for octets in got)
        assert [b"\r\n\r\n" in octets for octets in got].count(False) == 1
        assert any(octets.endswith(invite) for octets in got)
        assert any(b'"rule":"unsigned"' in octets for octets in got)
        house.config(hep(second))
        assert house.reloads(service) == 2
        place(house, callee="+12155551299")
        assert b"+12155551299" in second.recv(65_535)
        house.config()
        assert house.reloads(service) == 3
        assert b"+12155551298" in calls_to(house, "+12155551298")
        house.stops(service)
    assert house.events("hep_unreachable") == []


def calls_to(house: House, callee: str) -> bytes:
    """Place a call to somebody, and give the INVITE as the PBX gets it."""
    house.pbx.recv(65_535)
    place(house, callee=callee)
    return house.pbx.recv(65_535)


# Our certificate.


TODAY = float(int(time.time()))


def write(house: House, days: float, *, since: float = 0.0, key: bool = True) -> None:
    """Write a certificate that is good for so many days from now or `since` some other day, and its key."""
    window = Window.around(TODAY + since * DAY, days)
    issued = web_server(web_root(window), window)
    (house.folder / "guard.pem").write_bytes(issued.bundle)
    if key:
        (house.folder / "guard.key").write_bytes(issued.key_pem)


def with_tls(house: House) -> Config:
    def change(text: str) -> str:
        return text.replace("trunks:", "  - tls: 127.0.0.1:0\ntrunks:", 1)

    return house.config("tls: {certificate: guard.pem, key: guard.key}\n", change)


def until(days: float) -> str:
    return datetime.fromtimestamp(TODAY + days * DAY, UTC).isoformat()


def test_the_log_says_until_when_our_certificate_is_valid_and_again_when_it_is_renewed(house: House) -> None:
    write(house, 30)
    service = house.starts(with_tls(house))
    assert house.reloads(service) == 2
    write(house, 60)
    assert house.reloads(service) == 3
    assert [line["not_after"] for line in house.events("certificate")] == [until(30), until(60)]


def test_a_certificate_without_its_key_is_not_taken_and_all_stays_as_it_is(house: House) -> None:
    write(house, 30)
    service = house.starts(with_tls(house))
    write(house, 60, key=False)
    where = f"{house.folder / 'guard.yaml'}:12: tls: {house.folder / 'guard.key'}"
    (said,) = refusal(house, service)
    assert said.startswith(f"{where}: not the key of the first certificate in ")
    assert len(house.events("certificate")) == 1
    assert calls(house).startswith(b"INVITE ")


def test_a_certificate_that_has_expired_is_not_taken_and_at_the_start_the_log_cries_out(house: House) -> None:
    write(house, 1, since=-10)
    service = house.starts(with_tls(house))
    (line,) = house.events("certificate")
    assert (line["level"], line["expired"]) == ("error", True)
    write(house, 30)
    assert house.reloads(service) == 2
    write(house, 1, since=-10)
    (said,) = refusal(house, service)
    assert f": tls.certificate: {house.folder / 'guard.pem'}: expired at " in said


# What outlives a restart.


def secret(house: House) -> Path:
    (house.folder / "state").mkdir(exist_ok=True)
    return house.folder / "state" / FILE


def test_the_secret_is_made_for_the_guard_alone_and_kept(house: House) -> None:
    path = secret(house)
    config = house.config("state_directory: state\n")
    house.stops(house.starts(config))
    made = path.read_bytes()
    assert len(made) == OCTETS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    house.stops(house.starts(config))
    assert path.read_bytes() == made
    assert {each.name for each in path.parent.iterdir()} <= {FILE, CERTIFICATES, RECORD}
    assert house.events("no_state_directory") == []


def kept_in(path: Path) -> list[Found]:
    with closing(FileStore.to_read(path)) as store:
        return list(store.search(Wanted()))


def test_what_was_decided_is_in_the_record_when_the_guard_has_stopped(house: House) -> None:
    path = secret(house)
    for _ in range(2):
        service = house.starts(house.config("state_directory: state\n"))
        calls(house, "X-Any: 1")
        house.stops(service)
    kept = [found.fields for found in kept_in(path.parent / RECORD)]
    logged = house.events("decision")
    assert len(logged) == 2
    assert [
        {"ts": each["ts"], "event": "decision", "level": "info", **fields}
        for each, fields in zip(logged, kept[::-1], strict=True)
    ] == logged


def test_a_record_that_cannot_be_written_stops_neither_the_start_nor_a_call(house: House) -> None:
    path = secret(house).parent / RECORD
    path.write_bytes(b"no database" * 1000)
    service = house.starts(house.config("state_directory: state\n"))
    calls(house, "X-Any: 1")
    house.stops(service)
    assert len(house.events("decision")) == 1
    (told,) = house.events("record_damaged")
    assert Path(str(told["moved_to"])).read_bytes() == b"no database" * 1000
    assert [found.fields["call_id"] for found in kept_in(path)] == [house.events("decision")[0]["call_id"]]


def test_without_a_state_directory_nothing_is_recorded(house: House) -> None:
    assert house.config().record is None


def certificate_file(house: House, url: str, octets: bytes) -> Path:
    folder = secret(house).parent / CERTIFICATES
    folder.mkdir(exist_ok=True)
    (folder / document.file_name(url)).write_bytes(octets)
    return folder / document.file_name(url)


def test_a_certificate_of_the_last_run_verifies_calls_while_its_repository_is_gone(house: House) -> None:
    now, url = time.time(), "https://certs.gone.example/a.pem"
    here = pki(now)
    (house.folder / "root.pem").write_bytes(here.root.pem)
    kept = document.Document(url, NO_VALIDATORS, int(now + DAY), here.signer.bundle)
    certificate_file(house, url, document.write(kept))
    house.starts(house.config("state_directory: state\n"))
    house.waits_until(lambda: bool(house.events("certificates_loaded")))
    (loaded,) = house.events("certificates_loaded")
    assert loaded["count"] == 1
    identity = sign(
        attest="A",
        dest_tn=["12155551213"],
        iat=int(now),
        orig_tn="12155551212",
        origid="123e4567-e89b-12d3-a456-426655440000",
        key=here.signer.signing_key,
        x5u=url,
    )
    assert b"X-SIP-Guard: v=1;verdict=passed;" in calls(house, f"Identity: {identity.decode()}")


def test_what_is_no_certificate_or_not_under_repositories_is_cleared_from_the_state_directory(house: House) -> None:
    url = "https://certs.elsewhere.example/a.pem"
    damaged = certificate_file(house, "https://certs.gone.example/b.pem", b"damaged")
    kept = document.Document(url, NO_VALIDATORS, int(time.time() + DAY), pki().signer.bundle)
    elsewhere = certificate_file(house, url, document.write(kept))

    def listed(text: str) -> str:
        return text + "  repository:\n    repositories: [certs.gone.example]\n"

    house.starts(house.config("state_directory: state\n", listed))
    house.waits_until(lambda: not damaged.exists() and not elsewhere.exists())


@pytest.mark.parametrize("broken", [b"", b"short", b"x" * (OCTETS + 1)])
def test_a_broken_secret_is_replaced(house: House, broken: bytes) -> None:
    path = secret(house)
    path.write_bytes(broken)
    path.chmod(0o644)
    house.starts(house.config("state_directory: state\n"))
    assert len(path.read_bytes()) == OCTETS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_that_cannot_be_kept_is_an_error_that_names_it(house: House) -> None:
    path = secret(house)
    path.mkdir()
    with pytest.raises(OSError, match="dialog_secret cannot be kept: Is a directory; see `state_directory`"):
        house.starts(house.config("state_directory: state\n"))


def test_without_a_state_directory_the_secret_is_new_each_time(house: House) -> None:
    house.stops(house.starts(house.config()))
    house.starts(house.config())
    assert len(house.events("no_state_directory")) == 2
    assert [each.name for each in house.folder.iterdir() if each.name not in ("root.pem", "guard.yaml")] == []


def test_a_call_in_progress_outlives_a_restart(house: House) -> None:
    secret(house)
    house.stops(house.starts(house.config("state_directory: state\n")))
    port = house.port()

    def fixed(text: str) -> str:
        return text.replace("127.0.0.1:0", f"127.0.0.1:{port}")

    config = house.config("state_directory: state\n", fixed)
    first = house.starts(config)
    invite = read_request(calls(house))
    record_route = [invite.lines[place] for place in invite.places(b"record-route")]
    house.pbx.sendto(answer(invite, 200, tag=b"314159", extra=tuple(record_route)), ("127.0.0.1", port))
    house.carrier.recv(65_535)
    accepted = read_response(house.carrier.recv(65_535))
    house.stops(first)
    house.starts(config)
    bye = request(
        "BYE",
        f"sip:bob@127.0.0.1:{house.pbx.getsockname()[1]}",
        *(f"Route: {value.decode()}" for value in accepted.values(b"record-route")),
        via=f"SIP/2.0/UDP 127.0.0.1:{house.carrier.getsockname()[1]};branch=z9hG4bK2",
        to=accepted.value(b"to").decode(),
    )
    house.carrier.sendto(bye, ("127.0.0.1", port))
    assert house.pbx.recv(65_535).startswith(b"BYE sip:bob@127.0.0.1:")


def test_a_clock_that_is_set_back_delays_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    own = EPollReactor()  # type: ignore[no-untyped-call]
    try:
        steady(own)
        own.callLater(5.0, list)
        monkeypatch.setattr("time.time", lambda: 0.0)
        timeout = own.timeout()
        assert timeout is not None
        assert timeout <= 5.0
    finally:
        own.removeAll()  # type: ignore[no-untyped-call]
        for reader in own._internalReaders:
            reader.connectionLost(None)
        own._poller.close()


# Lists of protected numbers.


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile lists at once, in this process."""

    def compile_list(job: Job, reactor: object) -> Deferred[Report]:
        return succeed(run(job))

    monkeypatch.setattr(services, "compile_list", compile_list)


LISTS = "lists: [{name: dno, file: dno.csv, source: Ofcom}]\n"


@pytest.mark.usefixtures("compiling")
def test_a_protected_number_is_refused(house: House) -> None:
    (house.folder / "dno.csv").write_text("number\n+12155551212\n")
    house.starts(house.config(LISTS))
    (loaded,) = house.events("list_loaded")
    assert (loaded["list"], loaded["numbers"], loaded["prefixes"]) == ("dno", 1, 0)
    place(house)
    answers = [house.carrier.recv(65_535).split(b"\r\n")[0] for _ in range(2)]
    assert answers == [b"SIP/2.0 100 Trying", b"SIP/2.0 403 Forbidden"]
    (line,) = house.events("decision")
    assert (line["rule"], line["reason"]) == ("protected", "number-protected")


@pytest.mark.usefixtures("compiling")
def test_a_reload_takes_a_new_list_and_refuses_a_broken_one(house: House) -> None:
    path = house.folder / "dno.csv"
    path.write_text("number\n+442079460000\n")
    service = house.starts(house.config(LISTS))
    path.write_text("number\n+12155551212\n+442079460000\n")
    house.reloads(service)
    assert [line["numbers"] for line in house.events("list_loaded")] == [1, 2]
    path.write_text("number\nx\n")
    (said,) = refusal(house, service)
    assert said.startswith(f"{path}:2: `x` is no telephone number")
    place(house)
    assert [house.carrier.recv(65_535)[:11] for _ in range(2)] == [b"SIP/2.0 100", b"SIP/2.0 403"]


@pytest.mark.usefixtures("compiling")
def test_a_list_is_in_force_again_after_a_restart(house: House) -> None:
    (house.folder / "dno.csv").write_text("number\n+12155551212\n")
    more = LISTS + "state_directory: .\n"
    house.stops(house.starts(house.config(more)))
    kept = house.folder / KEPT_LISTS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    house.starts(house.config(more))
    assert [line["list"] for line in house.events("list_kept")] == ["dno"]
    assert len(house.events("list_loaded")) == 1


# Another configuration while it is at work.


def changes(house: House, change: Callable[[str], str], more: str = "") -> None:
    """Write another configuration, for the next reload."""
    path = house.folder / "guard.yaml"
    path.write_text(change(path.read_text()) + more)


def test_new_rules_decide_the_next_call_whose_record_has_the_new_generation(house: House) -> None:
    service = house.starts(house.config())
    calls(house)
    changes(house, str, "policy: {rules: [{id: own, when: {trunk: carrier}, then: tag}]}\n")
    assert house.reloads(service) == service.generation == 2
    place(house, callee="+12155551299")
    house.pbx.recv(65_535)
    assert [(line["rule"], line["generation"]) for line in house.events("decision")] == [("unsigned", 1), ("own", 2)]
    assert [line["generation"] for line in house.events("reloaded")] == [2]


def test_new_trunks_and_targets_are_those_of_the_next_call(house: House) -> None:
    service = house.starts(house.config())
    with loopback() as pbx, loopback() as customer:
        moved = f"127.0.0.1:{pbx.getsockname()[1]}"
        trunk = f'  - name: customer\n    sources: ["127.0.0.1:{customer.getsockname()[1]}"]\ntargets:'
        old = f"127.0.0.1:{house.pbx.getsockname()[1]}"
        changes(house, lambda text: text.replace(old, moved).replace("targets:", trunk, 1))
        assert house.reloads(service) == 2
        via = f"SIP/2.0/UDP 127.0.0.1:{customer.getsockname()[1]};branch=z9hG4bK1"
        customer.sendto(request("INVITE", "sip:+12155551213@x", via=via), ("127.0.0.1", house.port()))
        assert pbx.recv(65_535).startswith(b"INVITE ")
    assert [line["trunk"] for line in house.events("decision")] == ["customer"]


def test_new_anchors_are_believed_and_what_was_judged_is_judged_anew(house: House) -> None:
    service = house.starts(house.config())
    before = service._trusting.trusts
    assert house.reloads(service) == 2
    assert service._trusting.trusts is before
    (house.folder / "root.pem").write_bytes(pki().root.pem + pki().intermediate.pem)
    assert house.reloads(service) == 3
    assert service._trusting.trusts.generation > before.generation
    anchors = service._trusting.trusts.groups["default"].anchors
    assert anchors is not None
    assert len(anchors.certificates) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text + "listen: [", ": this is not YAML: "),
        (lambda text: text.replace("sources", "source"), "guard.yaml:5: trunks[0].source: there is no option `source`"),
        (lambda text: text.replace("root.pem", "none.pem"), "none.pem cannot be read: No such file or directory"),
        (
            lambda text: text + "state_directory: .\n",
            "guard.yaml:11: state_directory: cannot change while the guard runs",
        ),
        (lambda text: text + "log: {file: x.log}\n", "guard.yaml:11: log.file: cannot change while the guard runs"),
    ],
    ids=["broken", "misspelt", "missing file", "state", "log"],
)
def test_a_configuration_that_is_not_good_changes_nothing(
    house: House, change: Callable[[str], str], said: str
) -> None:
    service = house.starts(house.config())
    changes(house, change)
    assert said in refusal(house, service)[0]
    calls(house)
    assert [line["generation"] for line in house.events("decision")] == [1]


def test_an_address_in_use_changes_nothing_and_what_was_opened_beside_it_is_closed(house: House) -> None:
    service = house.starts(house.config())
    with loopback() as taken, loopback() as released:
        free = f"127.0.0.1:{released.getsockname()[1]}"
        released.close()
        used = f"127.0.0.1:{taken.getsockname()[1]}"
        changes(house, lambda text: text.replace("trunks:", f"  - udp: {free}\n  - udp: {used}\ntrunks:", 1))
        (said,) = refusal(house, service)
        assert said == f"cannot listen on UDP {used}: Address already in use; is another guard running?"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", int(free.rpartition(":")[2])))
    calls(house)


def test_name_servers_of_the_system_that_cannot_be_read_refuse_the_reload(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = house.starts(house.config())

    def unreadable() -> list[bytes]:
        raise PermissionError(errno.EACCES, "Permission denied", "/etc/resolv.conf")

    monkeypatch.setattr("sip_guard.service.service.system_servers", unreadable)
    changes(house, str, "dns: {timeout: 3}\n")
    assert refusal(house, service) == ["/etc/resolv.conf: Permission denied"]
    calls(house)
    changes(house, lambda text: text.replace("dns: {timeout: 3}\n", ""))
    assert house.reloads(service) == 2, "who asks them nothing new does not need them"


def test_a_guard_that_is_stopped_while_it_reads_opens_nothing_any_more(house: House, in_reactor: Reactor) -> None:
    service = house.starts(house.config())
    with loopback() as released:
        second = f"127.0.0.1:{released.getsockname()[1]}"
    changes(house, lambda text: text.replace("trunks:", f"  - udp: {second}\ntrunks:", 1))

    def stopped_meanwhile() -> Deferred[int]:
        told = service.reload()
        service.stop()
        return told

    with pytest.raises(Refused, match="stopped meanwhile"):
        in_reactor(stopped_meanwhile)
    assert len(house.events("listening")) == 1


def test_an_address_that_is_removed_takes_no_new_calls_and_is_closed_in_time(house: House) -> None:
    with loopback() as released:
        second = f"127.0.0.1:{released.getsockname()[1]}"
    more = "drain: {seconds: 0}\n"
    service = house.starts(house.config(more, lambda text: text.replace("trunks:", f"  - udp: {second}\ntrunks:", 1)))
    port = int(second.rpartition(":")[2])
    assert house.port() == port
    changes(house, lambda text: text.replace(f"  - udp: {second}\n", ""))
    assert house.reloads(service) == 2
    place(house)
    answer = house.carrier.recv(65_535)
    assert answer.startswith(b"SIP/2.0 503 Going Away\r\n")
    house.does(service._look)
    assert [(line["address"], line["port"]) for line in house.events("not_listening")] == [("127.0.0.1", port)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", port))


def test_a_name_that_moves_to_another_address_is_that_of_the_new_one(house: House) -> None:
    with loopback() as first, loopback() as second:
        ports = [link.getsockname()[1] for link in (first, second)]
    before, after = (f"  - udp: 127.0.0.1:{port}\n    advertise: 127.0.0.9:5060\n" for port in ports)
    more = "drain: {seconds: 0}\n"
    service = house.starts(house.config(more, lambda text: text.replace("  - udp: 127.0.0.1:0\n", before)))
    changes(house, lambda text: text.replace(before, after))
    assert house.reloads(service) == 2
    place(house)
    assert house.pbx.recvfrom(65_535)[1] == ("127.0.0.1", ports[1])
    house.does(service._look)
    assert [line["port"] for line in house.events("not_listening")] == [ports[0]]
    calls(house, callee="+12155551299")
    assert house.carrier.recvfrom(65_535)[1] == ("127.0.0.1", ports[1])
    assert house.events("mistake") == []


def test_connections_of_an_address_that_is_closed_are_closed_once_nothing_goes_by_them(house: House) -> None:
    with closing(socket.socket()) as released:
        released.bind(("127.0.0.1", 0))
        port = released.getsockname()[1]
    more = f"  - tcp: 127.0.0.1:{port}\ntrunks:\n  - {{name: customer, sources: [127.0.0.1]}}"
    service = house.starts(house.config("drain: {seconds: 0}\n", lambda text: text.replace("trunks:", more, 1)))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        asks = request("OPTIONS", f"sip:127.0.0.1:{port}", via="SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK{}")
        link.sendall(asks)
        assert link.recv(65_535).startswith(b"SIP/2.0 200 ")
        changes(house, lambda text: text.replace(f"  - tcp: 127.0.0.1:{port}\n", ""))
        assert house.reloads(service) == 2
        house.does(service._look)
        assert [line["port"] for line in house.events("not_listening")] == [port]
        assert link.recv(65_535) == b""


def test_an_address_that_comes_back_before_it_was_closed_takes_calls_again(house: House) -> None:
    with loopback() as released:
        second = f"  - udp: 127.0.0.1:{released.getsockname()[1]}\n"
    service = house.starts(house.config(change=lambda text: text.replace("trunks:", f"{second}trunks:", 1)))
    changes(house, lambda text: text.replace(second, ""))
    assert house.reloads(service) == 2
    changes(house, lambda text: text.replace("trunks:", f"{second}trunks:", 1))
    assert house.reloads(service) == 3
    assert calls(house).startswith(b"INVITE ")
    assert len(house.events("listening")) == 2


def test_what_tokens_were_seen_outlives_a_configuration(house: House) -> None:
    service = house.starts(house.config())
    (replay,) = service._checks.history
    place(house, f"Identity: {token()}")
    assert house.carrier.recv(65_535).startswith(b"SIP/2.0 ")
    changes(house, str, "campaign: {}\n")
    assert house.reloads(service) == 2
    again = next(check for check in service._checks.history if check.name == replay.name)
    assert again is not replay
    assert vars(again)["_uses"] is vars(replay)["_uses"]
    assert len(vars(again)["_uses"]) == 1


def token() -> str:
    """Give a token that nobody can verify, and everybody can tell from others."""
    return "eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9.c2ln;info=<https://127.0.0.1/x>;alg=ES256;ppt=shaken"
