from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dns_server import SILENT, NameServer, Zone
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.names.error import DNSQueryRefusedError, DNSServerError

from sip_guard.sip.flow import Address
from sip_guard.transport.dns import DnsOptions
from sip_guard.transport.name_servers import NameServers, server_address

HERE = "here.example A 192.0.2.1"

Serve = Callable[[Zone], Address]


@pytest.fixture
def serve(in_reactor: Reactor) -> Iterator[Serve]:
    servers = []

    def start(zone: Zone) -> Address:
        servers.append(NameServer(zone))
        return in_reactor(servers[-1].listen)

    yield start
    for server in servers:
        in_reactor(server.close)


def told(in_reactor: Reactor, servers: list[Address], name: str, timeout: float = 30.0) -> Any:
    """Ask for an address of `name`; give it, or the name of the error."""

    def ask() -> Deferred[Any]:
        asked: Deferred[Any] = NameServers(reactor, servers, timeout).lookupAddress(name)  # type: ignore[no-untyped-call]
        return asked.addCallbacks(
            lambda sections: [each.payload.dottedQuad() for each in sections[0]],
            lambda failure: type(failure.value).__name__,
        )

    return in_reactor(ask)


def test_questions_come_from_ports_that_the_system_chooses(
    in_reactor: Reactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: list[int] = []
    server = NameServer(Zone(HERE))
    answer = server.handleQuery

    def note(message: Any, protocol: Any, address: Address) -> Any:
        ports.append(address[1])
        return answer(message, protocol, address)

    monkeypatch.setattr(server, "handleQuery", note)
    address = in_reactor(server.listen)
    for _ in range(20):
        assert told(in_reactor, [address], "here.example") == ["192.0.2.1"]
    in_reactor(server.close)
    lowest, highest = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(lowest <= port <= highest for port in ports)
    assert len(set(ports)) > 10, "and nobody can foretell them"


@pytest.mark.parametrize("outage", [DNSServerError, DNSQueryRefusedError])
def test_what_one_server_cannot_tell_the_next_is_asked(
    in_reactor: Reactor, serve: Serve, outage: type[Exception]
) -> None:
    broken = Zone(HERE)
    broken.outages["*"] = outage
    assert told(in_reactor, [serve(broken), serve(Zone(HERE))], "here.example") == ["192.0.2.1"]
    assert broken.asked == ["here.example A"]


def test_that_there_is_no_such_name_is_an_answer_and_nobody_else_is_asked(in_reactor: Reactor, serve: Serve) -> None:
    other = Zone(HERE)
    assert told(in_reactor, [serve(Zone()), serve(other)], "here.example") == "DNSNameError"
    assert other.asked == []


def test_when_no_server_can_tell_the_refusal_is_told(in_reactor: Reactor, serve: Serve) -> None:
    broken = Zone()
    broken.outages["*"] = DNSServerError
    assert told(in_reactor, [serve(broken), serve(broken)], "here.example") == "DNSServerError"
    assert len(broken.asked) == 2, "each once"


def test_a_server_that_keeps_silent_is_passed_over(in_reactor: Reactor, serve: Serve) -> None:
    silent = Zone()
    silent.outages["*"] = SILENT
    assert told(in_reactor, [serve(silent), serve(Zone(HERE))], "here.example", 1.6) == ["192.0.2.1"]
    assert silent.asked


def test_a_server_that_cannot_be_sent_to_is_passed_over(in_reactor: Reactor, serve: Serve) -> None:
    nobodys = ("255.255.255.255", 53)
    assert told(in_reactor, [nobodys, serve(Zone(HERE))], "here.example") == ["192.0.2.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_servers_have_addresses_of_either_family_and_answer_over_tcp_too(in_reactor: Reactor, host: str) -> None:
    server = NameServer(Zone("\n".join(f"here.example A 192.0.2.{n}" for n in range(1, 100))))
    address = in_reactor(lambda: server.listen(host))
    assert told(in_reactor, [address], "here.example") == [f"192.0.2.{n}" for n in range(1, 100)]
    assert server.by_tcp == 1
    in_reactor(server.close)


def test_a_long_answer_that_cannot_be_had_over_tcp_is_asked_of_the_next(in_reactor: Reactor, serve: Serve) -> None:
    long = Zone("\n".join(f"here.example A 192.0.2.{n}" for n in range(1, 100)))
    server = NameServer(long)
    address = in_reactor(server.listen)
    in_reactor(server.stop_tcp)
    assert told(in_reactor, [address, serve(Zone(HERE))], "here.example") == ["192.0.2.1"]
    in_reactor(server.close)


def test_silence_of_all_is_told_as_such(in_reactor: Reactor, serve: Serve) -> None:
    silent = Zone()
    silent.outages["*"] = SILENT
    assert told(in_reactor, [serve(silent)], "here.example", 0.08) == "TimeoutError"
    assert len(silent.asked) == 3, "in three rounds"


def test_a_lost_datagram_is_sent_again(in_reactor: Reactor, serve: Serve) -> None:
    zone = Zone(HERE)
    zone.outages["*"] = SILENT
    lookup = zone._lookup

    def once(*arguments: Any) -> Deferred[Any]:
        result = lookup(*arguments)
        zone.outages.clear()
        return result

    zone._lookup = once  # type: ignore[method-assign, assignment]
    assert told(in_reactor, [serve(zone)], "here.example", 1.6) == ["192.0.2.1"]
    assert len(zone.asked) >= 2


def test_the_servers_of_the_system_are_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_bytes(b"""# made by hand
search example.com
nameserver
nameserver pbx.example.com
nameserver 192.0.2.53
  nameserver\t2001:DB8::53 # a comment
options edns0
nameserver \xff
nameserver 192.0.2.54
nameserver 192.0.2.55
""")
    servers = NameServers(Clock(), [], 4.0, str(file))
    assert [*servers.dynServers] == [("192.0.2.53", 53), ("2001:db8::53", 53), ("192.0.2.54", 53)]


@pytest.mark.parametrize("text", ["", "search example.com\n"])
def test_without_any_the_one_of_this_machine_is_asked(tmp_path: Path, text: str) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(text)
    servers = NameServers(Clock(), [], 4.0, str(file))
    assert [*servers.dynServers] == [("127.0.0.1", 53)]


def test_the_servers_of_the_system_are_read_again_until_it_is_closed(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "resolv.conf"
    servers = NameServers(clock, [], 4.0, str(file))
    assert [*servers.dynServers] == [("127.0.0.1", 53)], "there is no such file yet"
    file.write_text("nameserver 192.0.2.53")
    clock.advance(60)
    assert [*servers.dynServers] == [("192.0.2.53", 53)]
    file.write_text("nameserver 192.0.2.54")
    clock.advance(60)
    assert [*servers.dynServers] == [("192.0.2.54", 53)]
    servers.close()
    servers.close()
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("lose", [Path.unlink, lambda file: (file.unlink(), file.mkdir())])
def test_the_servers_of_the_system_stay_while_their_file_cannot_be_read(
    tmp_path: Path, lose: Callable[[Path], object]
) -> None:
    clock, file = Clock(), tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.53")
    servers = NameServers(clock, [], 4.0, str(file))
    lose(file)
    clock.advance(60)
    assert [*servers.dynServers] == [("192.0.2.53", 53)]
    assert len(clock.getDelayedCalls()) == 1, "it is looked at again"


def test_a_file_of_the_system_that_cannot_be_read_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        NameServers(Clock(), [], 4.0, str(tmp_path))


def test_who_names_servers_needs_no_file_of_the_system(tmp_path: Path) -> None:
    clock = Clock()
    servers = NameServers(clock, [("192.0.2.53", 53)], 4.0, str(tmp_path / "none"))
    assert (servers.servers, [*servers.dynServers]) == ([("192.0.2.53", 53)], [])
    assert clock.getDelayedCalls() == []
    servers.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:DB8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_name_server_is_an_address_with_or_without_a_port(text: str, address: Address) -> None:
    assert server_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "dns.example.com", "192.0.2.256", "192.0.2.53:0", "192.0.2.53:65536", "[192.0.2.53", "[]:53", "::1::2"]
)
def test_what_is_no_address_is_refused_in_the_options(text: str) -> None:
    with pytest.raises(ValueError, match="is no name server, such as"):
        DnsOptions(servers=(text,))
    with pytest.raises(msgspec.ValidationError, match="is no name server, such as"):
        msgspec.convert({"servers": [text]}, DnsOptions)


@pytest.mark.parametrize(
    "options",
    [
        {"servers": ["192.0.2.1"] * 4},
        {"timeout": 0.4},
        {"timeout": 31},
        {"families": []},
        {"families": ["ipv5"]},
        {"families": ["ipv4", "ipv4"]},
        {"nothing": 1},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, DnsOptions)
