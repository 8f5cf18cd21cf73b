"""Where the guard may listen."""

import pytest
from wrong import Folder, changed

from sip_guard.config import Listen


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("localhost", "2: listen[0].udp: `localhost` is no numeric address with a port, such as 192.0.2.1:5060 or"),
        ("192.0.2.1", "2: listen[0].udp: `192.0.2.1` is no numeric address with a port"),
        ("192.0.2.256:5060", "2: listen[0].udp: `192.0.2.256` is no IP address"),
        ("192.0.2.1:65536", "2: listen[0].udp: `192.0.2.1:65536` is no numeric address with a port"),
        ("0.0.0.0:5060", "2: listen[0].udp: 0.0.0.0 is no address that peers can answer to; add `advertise"),
        ("'[::]:5060'", "2: listen[0].udp: :: is no address that peers can answer to; add `advertise"),
        (
            "0.0.0.0:5060\n    advertise: 0.0.0.0:5060",
            "3: listen[0].advertise: peers that reach 0.0.0.0 cannot answer to 0.0.0.0",
        ),
        (
            "0.0.0.0:5060\n    advertise: '[2001:db8::1]:5060'",
            "3: listen[0].advertise: peers that reach 0.0.0.0 cannot answer to 2001:db8::1",
        ),
        (
            "192.0.2.1:5060\n    advertise: 198.51.100.1:0",
            "3: listen[0].advertise: port 0 is no port to send to",
        ),
        (
            "0.0.0.0:5060\n    advertise: guard.example:5060",
            "3: listen[0].advertise: `guard.example:5060` is no numeric",
        ),
        ("192.0.2.1:5060\n  - udp: 192.0.2.1:5060", "1: listen: two entries have the same address"),
        (
            "192.0.2.1:5060\n    advertise: 192.0.2.9:5060\n  - {udp: 192.0.2.2:5060, advertise: 192.0.2.9:5060}",
            "1: listen: two entries have the same address",
        ),
        (
            "192.0.2.1:5060\n  - tcp: 192.0.2.1:5061\n  - tls: 192.0.2.1:5061\n"
            "tls: {certificate: root.pem, key: root.pem}",
            "1: listen: two entries have the same address",
        ),
        ("192.0.2.1:5060\n    tcp: 192.0.2.1:5061", "2: listen[0]: expected one of `udp`, `tcp` and `tls` with an"),
    ],
)
def test_an_address_where_nothing_could_be_heard_is_refused(folder: Folder, new: str, fault: str) -> None:
    assert folder.faults(changed("192.0.2.1:5060", new))[0].startswith(fault)


def test_a_faulty_address_is_one_fault(folder: Folder) -> None:
    text = changed("192.0.2.1:5060", "'[::1'\n    advertise: '[2001:db8::1]:5060'\n  - udp: 192.0.2.300:5060")
    assert [fault.partition(": ")[2].partition(":")[0] for fault in folder.faults(text)] == [
        "listen[0].udp",
        "listen[1].udp",
    ]


def test_an_entry_without_an_address_is_refused(folder: Folder) -> None:
    fault = folder.fault(changed("udp: 192.0.2.1:5060", "advertise: 192.0.2.1:5060"))
    assert fault == "2: listen[0]: expected one of `udp`, `tcp` and `tls` with an ADDRESS:PORT"


def test_a_guard_on_every_address_names_the_one_that_peers_reach(folder: Folder) -> None:
    text = changed("192.0.2.1:5060", "0.0.0.0:5060\n    advertise: 203.0.113.1:5070")
    assert folder.load(text).listen == (Listen("UDP", ("0.0.0.0", 5060), ("203.0.113.1", 5070)),)


def test_ports_that_the_system_chooses_never_collide(folder: Folder) -> None:
    assert len(folder.load(changed("192.0.2.1:5060", "192.0.2.1:0\n  - udp: 192.0.2.1:0")).listen) == 2


def test_udp_and_tcp_may_share_a_port(folder: Folder) -> None:
    listen = folder.load(changed("192.0.2.1:5060", "192.0.2.1:5060\n  - tcp: 192.0.2.1:5060")).listen
    assert [item.transport for item in listen] == ["UDP", "TCP"]


def test_a_call_may_come_by_ipv6_and_go_by_ipv4(folder: Folder) -> None:
    text = changed("192.0.2.1:5060", '192.0.2.1:5060\n  - udp: "[2001:DB8::1]:5060"')
    listen = folder.load(changed("198.51.100.0/24", '"2001:db8:7::/48"', text)).listen
    assert [(item.address, item.version) for item in listen] == [(("192.0.2.1", 5060), 4), (("2001:db8::1", 5060), 6)]
