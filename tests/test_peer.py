import ipaddress

import msgspec
import pytest

from sip_guard.peer import FORMER, MAX_FORMER, MAX_SEEN, Peers, Source, Target, Trunk
from sip_guard.sip.flow import Flow


def source(text: str, port: int | None = None) -> Source:
    return Source(ipaddress.ip_network(text), port)


def trunk(name: str, *sources: Source) -> Trunk:
    return Trunk(name=name, sources=sources, targets=("pbx",))


PBX = Target(name="pbx", host="203.0.113.5")
NAMED = Target(name="named", host="pbx.example")


def name_at(peers: Peers, host: str, port: int = 5060) -> str | None:
    peer = peers.at((host, port))
    assert peers.at((host, port)) is peer
    return None if peer is None else peer.name


def test_a_peer_is_told_by_the_address_it_sends_from() -> None:
    peers = Peers([trunk("a", source("198.51.100.0/24")), trunk("b", source("198.51.101.7"))], [PBX])
    assert name_at(peers, "198.51.100.0") == "a"
    assert name_at(peers, "198.51.100.255", 1) == "a"
    assert name_at(peers, "198.51.101.7") == "b"
    assert name_at(peers, "198.51.101.8") is None
    assert name_at(peers, "198.51.99.255") is None


def test_the_most_specific_network_wins() -> None:
    nets = ["198.51.100.0/24", "198.51.100.16/28", "198.51.100.17", "0.0.0.0/0"]
    peers = Peers([trunk(net, source(net)) for net in nets], [])
    assert name_at(peers, "198.51.100.17") == "198.51.100.17"
    assert name_at(peers, "198.51.100.18") == "198.51.100.16/28"
    assert name_at(peers, "198.51.100.1") == "198.51.100.0/24"
    assert name_at(peers, "8.8.8.8") == "0.0.0.0/0"


def test_a_port_counts_more_than_a_network() -> None:
    peers = Peers([trunk("host", source("198.51.100.7")), trunk("port", source("198.51.100.0/24", 5070))], [])
    assert name_at(peers, "198.51.100.7", 5070) == "port"
    assert name_at(peers, "198.51.100.7", 5060) == "host"
    assert name_at(peers, "198.51.100.8", 5060) is None


def test_two_peers_may_share_an_address_on_two_ports() -> None:
    peers = Peers([trunk("a", source("127.0.0.1", 5061)), trunk("b", source("127.0.0.1", 5062))], [])
    assert name_at(peers, "127.0.0.1", 5061) == "a"
    assert name_at(peers, "127.0.0.1", 5062) == "b"
    assert name_at(peers, "127.0.0.1", 5063) is None


def test_a_target_may_send_from_any_port_of_its_address_and_from_where_it_says() -> None:
    pbx = msgspec.structs.replace(PBX, sources=(source("203.0.113.64/28"),))
    peers = Peers([], [pbx])
    assert name_at(peers, "203.0.113.5", 49152) == "pbx"
    assert name_at(peers, "203.0.113.70") == "pbx"
    assert name_at(peers, "203.0.113.6") is None


def test_a_target_is_found_at_its_very_address_though_a_trunk_has_the_host() -> None:
    peers = Peers([trunk("a", source("203.0.113.5"))], [PBX])
    assert name_at(peers, "203.0.113.5", 5060) == "pbx"
    assert name_at(peers, "203.0.113.5", 5061) == "a"


def test_ipv6_and_ipv4_do_not_mix() -> None:
    peers = Peers([trunk("six", source("2001:db8::/32")), trunk("four", source("32.1.13.0/24"))], [])
    assert name_at(peers, "2001:db8::1") == "six"
    assert name_at(peers, "32.1.13.184") == "four"
    assert name_at(peers, "2001:db9::1") is None
    assert name_at(peers, "::ffff:32.1.13.184") is None


def test_peers_are_found_by_name() -> None:
    peers = Peers([trunk("a", source("198.51.100.7"))], [PBX])
    assert peers.trunks["a"].name == "a"
    assert peers.targets["pbx"] is PBX


@pytest.mark.parametrize("prefix", ["198.51.0.0/16", "0.0.0.0/0"])
def test_what_is_remembered_is_bounded_and_strangers_drive_no_peer_out(prefix: str) -> None:
    peers = Peers([trunk("a", source(prefix))], [])
    for number in range(MAX_SEEN + 10):
        assert peers.at((f"198.51.{number // 256 % 256}.{number % 256}", 1024 + number)) is not None
    assert len(peers._index.seen) <= MAX_SEEN
    before = len(peers._index.seen)
    assert Peers([], []).at(("192.0.2.66", 5060)) is None
    for port in range(MAX_SEEN + 10):
        assert peers.at(("2001:db8::1", port)) is None
    assert len(peers._index._strangers) <= MAX_SEEN
    assert len(peers._index.seen) == before


def test_a_target_on_the_side_of_a_trunk_is_that_trunk() -> None:
    far = Target(name="far", host="198.51.100.9", port=5070, trunk="a")
    peers = Peers([trunk("a")], [PBX, far])
    assert name_at(peers, "198.51.100.9", 5070) == "a"
    assert name_at(peers, "198.51.100.9", 49152) == "a"


def test_a_target_with_a_name_is_told_by_the_addresses_that_it_leads_to() -> None:
    peers = Peers([], [NAMED])
    assert name_at(peers, "203.0.113.9") is None
    peers.locate("named", [("203.0.113.9", 5060), ("2001:db8::9", 5062)], 0.0)
    assert name_at(peers, "203.0.113.9", 49152) == "named"
    assert name_at(peers, "2001:db8::9") == "named"


def test_an_address_that_a_name_has_left_is_known_for_some_hours_more() -> None:
    peers = Peers([], [NAMED])
    peers.locate("named", [("203.0.113.9", 5060)], 0.0)
    peers.locate("named", [("203.0.113.10", 5060)], 10.0)
    assert name_at(peers, "203.0.113.9") == name_at(peers, "203.0.113.10") == "named"
    peers.locate("named", [("203.0.113.10", 5060)], 10.0 + FORMER)
    assert name_at(peers, "203.0.113.9") is None
    assert name_at(peers, "203.0.113.10") == "named"


def test_former_addresses_are_bounded() -> None:
    peers = Peers([], [NAMED])
    for number in range(MAX_FORMER // 100 + 3):
        peers.locate("named", [(f"198.18.{number}.{host}", 5060) for host in range(100)], 0.0)
    assert len(peers._former) <= MAX_FORMER
    assert name_at(peers, "198.18.0.0") is None


def test_a_trunk_is_told_by_its_certificate_on_the_connection_where_it_was_shown() -> None:
    roaming = msgspec.structs.replace(trunk("roaming"), certificates=("sip.carrier.example",))
    peers = Peers([roaming, trunk("a", source("198.51.100.0/24"))], [PBX])
    assert peers.certified({"other.example"}) is None
    assert peers.certified({"other.example", "sip.carrier.example"}) is roaming
    here = Flow("TLS", ("192.0.2.1", 5061), ("198.51.100.7", 49152))
    elsewhere = here._replace(local=("192.0.2.2", 5061))
    assert peers.prove(here, frozenset({"sip.carrier.example"}))
    assert peers.of(here) is roaming
    assert peers.of(elsewhere) is not roaming
    peers.prove(here, frozenset())
    peers.prove(here, frozenset())
    assert peers.of(here) is peers.trunks["a"]
