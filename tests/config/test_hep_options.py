"""The collector: where it is, and that its authorities can be read."""

import pytest
from wrong import GOOD, Folder

from sip_guard.hep.options import Options

LINE = GOOD.count("\n") + 1


def hep(folder: Folder, section: str) -> Options | None:
    return folder.load(f"{GOOD}hep: {section}\n").hep


def test_nothing_is_mirrored_unless_it_is_asked_for(folder: Folder) -> None:
    assert folder.load(GOOD).hep is None


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("192.0.2.60", "192.0.2.60", 9060),
        ("192.0.2.60:9061", "192.0.2.60", 9061),
        ("[2001:db8::60]:9061", "2001:db8::60", 9061),
        ("Homer.example.com", "homer.example.com", 9060),
    ],
)
def test_a_collector_has_an_address_or_a_name(folder: Folder, address: str, host: str, port: int) -> None:
    assert hep(folder, f"{{address: '{address}'}}") == Options(host=host, port=port)


def test_over_tls_its_authorities_may_be_named(folder: Folder) -> None:
    section = "{address: a.example, transport: tls, ca: root.pem, capture_id: 7, password: secret, queue_octets: 65536}"
    assert hep(folder, section) == Options(
        host="a.example",
        transport="tls",
        ca=str(folder.path / "root.pem"),
        capture_id=7,
        password=b"secret",
        queue_octets=65_536,
    )


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ("{address: 'a b'}", "hep.address: `a b` is no host name"),
        ("{address: a.example, ca: root.pem}", "hep.ca: it is for `transport: tls`, and not for udp; leave it out"),
        ("{address: a.example, transport: tls, ca: no.pem}", "hep.ca: "),
        ("{address: a.example, transport: tls, ca: guard.yaml}", "hep.ca: "),
        ("{address: a.example, transport: sctp}", "hep.transport: "),
        ("{address: a.example, capture_id: -1}", "hep.capture_id: "),
        ("{}", "hep: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(folder: Folder, section: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}hep: {section}\n").startswith(f"{LINE}: {fault}")
