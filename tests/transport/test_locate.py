import string
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from dns_server import SILENT, NameServer, Zone, records
from hypothesis import given
from hypothesis import strategies as st
from reactor import Reactor, reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.names.error import DNSNotImplementedError, DNSQueryRefusedError, DNSServerError
from twisted.python.failure import Failure

from sip_guard.peer import Transport
from sip_guard.proxy.place import order
from sip_guard.transport.dns import DnsOptions, Unlocatable
from sip_guard.transport.locate import Located, Locator
from sip_guard.transport.name_servers import NameServers

ALL: Sequence[Transport] = ("UDP", "TCP", "TLS")
DAY = 86_400.0
REAL = 30.0
"""Seconds that a real question may take: a limit, never waited for."""

EXAMPLE = """
example.com NAPTR 50 50 s SIPS+D2T '' _sips._tcp.example.com
example.com NAPTR 90 50 s SIP+D2T '' _sip._tcp.example.com
example.com NAPTR 100 50 s SIP+D2U '' _sip._udp.example.com
_sips._tcp.example.com SRV 0 1 5061 server1.example.com
_sips._tcp.example.com SRV 0 2 5061 server2.example.com
_sip._tcp.example.com SRV 0 1 5060 server1.example.com
_sip._tcp.example.com SRV 0 2 5060 server2.example.com
_sip._udp.example.com SRV 0 1 5060 server1.example.com
server1.example.com A 192.0.2.1
server2.example.com A 192.0.2.2
example.com A 192.0.2.99
"""
"""The example of RFC 3263 4.1."""


class Directly:
    """A locator that asks the zone itself, with a clock of the test's own."""

    def __init__(
        self, zone: Zone, options: DnsOptions, transports: Sequence[Transport] = ALL, hosts: str = "/dev/null"
    ):
        self.zone = zone
        self.clock = Clock()
        self.clock.advance(1000)
        self.locator = Locator(zone, self.clock, options, transports, hosts)

    def asks(
        self, host: str, port: int | None = None, transport: str | None = None, *, secure: bool = False
    ) -> "Asked":
        return Asked(self.locator.locate(host, port, transport, secure=secure))

    def finds(
        self, host: str, port: int | None = None, transport: str | None = None, *, secure: bool = False
    ) -> Located:
        return self.asks(host, port, transport, secure=secure).located

    def after(self, seconds: float) -> "Directly":
        self.clock.advance(seconds)
        return self


class Asked:
    """One location that may take a while."""

    def __init__(self, deferred: Deferred[Located]) -> None:
        self.deferred = deferred
        self.told: list[Located | Failure] = []
        deferred.addBoth(self.told.append)

    @property
    def located(self) -> Located:
        (result,) = self.told
        assert isinstance(result, Located), result
        return result

    @property
    def outage(self) -> str:
        (result,) = self.told
        assert isinstance(result, Failure), result
        assert isinstance(result.value, Unlocatable), result
        return str(result.value)


Find = Callable[..., Located]


@pytest.fixture(params=["directly", "by a name server"])
def find(request: pytest.FixtureRequest, zone: Zone, in_reactor: Reactor) -> Iterator[Find]:
    """Locate in the zone: at once, and once more through a real server and real sockets."""
    options = DnsOptions(timeout=REAL)

    def at_once(
        host: str,
        port: int | None = None,
        transport: str | None = None,
        *,
        secure: bool = False,
        transports: Sequence[Transport] = ALL,
        options: DnsOptions = options,
    ) -> Located:
        return Directly(zone, options, transports).finds(host, port, transport, secure=secure)

    if request.param == "directly":
        yield at_once
        return
    server = NameServer(zone)
    address = in_reactor(server.listen)

    def served(
        host: str,
        port: int | None = None,
        transport: str | None = None,
        *,
        secure: bool = False,
        transports: Sequence[Transport] = ALL,
        options: DnsOptions = options,
    ) -> Located:
        def locate() -> Deferred[Located]:
            resolver = NameServers(reactor, [address], REAL)
            return Locator(resolver, reactor, options, transports, "/dev/null").locate(
                host, port, transport, secure=secure
            )

        return in_reactor(locate)

    yield served
    in_reactor(server.close)


@pytest.fixture
def zone() -> Zone:
    return Zone(EXAMPLE)


@pytest.fixture
def direct(zone: Zone) -> Directly:
    return Directly(zone, DnsOptions())


def shown(located: Located) -> list[str]:
    """Give the places as text, such as `UDP 192.0.2.1 5060`, in the order of the records."""
    return [f"{place.transport} {place.address[0]} {place.address[1]}" for place in located.places]


def priorities(located: Located) -> list[list[str]]:
    """Give the hosts of the places, those of one priority together."""
    ranks = sorted({place.priority for place in located.places})
    return [[place.address[0] for place in located.places if place.priority == rank] for rank in ranks]


# Numeric hosts (RFC 3263 4.1 and 4.2)


@pytest.mark.parametrize(
    ("uri", "secure", "place"),
    [
        (("192.0.2.1", None, None), False, "UDP 192.0.2.1 5060"),
        (("192.0.2.1", None, None), True, "TLS 192.0.2.1 5061"),
        (("192.0.2.1", 5070, None), False, "UDP 192.0.2.1 5070"),
        (("192.0.2.1", 5070, None), True, "TLS 192.0.2.1 5070"),
        (("192.0.2.1", None, "tcp"), False, "TCP 192.0.2.1 5060"),
        (("192.0.2.1", None, "TCP"), True, "TLS 192.0.2.1 5061"),
        (("192.0.2.1", None, "tls"), False, "TLS 192.0.2.1 5061"),
        (("[2001:DB8::1]", None, "udp"), False, "UDP 2001:db8::1 5060"),
        (("2001:db8::1", 5070, None), False, "UDP 2001:db8::1 5070"),
    ],
)
def test_an_address_needs_no_dns(
    direct: Directly, uri: tuple[str, int | None, str | None], secure: bool, place: str
) -> None:
    located = direct.finds(*uri, secure=secure)
    assert shown(located) == [place]
    assert located.places[0].name == ""
    assert direct.zone.asked == []


@pytest.mark.parametrize("transport", ["sctp", "ws", "", "udp\x00", "ü"])
def test_a_transport_that_we_do_not_speak_leads_nowhere(direct: Directly, transport: str) -> None:
    located = direct.finds("example.com", None, transport)
    assert located.places == ()
    assert located.reason.startswith("no transport for it")
    assert direct.zone.asked == []


def test_sips_does_not_go_over_udp(direct: Directly) -> None:
    assert direct.finds("example.com", None, "udp", secure=True).places == ()
    assert direct.finds("192.0.2.1", None, "udp", secure=True).places == ()


def test_a_transport_we_speak_elsewhere_but_not_here_leads_nowhere(zone: Zone) -> None:
    direct = Directly(zone, DnsOptions(), ["UDP"])
    assert direct.finds("example.com", None, "tcp").places == ()
    assert direct.finds("192.0.2.1", secure=True).places == ()


@pytest.mark.parametrize("port", [0, -1, 65_536, 10**30])
def test_a_port_that_is_none_leads_nowhere(direct: Directly, port: int) -> None:
    assert direct.finds("192.0.2.1", port).places == ()
    assert direct.finds("example.com", port).places == ()


# An explicit port, or transport


def test_a_port_means_the_addresses_of_the_host_itself(find: Find, zone: Zone) -> None:
    zone.add("example.com AAAA 2001:db8::99")
    assert shown(find("example.com", 5070)) == ["UDP 192.0.2.99 5070", "UDP 2001:db8::99 5070"]
    assert shown(find("example.com", 5070, secure=True)) == ["TLS 192.0.2.99 5070", "TLS 2001:db8::99 5070"]
    assert set(zone.asked) == {"example.com A", "example.com AAAA"}


def test_a_port_and_a_transport_mean_both(find: Find) -> None:
    assert shown(find("example.com", 5070, "tcp")) == ["TCP 192.0.2.99 5070"]


@pytest.mark.parametrize(
    ("transport", "secure", "places"),
    [
        ("udp", False, ["UDP 192.0.2.1 5060"]),
        ("tcp", False, ["TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060"]),
        ("tls", False, ["TLS 192.0.2.1 5061", "TLS 192.0.2.2 5061"]),
        ("tcp", True, ["TLS 192.0.2.1 5061", "TLS 192.0.2.2 5061"]),
    ],
)
def test_a_transport_means_its_srv_records_and_no_naptr(
    find: Find, zone: Zone, transport: str, secure: bool, places: list[str]
) -> None:
    assert shown(find("example.com", None, transport, secure=secure)) == places
    assert "example.com NAPTR" not in zone.asked


def test_a_transport_without_srv_records_means_the_host_and_the_usual_port(find: Find, zone: Zone) -> None:
    zone.remove("_sip._tcp.example.com")
    zone.remove("_sips._tcp.example.com")
    assert shown(find("example.com", None, "tcp")) == ["TCP 192.0.2.99 5060"]
    assert shown(find("example.com", None, "tls")) == ["TLS 192.0.2.99 5061"]


# NAPTR


def test_naptr_names_the_transport_that_the_domain_likes_best(find: Find) -> None:
    assert shown(find("example.com")) == ["TLS 192.0.2.1 5061", "TLS 192.0.2.2 5061"]


def test_only_transports_that_we_speak_count(find: Find) -> None:
    assert shown(find("example.com", transports=["UDP", "TCP"])) == ["TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060"]
    assert shown(find("example.com", transports=["UDP"])) == ["UDP 192.0.2.1 5060"]


def test_sips_takes_sips_services_alone(find: Find, zone: Zone) -> None:
    zone.records["example.com"] = records("""
        example.com NAPTR 10 50 s SIP+D2T '' _sip._tcp.example.com
        example.com NAPTR 20 50 s SIPS+D2T '' _sips._tcp.example.com
    """)
    assert shown(find("example.com", secure=True)) == ["TLS 192.0.2.1 5061", "TLS 192.0.2.2 5061"]


def test_naptr_of_one_order_are_tried_by_preference(find: Find, zone: Zone) -> None:
    zone.records["example.com"] = records("""
        example.com NAPTR 10 20 s SIP+D2U '' _sip._udp.example.com
        example.com NAPTR 10 10 s SIP+D2T '' _sip._tcp.example.com
        example.com NAPTR 20 10 s SIPS+D2T '' _sips._tcp.example.com
    """)
    located = find("example.com")
    assert shown(located) == ["TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060", "UDP 192.0.2.1 5060"]
    assert [place.transport for place in order(located.places, lambda: 0.5)] == ["TCP", "TCP", "UDP"]


def test_naptr_may_lead_to_another_domain_but_a_certificate_has_to_name_this_one(find: Find, zone: Zone) -> None:
    zone.add("""
        customer.example NAPTR 10 10 S sips+d2t '' _SIPS._TCP.Example.COM
        customer.example A 192.0.2.50
    """)
    located = find("Customer.Example.")
    assert shown(located) == ["TLS 192.0.2.1 5061", "TLS 192.0.2.2 5061"]
    assert {place.name for place in located.places} == {"customer.example"}
    assert [place.server for place in located.places] == ["server1.example.com", "server2.example.com"]


@pytest.mark.parametrize(
    "useless",
    [
        "x.example NAPTR 10 10 s SIP+D2T '!^.*$!_sip._tcp.bad.example!' .",
        "x.example NAPTR 10 10 s SIP+D2T '!^.*$!_sip._tcp.bad.example!' _sip._tcp.example.com",
        "x.example NAPTR 10 10 u E2U+sip '!^.*$!sip:a@bad.example!' .",
        "x.example NAPTR 10 10 a SIP+D2T '' example.com",
        "x.example NAPTR 10 10 '' SIP+D2T '' _sip._tcp.example.com",
        "x.example NAPTR 10 10 s SIP+D2S '' _sip._sctp.example.com",
        "x.example NAPTR 10 10 s SIP+D2W '' _sip._ws.example.com",
        "x.example NAPTR 10 10 s SIPS+D2U '' _sips._udp.example.com",
        "x.example NAPTR 10 10 s AAA+D2T '' _diameter._tcp.example.com",
        "x.example NAPTR 10 10 s '' '' _sip._tcp.example.com",
        "x.example NAPTR 10 10 s SIP+D2T '' .",
    ],
)
def test_naptr_without_use_for_us_count_as_none(find: Find, zone: Zone, useless: str) -> None:
    zone.add(useless)
    zone.add("_sip._udp.x.example SRV 0 0 5080 server1.example.com")
    assert shown(find("x.example")) == ["UDP 192.0.2.1 5080"]


def test_srv_names_of_naptr_without_records_mean_the_host_over_that_transport(find: Find, zone: Zone) -> None:
    zone.remove("_sips._tcp.example.com")
    assert shown(find("example.com")) == ["TLS 192.0.2.99 5061"]


# Without NAPTR


def test_without_naptr_srv_records_say_which_transports_there_are(find: Find, zone: Zone) -> None:
    zone.records["example.com"] = records("example.com A 192.0.2.99")
    located = find("example.com")
    assert shown(located) == ["UDP 192.0.2.1 5060", "TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060"]
    assert priorities(located) == [["192.0.2.1"], ["192.0.2.1", "192.0.2.2"]]
    assert "_sips._tcp.example.com SRV" not in zone.asked


def test_without_naptr_sips_asks_for_sips_alone(find: Find, zone: Zone) -> None:
    zone.records["example.com"] = records("example.com A 192.0.2.99")
    assert shown(find("example.com", secure=True)) == ["TLS 192.0.2.1 5061", "TLS 192.0.2.2 5061"]
    assert "_sip._udp.example.com SRV" not in zone.asked


def test_with_addresses_alone_it_is_udp_or_for_sips_tls(find: Find, zone: Zone) -> None:
    zone.add("bare.example A 192.0.2.7")
    assert shown(find("bare.example")) == ["UDP 192.0.2.7 5060"]
    assert shown(find("bare.example", secure=True)) == ["TLS 192.0.2.7 5061"]
    assert shown(find("bare.example", transports=["TCP", "TLS"])) == ["TCP 192.0.2.7 5060"]


def test_a_name_that_does_not_exist_is_an_answer(find: Find) -> None:
    located = find("nowhere.example")
    assert located.places == ()
    assert located.reason == "nowhere.example leads to no address"


# SRV


def test_priority_and_weight_are_those_of_the_records(find: Find, zone: Zone) -> None:
    zone.add("""
        _sip._udp.x.example SRV 20 5 5060 server2.example.com
        _sip._udp.x.example SRV 10 60 5062 server1.example.com
    """)
    located = find("x.example", None, "udp")
    assert [(place.address, place.priority, place.weight) for place in located.places] == [
        (("192.0.2.1", 5062), 10, 60),
        (("192.0.2.2", 5060), 20, 5),
    ]


def test_a_service_that_is_declared_absent_is_not_looked_for_elsewhere(find: Find, zone: Zone) -> None:
    zone.add("""
        x.example A 192.0.2.7
        _sip._udp.x.example SRV 0 0 0 .
    """)
    assert find("x.example").places == ()
    assert find("x.example", None, "udp").places == ()
    assert shown(find("x.example", None, "tcp")) == ["TCP 192.0.2.7 5060"]


def test_servers_without_address_or_port_are_left_out(find: Find, zone: Zone) -> None:
    zone.add("""
        _sip._udp.x.example SRV 0 0 0 server1.example.com
        _sip._udp.x.example SRV 0 0 5060 nowhere.example.com
        _sip._udp.x.example SRV 0 0 5060 127.0.0.1
        _sip._udp.x.example SRV 0 0 5060 'not a host'
        _sip._udp.x.example SRV 5 0 5060 server2.example.com
    """)
    assert shown(find("x.example")) == ["UDP 192.0.2.2 5060"]


def test_addresses_that_came_with_the_srv_records_are_not_asked_for_again(find: Find, zone: Zone) -> None:
    name = "_sip._udp.x.example"
    zone.add(f"{name} SRV 0 0 5060 far.example")
    zone.more[name] = records("""
        far.example A 198.51.100.1
        far.example AAAA 2001:db8::1
        server1.example.com A 203.0.113.66
    """)
    assert shown(find("x.example", None, "udp")) == ["UDP 198.51.100.1 5060", "UDP 2001:db8::1 5060"]
    assert zone.asked == [f"{name} SRV"]


def test_additional_addresses_are_good_for_their_own_answer_alone(zone: Zone) -> None:
    name = "_sip._udp.x.example"
    zone.add(f"{name} SRV 0 0 5060 server1.example.com")
    zone.more[name] = records("server1.example.com A 203.0.113.66")
    direct = Directly(zone, DnsOptions())
    assert shown(direct.finds("x.example", None, "udp")) == ["UDP 203.0.113.66 5060"]
    assert shown(direct.finds("server1.example.com", 5060)) == ["UDP 192.0.2.1 5060"]


def test_a_family_that_did_not_come_with_the_records_is_asked_for(find: Find, zone: Zone) -> None:
    name = "_sip._udp.x.example"
    zone.add(f"""
        {name} SRV 0 0 5060 far.example
        far.example A 203.0.113.66
        far.example AAAA 2001:db8::1
    """)
    zone.more[name] = records("far.example A 198.51.100.1")
    assert shown(find("x.example", None, "udp")) == ["UDP 198.51.100.1 5060", "UDP 2001:db8::1 5060"]


def test_more_records_than_fit_a_datagram_are_had_over_tcp(zone: Zone, in_reactor: Reactor) -> None:
    zone.add("\n".join(f"_sip._udp.x.example SRV 0 1 {6000 + n} server1.example.com" for n in range(40)))
    server = NameServer(zone)
    options = DnsOptions(timeout=REAL)

    def locate() -> Deferred[Located]:
        resolver = NameServers(reactor, [server.listen()], REAL)
        return Locator(resolver, reactor, options, ALL, "/dev/null").locate("x.example", None, "udp", secure=False)

    located = in_reactor(locate)
    in_reactor(server.close)
    assert server.by_tcp == 1
    assert [place.address[1] for place in located.places] == list(range(6000, 6032)), "32 of them"


def test_no_more_than_16_addresses_of_a_host_and_family_are_considered(direct: Directly) -> None:
    direct.zone.add("\n".join(f"many.example A 192.0.2.{n}" for n in range(100, 140)))
    located = direct.finds("many.example", 5060)
    assert [place.address[0] for place in located.places] == [f"192.0.2.{n}" for n in range(100, 116)]


def test_a_host_has_no_more_than_128_places_those_of_the_best_priority(direct: Directly) -> None:
    for n in range(32):
        direct.zone.add(f"_sip._udp.x.example SRV {100 - n} 0 5060 s{n}.example")
        direct.zone.add("\n".join(f"s{n}.example A 10.0.{n}.{i}" for i in range(1, 17)))
    located = direct.finds("x.example", None, "udp")
    assert len(located.places) == 128
    assert {place.priority for place in located.places} == {*range(69, 77)}


def test_no_more_than_32_servers_are_asked_for_those_of_the_better_transport(direct: Directly) -> None:
    for n in range(20):
        direct.zone.add(f"_sip._udp.x.example SRV 0 0 5060 u{n}.example\nu{n}.example A 192.0.2.{n + 1}")
        direct.zone.add(f"_sip._tcp.x.example SRV 0 0 5060 t{n}.example\nt{n}.example A 198.51.100.{n + 1}")
    transports = [place.transport for place in direct.finds("x.example").places]
    assert transports == ["UDP"] * 20 + ["TCP"] * 12


# Addresses


def test_both_families_come_by_turns_beginning_with_the_one_that_is_set_first(find: Find, zone: Zone) -> None:
    zone.add("""
        both.example A 192.0.2.1
        both.example A 192.0.2.2
        both.example AAAA 2001:db8::1
        both.example AAAA 2001:db8::2
    """)
    hosts = [place.address[0] for place in find("both.example", 5060).places]
    assert hosts == ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]
    turned = find("both.example", 5060, options=DnsOptions(timeout=REAL, families=("ipv6", "ipv4")))
    assert [place.address[0] for place in turned.places] == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]


def test_a_family_that_is_not_wanted_is_not_asked_for(find: Find, zone: Zone) -> None:
    zone.add("example.com AAAA 2001:db8::99")
    assert shown(find("example.com", 5060, options=DnsOptions(timeout=REAL, families=("ipv6",)))) == [
        "UDP 2001:db8::99 5060"
    ]
    assert zone.asked == ["example.com AAAA"]


def test_the_addresses_of_one_host_stay_in_their_order(direct: Directly) -> None:
    direct.zone.add("\n".join(f"many.example A 192.0.2.{n}" for n in (9, 3, 7)))
    places = order(direct.finds("many.example", 5060).places, lambda: 0.99)
    assert [place.address[0] for place in places] == ["192.0.2.9", "192.0.2.3", "192.0.2.7"]


def test_aliases_are_followed(find: Find, zone: Zone) -> None:
    zone.add("""
        a.example CNAME b.example
        b.example CNAME server1.example.com
        _sip._udp.a.example CNAME _sip._udp.example.com
    """)
    assert shown(find("a.example", 5060)) == ["UDP 192.0.2.1 5060"]
    assert shown(find("a.example", None, "udp")) == ["UDP 192.0.2.1 5060"]


def test_aliases_in_a_circle_lead_nowhere(find: Find, zone: Zone) -> None:
    zone.add("""
        a.example CNAME b.example
        b.example CNAME a.example
    """)
    assert find("a.example", 5060).places == ()


def test_records_of_other_names_in_an_answer_are_no_answer(direct: Directly) -> None:
    direct.zone.records["x.example"] = records("y.example A 203.0.113.66")
    assert direct.finds("x.example", 5060).places == ()


def test_records_of_another_class_are_no_answer(direct: Directly) -> None:
    direct.zone.add("x.example A 192.0.2.1\nx.example A 192.0.2.2")
    direct.zone.records["x.example"][0].cls = 3
    assert shown(direct.finds("x.example", 5060)) == ["UDP 192.0.2.2 5060"]


def test_addresses_that_nobody_may_be_sent_to_are_dropped(find: Find, zone: Zone) -> None:
    zone.add("""
        x.example A 0.0.0.0
        x.example A 255.255.255.255
        x.example A 224.0.1.75
        x.example A 192.0.2.1
        x.example AAAA ::
        x.example AAAA ff02::1
        x.example AAAA ::ffff:239.1.1.1
    """)
    assert shown(find("x.example", 5060)) == ["UDP 192.0.2.1 5060"]


# The hosts file


def test_the_hosts_file_counts_before_dns(zone: Zone, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 pbx EXAMPLE.com # the PBX\n2001:db8::5 pbx\n0.0.0.0 blocked.example\n")
    direct = Directly(zone, DnsOptions(), hosts=str(hosts))
    assert shown(direct.finds("pbx", 5060)) == ["UDP 10.0.0.1 5060", "UDP 2001:db8::5 5060"]
    assert shown(direct.finds("example.com", 5060)) == ["UDP 10.0.0.1 5060"]
    assert direct.finds("blocked.example", 5060).places == ()
    assert zone.asked == []


def test_the_hosts_file_has_no_more_addresses_than_dns(zone: Zone, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("".join(f"10.0.0.{n} pbx\n" for n in range(1, 30)))
    assert len(Directly(zone, DnsOptions(), hosts=str(hosts)).finds("pbx", 5060).places) == 16


def test_a_change_of_the_hosts_file_is_seen_after_30_seconds(zone: Zone, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 pbx\n")
    direct = Directly(zone, DnsOptions(), hosts=str(hosts))
    assert direct.finds("pbx", 5060).expires == 1030
    hosts.write_text("10.0.0.2 pbx\n010.0.0.3 pbx\n")
    assert shown(direct.finds("pbx", 5060)) == ["UDP 10.0.0.1 5060"]
    assert shown(direct.after(30).finds("pbx", 5060)) == ["UDP 10.0.0.2 5060"]


def test_a_name_of_the_hosts_file_has_srv_records_all_the_same(zone: Zone, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 server1.example.com\n")
    zone.more["_sip._udp.example.com"] = records("server1.example.com A 203.0.113.66")
    direct = Directly(zone, DnsOptions(), hosts=str(hosts))
    assert shown(direct.finds("example.com", None, "udp")) == ["UDP 10.0.0.1 5060"]


# How long it is good for


def test_a_location_is_good_for_the_least_time_of_its_records(direct: Directly) -> None:
    direct.zone.add("""
        x.example 900 NAPTR 10 10 s SIP+D2U '' _sip._udp.x.example
        _sip._udp.x.example 800 SRV 0 0 5060 y.example
        y.example 700 CNAME z.example
        z.example 750 A 192.0.2.1
        z.example 760 AAAA 2001:db8::1
    """)
    assert direct.finds("x.example").expires == 1700


def test_what_is_good_is_not_asked_for_again_and_what_is_not_is(direct: Directly) -> None:
    direct.zone.add("""
        x.example 60 A 192.0.2.1
        x.example 600 AAAA 2001:db8::1
    """)
    first = direct.finds("x.example", 5060)
    assert direct.after(59).finds("X.EXAMPLE.", 5060) == first
    assert direct.zone.asked == ["x.example A", "x.example AAAA"]
    assert direct.after(1).finds("x.example", 5060).expires == 1120
    assert direct.zone.asked == ["x.example A", "x.example AAAA", "x.example A"]


@pytest.mark.parametrize(("ttl", "kept"), [(0, 5.0), (4, 5.0), (2**31, 5.0), (2**32 - 1, 5.0), (2**31 - 1, DAY)])
def test_an_answer_is_kept_for_5_seconds_at_least_and_a_day_at_most(direct: Directly, ttl: int, kept: float) -> None:
    direct.zone.add(f"x.example {ttl} A 192.0.2.1\nx.example {ttl} AAAA 2001:db8::1")
    assert direct.finds("x.example", 5060).expires == 1000 + kept


def test_that_there_is_nothing_is_remembered_for_30_seconds(direct: Directly) -> None:
    assert direct.finds("nowhere.example", 5060).expires == 1030
    direct.zone.add("nowhere.example A 192.0.2.1")
    assert direct.after(29).finds("nowhere.example", 5060).places == ()
    assert shown(direct.after(1).finds("nowhere.example", 5060)) == ["UDP 192.0.2.1 5060"]


# Outages


@pytest.mark.parametrize("outage", [DNSServerError, DNSQueryRefusedError, DNSNotImplementedError])
def test_an_outage_is_not_an_answer(direct: Directly, outage: type[Exception]) -> None:
    direct.zone.outages["example.com NAPTR"] = outage
    assert direct.asks("example.com").outage == f"example.com NAPTR: {outage.__name__}"


def test_a_resolver_that_raises_is_an_outage(direct: Directly) -> None:
    direct.zone.outages["*"] = RuntimeError
    assert direct.asks("example.com").outage == "example.com NAPTR: RuntimeError"


def test_an_outage_is_reported_through_a_real_server(zone: Zone, in_reactor: Reactor) -> None:
    zone.outages["example.com NAPTR"] = DNSServerError
    server = NameServer(zone)

    def locate() -> Deferred[str]:
        resolver = NameServers(reactor, [server.listen()], REAL)
        locator = Locator(resolver, reactor, DnsOptions(timeout=REAL), ALL, "/dev/null")
        told = locator.locate("example.com", None, None, secure=False)
        return told.addCallbacks(str, lambda failure: repr(failure.value))

    assert in_reactor(locate) == "Unlocatable('example.com NAPTR: DNSServerError')"
    in_reactor(server.close)


def test_an_outage_of_srv_records_does_not_lead_to_the_host_itself(direct: Directly) -> None:
    direct.zone.outages["_sip._udp.example.com"] = DNSServerError
    assert direct.asks("example.com", None, "udp").outage == "_sip._udp.example.com SRV: DNSServerError"


def test_after_an_outage_it_is_tried_again_in_10_seconds_and_not_before(direct: Directly) -> None:
    direct.zone.outages["example.com A"] = DNSServerError
    assert direct.asks("example.com", 5060).outage
    direct.zone.outages.clear()
    assert direct.after(9).asks("example.com", 5060).outage == "example.com A: DNSServerError"
    assert shown(direct.after(1).finds("example.com", 5060)) == ["UDP 192.0.2.99 5060"]


def test_in_an_outage_the_older_answer_is_used_and_asked_for_again_soon(direct: Directly) -> None:
    good = direct.finds("example.com")
    direct.zone.outages["*"] = DNSServerError
    stale = direct.after(300).finds("example.com")
    assert stale.places == good.places
    assert stale.expires == 1310
    asked = len(direct.zone.asked)
    assert direct.after(9).finds("example.com").places == good.places
    assert len(direct.zone.asked) == asked
    direct.zone.outages.clear()
    direct.zone.records["server1.example.com"] = records("server1.example.com A 198.51.100.1")
    assert shown(direct.after(1).finds("example.com"))[0] == "TLS 198.51.100.1 5061"


def test_that_there_was_nothing_is_an_older_answer_too(direct: Directly) -> None:
    direct.zone.add("bare.example A 192.0.2.7")
    good = direct.finds("bare.example")
    direct.zone.outages["*"] = DNSServerError
    assert direct.after(300).finds("bare.example").places == good.places


def test_an_older_answer_is_used_for_three_days_after_its_end_and_no_longer(direct: Directly) -> None:
    direct.finds("example.com", 5060)
    direct.zone.outages["*"] = DNSServerError
    assert direct.after(300 + 3 * DAY - 1).finds("example.com", 5060).places
    assert direct.after(20).asks("example.com", 5060).outage == "example.com A: DNSServerError"


def test_a_new_answer_counts_even_if_it_is_that_there_is_nothing(direct: Directly) -> None:
    assert direct.finds("example.com", 5060).places
    direct.zone.remove("example.com")
    assert direct.after(300).finds("example.com", 5060).places == ()


def test_a_transport_that_cannot_be_found_out_does_not_hide_the_other(direct: Directly) -> None:
    direct.zone.records["example.com"] = records("example.com A 192.0.2.99")
    direct.zone.outages["_sip._udp.example.com"] = DNSServerError
    located = direct.finds("example.com")
    assert shown(located) == ["TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060"]
    assert located.expires == 1010


def test_an_outage_of_some_servers_addresses_does_not_hide_the_others(direct: Directly) -> None:
    direct.zone.outages["server1.example.com"] = DNSServerError
    located = direct.finds("example.com")
    assert shown(located) == ["TLS 192.0.2.2 5061"]
    assert located.expires == 1010


def test_an_outage_beside_an_absent_service_is_an_outage(direct: Directly) -> None:
    direct.zone.add("_sip._udp.x.example SRV 0 0 0 .\n_sip._tcp.x.example SRV 0 0 5060 server1.example.com")
    direct.zone.outages["_sip._tcp.x.example"] = DNSServerError
    assert direct.asks("x.example").outage == "_sip._tcp.x.example SRV: DNSServerError"


def test_an_outage_beside_an_address_of_nobodys_is_an_outage(direct: Directly) -> None:
    direct.zone.add("x.example A 0.0.0.0")
    direct.zone.outages["x.example AAAA"] = DNSServerError
    assert direct.asks("x.example", 5060).outage == "x.example AAAA: DNSServerError"


# Time


def test_silence_is_an_outage_after_the_time_limit(direct: Directly) -> None:
    direct.zone.outages["*"] = SILENT
    asked = direct.asks("example.com")
    direct.after(3.9)
    assert asked.told == []
    direct.after(0.1)
    assert asked.outage == "example.com NAPTR: no answer in time"
    assert direct.clock.getDelayedCalls() == []


def test_the_time_limit_is_one_for_all_questions_together(direct: Directly) -> None:
    direct.zone.outages["*"] = SILENT
    asked = direct.asks("example.com", None, "udp")
    direct.after(3)
    direct.zone.open[0].callback((records("_sip._udp.example.com SRV 0 0 5060 far.example"), [], []))
    direct.after(0.9)
    assert asked.told == []
    direct.after(0.1)
    assert asked.outage == "far.example A: no answer in time"


def test_an_answer_that_comes_too_late_for_one_is_there_for_the_next(direct: Directly) -> None:
    direct.zone.outages["*"] = SILENT
    asked = direct.asks("example.com", None, "udp")
    direct.after(3)
    direct.zone.open[0].callback((records("_sip._udp.example.com SRV 0 0 5060 far.example"), [], []))
    direct.after(1)
    assert asked.outage
    for question, record in zip(direct.zone.open[1:], ("A 192.0.2.9", "AAAA 2001:db8::9"), strict=True):
        question.callback((records(f"far.example {record}"), [], []))
    assert shown(direct.finds("example.com", None, "udp")) == ["UDP 192.0.2.9 5060", "UDP 2001:db8::9 5060"]


def test_addresses_do_not_wait_long_for_those_of_the_other_family(direct: Directly) -> None:
    direct.zone.outages["example.com AAAA"] = SILENT
    asked = direct.asks("example.com", 5060)
    direct.after(0.99)
    assert asked.told == []
    direct.after(0.01)
    assert shown(asked.located) == ["UDP 192.0.2.99 5060"]
    assert asked.located.expires == 1011


def test_an_address_once_known_is_not_lost_when_its_family_is_slow(direct: Directly) -> None:
    direct.zone.add("example.com AAAA 2001:db8::99")
    good = direct.finds("example.com", 5060)
    assert shown(good) == ["UDP 192.0.2.99 5060", "UDP 2001:db8::99 5060"]
    direct.zone.outages["example.com AAAA"] = SILENT
    asked = direct.after(300).asks("example.com", 5060)
    direct.after(1)
    assert asked.located.places == good.places


def test_that_one_family_is_absent_is_no_reason_to_hurry_the_other(direct: Directly) -> None:
    direct.zone.records["six.example"] = []
    direct.zone.outages["six.example AAAA"] = SILENT
    asked = direct.asks("six.example", 5060)
    direct.after(3)
    assert asked.told == []
    direct.zone.open[0].callback((records("six.example AAAA 2001:db8::6"), [], []))
    assert shown(asked.located) == ["UDP 2001:db8::6 5060"]


def test_silence_beside_an_older_answer_costs_a_quarter_of_the_time(direct: Directly) -> None:
    good = direct.finds("example.com", 5060)
    direct.zone.outages["*"] = SILENT
    asked = direct.after(300).asks("example.com", 5060)
    direct.after(0.99)
    assert asked.told == []
    direct.after(0.01)
    assert asked.located.places == good.places
    direct.after(3)
    assert direct.finds("example.com", 5060).places == good.places, "at once, for it was asked in vain"


# One question at a time, and no more than so many


def test_one_question_is_asked_once_for_all_who_wait(direct: Directly) -> None:
    direct.zone.outages["*"] = SILENT
    waiting = [direct.asks("one.example", 5060 + n) for n in range(5)]
    assert direct.zone.asked == ["one.example A", "one.example AAAA"]
    direct.zone.open[1].callback(([], [], []))
    direct.zone.open[0].callback((records("one.example A 192.0.2.1"), [], []))
    assert [shown(each.located) for each in waiting] == [[f"UDP 192.0.2.1 {5060 + n}"] for n in range(5)]


def test_one_who_gives_up_takes_nothing_from_the_others(direct: Directly) -> None:
    direct.zone.outages["*"] = SILENT
    gone, waiting = direct.asks("one.example", 5060), direct.asks("one.example", 5060)
    gone.deferred.cancel()
    (failure,) = gone.told
    assert isinstance(failure, Failure)
    assert failure.type is CancelledError
    direct.zone.open[1].callback(([], [], []))
    direct.zone.open[0].callback((records("one.example A 192.0.2.1"), [], []))
    assert shown(waiting.located) == ["UDP 192.0.2.1 5060"]
    assert len(gone.told) == 1


def test_only_so_many_questions_are_open_at_a_time(direct: Directly) -> None:
    good = direct.finds("example.com", 5060)
    direct.zone.outages["*"] = SILENT
    direct.after(300)
    waiting = [direct.asks(f"n{n}.example", 5060) for n in range(128)]
    assert direct.asks("one-more.example", 5060).outage == "too many names are being looked up"
    assert direct.finds("example.com", 5060).places == good.places, "the older answer"
    assert len(direct.zone.open) == 256
    direct.after(4)
    assert all(each.outage for each in waiting)
    assert direct.asks("one-more.example", 5060).told == []


def test_no_more_answers_are_kept_than_allowed_those_used_last(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sip_guard.transport.dns.MAX_ANSWERS", 2)
    zone.add("\n".join(f"n{n}.example A 192.0.2.{n}" for n in range(1, 4)))
    direct = Directly(zone, DnsOptions(families=("ipv4",)))
    for n in (1, 2, 1, 3, 1):
        direct.finds(f"n{n}.example", 5060)
    assert zone.asked == ["n1.example A", "n2.example A", "n3.example A"]
    direct.finds("n2.example", 5060)
    assert zone.asked[3:] == ["n2.example A"]


def test_a_cache_of_one_serves_many_who_wait(zone: Zone, direct: Directly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sip_guard.transport.dns.MAX_ANSWERS", 1)
    zone.outages["_sip._udp.example.com"] = SILENT
    waiting = [direct.asks("example.com", None, "udp") for _ in range(3)]
    zone.open[0].callback((records("_sip._udp.example.com SRV 0 0 5060 server1.example.com"), [], []))
    assert [shown(each.located) for each in waiting] == [["UDP 192.0.2.1 5060"]] * 3


# What a peer may name


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "..",
        "a..b",
        ".example.com",
        "example.com..",
        "a" * 64 + ".example",
        ".".join(["a" * 63] * 4),
        "x" * 100_000,
        "bücher.example",
        "пример.рф",
        "\u212a.example",
        "exam ple.com",
        "example.com\x00",
        "example.com\n",
        "a%b.example",
        "127.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "010.0.0.1",
        "1.2.3.4.",
        "1.2.3.256",
        "example.123",
        "[::1",
        "fe80::1%eth0",
        ":::",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.1.75",
        "ff02::1",
        "::",
        "\ud800",
    ],
)
def test_what_is_no_host_leads_nowhere_and_nobody_is_asked(direct: Directly, host: str) -> None:
    located = direct.finds(host)
    assert located.places == ()
    assert located.reason.startswith("nothing can be sent to ")
    assert len(located.reason) < 120
    assert direct.finds(host, 5060).places == ()
    assert direct.zone.asked == []


@pytest.mark.parametrize("host", ["_a_.example", "xn--bcher-kva.example", "a-.example", "1.2.3.example", "PBX"])
def test_what_dns_can_carry_is_asked_for(find: Find, zone: Zone, host: str) -> None:
    zone.add(f"{host.lower()} A 192.0.2.1")
    assert shown(find(host)) == ["UDP 192.0.2.1 5060"]


def test_a_host_too_long_for_a_service_name_still_has_addresses(find: Find, zone: Zone) -> None:
    host = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert len(host) == 253
    zone.add(f"{host} A 192.0.2.1")
    assert shown(find(host)) == ["UDP 192.0.2.1 5060"]
    assert all(not question.startswith("_") for question in zone.asked)


@given(
    st.text(max_size=300) | st.text(string.ascii_letters + string.digits + ".-_[]:%", max_size=300),
    st.none() | st.integers(),
    st.none() | st.sampled_from(["udp", "tcp", "tls"]) | st.text(max_size=20),
    st.booleans(),
)
def test_whatever_a_uri_holds_there_is_an_answer(
    host: str, port: int | None, transport: str | None, secure: bool
) -> None:
    direct = Directly(Zone(), DnsOptions())
    located = direct.finds(host, port, transport, secure=secure)
    assert bool(located.places) != bool(located.reason)
    assert located.expires > 1000


NAMES = st.binary(max_size=70)
NUMBERS = st.integers(0, 65_535)


@given(st.data())
def test_whatever_dns_answers_nothing_escapes(data: st.DataObject) -> None:
    zone = Zone(EXAMPLE)
    direct = Directly(zone, DnsOptions())
    for record in [record for of_name in zone.records.values() for record in of_name]:
        payload = record.payload
        for field in ("order", "preference", "priority", "weight", "port"):
            if hasattr(payload, field):
                setattr(payload, field, data.draw(NUMBERS))
        for field in ("target", "replacement"):
            if hasattr(payload, field) and data.draw(st.booleans()):
                getattr(payload, field).name = data.draw(NAMES)
        for field in ("flags", "service", "regexp"):
            if hasattr(payload, field) and data.draw(st.booleans()):
                getattr(payload, field).string = data.draw(NAMES)
        record.ttl = data.draw(st.integers(0, 2**32 - 1))
        record.cls = data.draw(st.sampled_from([1, 1, 1, 3]))
    located = direct.finds("example.com")
    assert all(0 < place.address[1] < 65_536 for place in located.places)
    assert 1005 <= located.expires <= 1000 + DAY
