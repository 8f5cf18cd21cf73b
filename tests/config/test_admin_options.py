"""The admin listener: on this machine freely, anywhere else only behind TLS and a password."""

from pathlib import Path

import pytest
from pki import NOW
from wrong import GOOD, Folder

from sip_guard.admin.options import Options
from sip_guard.admin.password import Hash
from sip_guard.demo.pki import Window, web_root, web_server

PASSWORD = str(Hash.of(b"correct horse battery", bytes(16)))
LINE = GOOD.count("\n") + 1


@pytest.fixture
def tls(folder: Folder) -> Path:
    """Write a certificate and its key."""
    issued = web_server(web_root(Window.around(NOW)), Window.around(NOW))
    folder.write("admin.key", issued.key_pem)
    return folder.write("admin.pem", issued.bundle)


def admin(folder: Folder, section: str) -> Options | None:
    return folder.load(f"{GOOD}admin: {section}\n").admin


def test_there_is_none_unless_it_is_asked_for(folder: Folder) -> None:
    assert folder.load(GOOD).admin is None


def test_it_is_on_loopback_if_nothing_else_is_said(folder: Folder) -> None:
    assert admin(folder, "{}") == Options(address=("127.0.0.1", 9290))


def test_it_has_names_in_lower_case(folder: Folder) -> None:
    found = admin(folder, "{listen: '[::1]:0', hosts: [Guard.example.com]}")
    assert found == Options(address=("::1", 0), hosts=frozenset({"guard.example.com"}))


def test_on_loopback_a_password_and_tls_may_be_asked_for(folder: Folder, tls: Path) -> None:
    found = admin(folder, f"{{password: {PASSWORD}, certificate: admin.pem, key: admin.key}}")
    assert found is not None
    assert found.tls is not None
    assert (found.password, found.tls.certificate) == (Hash.parse(PASSWORD), str(tls))


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ("", "`certificate`, `key`, `password`"),
        ("certificate: admin.pem, key: admin.key", "`password`"),
        (f"password: {PASSWORD}", "`certificate`, `key`"),
    ],
)
@pytest.mark.parametrize("address", ["192.0.2.1", "0.0.0.0", "[::]", "[2001:db8::1]"])
@pytest.mark.usefixtures("tls")
def test_anywhere_else_tls_and_a_password_are_needed(folder: Folder, address: str, given: str, lacking: str) -> None:
    fault = folder.fault(f"{GOOD}admin: {{listen: '{address}:9290', {given}}}\n")
    assert fault == (
        f"{LINE}: admin.listen: others reach {address.strip('[]')}, so TLS and a password are needed: "
        f"add {lacking}; or listen on 127.0.0.1"
    )


@pytest.mark.usefixtures("tls")
def test_anywhere_else_with_both_is_good(folder: Folder) -> None:
    section = f"{{listen: '192.0.2.1:9290', password: {PASSWORD}, certificate: admin.pem, key: admin.key}}"
    assert admin(folder, section) is not None


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ("{listen: here}", "admin.listen: `here` is no numeric address with a port"),
        ("{password: secret}", "admin.password: this is no hash of a password; `sip-guard hash-password` makes one"),
        ("{hosts: [a b]}", "admin.hosts[0]: `a b` is no host name"),
        ("{key: admin.key}", "admin: `certificate` and `key` belong together; give both, or none"),
        ("{certificate: no.pem, key: admin.key}", "admin.certificate: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(folder: Folder, section: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}admin: {section}\n").startswith(f"{LINE}: {fault}")
