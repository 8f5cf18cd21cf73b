import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from reactor import Reactor
from streams import ALWAYS, PAST, Files, Guard, named, root
from streams import message as a_message

from sip_guard.demo.pki import Issued, Window, end_entity, issue, sti_intermediate, web_root
from sip_guard.transport.stream import StreamPort
from sip_guard.transport.tls import Tls, TlsFiles, domains, read, speaks_for

MESSAGE = a_message(b"hello")
ROOT = root()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def guard(in_reactor: Reactor, files: Files) -> Iterator[Guard]:
    made = Guard(in_reactor, "TLS", files)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("listed", "common", "expected"),
    [
        (["sip:example.com"], "cn.example.com", {"example.com"}),
        (["SIP:Example.COM"], "peer", {"example.com"}),
        (["sip:example.com:5061;transport=tls"], "peer", {"example.com"}),
        (["sip:a.example.com", "sip:b.example.com"], "peer", {"a.example.com", "b.example.com"}),
        (["sip:a.example.com", "b.example.com"], "peer", {"a.example.com"}),
        (["sip:alice@example.com"], "cn.example.com", set()),
        (["sip:alice@a.example.com", "b.example.com"], "peer", {"b.example.com"}),
        (["sips:example.com", "https://example.com"], "peer", set()),
        (["sip:", "sip:[2001:db8::1]", "sip:a b"], "peer", set()),
        (["Example.com", "b.example.com"], "peer", {"example.com", "b.example.com"}),
        (["*.example.com"], "peer", set()),
        (["sip:*.example.com"], "peer", set()),
        (["192.0.2.1"], "cn.example.com", set()),
        ([], "CN.example.com", {"cn.example.com"}),
        ([], "*.example.com", set()),
        ([], "Alice of Example", set()),
    ],
)
def test_a_certificate_gives_its_holder_these_domains(listed: list[str], common: str, expected: set[str]) -> None:
    assert domains(named(ROOT, *listed, common=common).certificate) == expected


@pytest.mark.parametrize("octets", [b"\x30\x03\x82\x05a", b"\x30\x02\xa3\x00", b"\x30\x03\x82\x01\xff"])
def test_alternative_names_that_cannot_be_read_are_no_names(octets: bytes) -> None:
    unreadable = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, octets)
    issued = issue("cn.example.com", ROOT, ALWAYS, [*end_entity(), (unreadable, False)])
    assert domains(issued.certificate) == frozenset()
    assert not speaks_for(issued.certificate, "cn.example.com")
    assert not speaks_for(issued.certificate, "192.0.2.1")


def test_a_common_name_that_cannot_be_read_is_no_name() -> None:
    issued = issue("cn.example.com", ROOT, ALWAYS, end_entity())
    der = issued.certificate.public_bytes(serialization.Encoding.DER)
    garbled = x509.load_der_x509_certificate(der.replace(b"cn.example.com", b"\xffn.example.com"))
    assert domains(garbled) == frozenset()


def test_no_certificate_speaks_for_nobody() -> None:
    assert not speaks_for(None, "example.com")


def test_an_octet_stream_over_tls_is_of_version_1_2_or_newer(guard: Guard) -> None:
    port = guard.listen()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = guard.files.client(guard.root)
        client.minimum_version = client.maximum_version = version
        peer = guard.peer(port, tls=client)
        peer.send(MESSAGE)
        guard.received(MESSAGE)
    old = guard.files.client(guard.root)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        guard.peer(port, tls=old)


def test_what_is_no_tls_at_all_is_closed(guard: Guard) -> None:
    with socket.create_connection(guard.listen().address) as plain:
        plain.settimeout(30)
        plain.sendall(b"OPTIONS sip:guard.example.com SIP/2.0\r\n\r\n")
        while plain.recv(1000):
            pass
    assert guard.count("unopened") == 1
    assert guard.is_quiet()


def test_a_handshake_that_never_ends_is_cut_off(guard: Guard) -> None:
    port = guard.listen()
    with socket.create_connection(port.address) as silent:
        silent.settimeout(30)
        peer = guard.peer(port)
        peer.send(MESSAGE)
        guard.received(MESSAGE)
        guard.advance(30)
        with pytest.raises(ConnectionResetError):
            silent.recv(1)
    assert guard.count("slow") == 1
    peer.send(MESSAGE)
    guard.received(MESSAGE)


def test_a_server_that_never_ends_the_handshake_is_given_up_in_time(guard: Guard) -> None:
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    guard.send(MESSAGE, flow)
    connection, _ = host.socket.accept()
    with connection:
        guard.advance(4)
        assert guard.failed(flow) == "no connection in time"
    assert guard.count("unopened") == 1


def test_a_server_that_speaks_no_tls_is_a_failure(guard: Guard) -> None:
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    guard.send(MESSAGE, flow)
    connection, _ = host.socket.accept()
    with connection:
        connection.sendall(b"SIP/2.0 400 Bad Request\r\n\r\n")
        assert guard.failed(flow).startswith("TLS: ")


def fails(guard: Guard, issued: Issued, name: str | None = None) -> str:
    """Let the guard connect to a server with this certificate, and tell what it says of it."""
    assert guard.tls is not None
    if name is not None:
        guard.start(tls=Tls(guard.files.tls(guard.own, ca=guard.root), lambda _: name))
    host = guard.host(tls=guard.files.server(issued))
    flow = guard.flow(guard.listen(), host.address)
    guard.send(MESSAGE, flow)
    with pytest.raises((OSError, AssertionError)):
        host.accept().get(MESSAGE)
    assert guard.count("connected") == 0
    return guard.failed(flow)


def test_a_server_of_another_authority_gets_nothing(guard: Guard) -> None:
    assert "certificate verify failed" in fails(guard, named(root(), "127.0.0.1"))


def test_a_server_whose_certificate_has_expired_gets_nothing(guard: Guard) -> None:
    assert "certificate verify failed" in fails(guard, named(guard.root, "127.0.0.1", window=PAST))


def test_a_server_that_signed_its_own_certificate_gets_nothing(guard: Guard) -> None:
    assert "certificate verify failed" in fails(guard, web_root(ALWAYS))


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        (["127.0.0.2"], None),
        (["pbx.example.com"], None),
        (["127.0.0.1"], "pbx.example.com"),
        (["example.com"], "pbx.example.com"),
        (["*.example.com"], "pbx.example.com"),
        (["sip:other.example.com", "pbx.example.com"], "pbx.example.com"),
        ([], "pbx.example.com"),
    ],
)
def test_a_server_of_another_name_gets_nothing(guard: Guard, listed: list[str], name: str | None) -> None:
    assert fails(guard, named(guard.root, *listed), name) == "TLS: the certificate is for another name"


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        (["127.0.0.1"], None),
        (["pbx.example.com"], "pbx.example.com"),
        (["PBX.example.com"], "pbx.EXAMPLE.com"),
        (["sip:example.com", "pbx.example.com"], "example.com"),
    ],
)
def test_a_server_of_the_right_name_is_told_it_and_gets_the_message(
    guard: Guard, listed: list[str], name: str | None
) -> None:
    if name is not None:
        guard.start(tls=Tls(guard.files.tls(guard.own, ca=guard.root), lambda _: name))
    asked: list[str | None] = []
    server = guard.files.server(named(guard.root, *listed))
    server.sni_callback = lambda _, asked_for, __: asked.append(asked_for)
    host = guard.host(tls=server)
    flow = guard.flow(guard.listen(), host.address)
    guard.send(MESSAGE, flow)
    host.accept().get(MESSAGE)
    assert asked == [name]


def test_our_certificate_is_shown_to_a_server_that_asks_for_it(guard: Guard) -> None:
    host = guard.host(tls=guard.files.server(named(guard.root, "127.0.0.1"), client_ca=guard.root))
    guard.send(MESSAGE, guard.flow(guard.listen(), host.address))
    peer = host.accept()
    peer.get(MESSAGE)
    assert isinstance(peer.connection, ssl.SSLSocket)
    shown = peer.connection.getpeercert(binary_form=True)
    assert shown == guard.own.certificate.public_bytes(serialization.Encoding.DER)


def test_our_certificate_need_not_be_shown(guard: Guard) -> None:
    guard.start(tls=Tls(guard.files.tls(guard.own, ca=guard.root, present=False)))
    host = guard.host(tls=guard.files.server(named(guard.root, "127.0.0.1"), client_ca=guard.root))
    flow = guard.flow(guard.listen(), host.address)
    guard.send(MESSAGE, flow)
    with pytest.raises(ssl.SSLError, match="did not return a certificate"):
        host.accept()
    assert "certificate required" in guard.failed(flow)


def shown(guard: Guard, port: StreamPort) -> bytes | None:
    """Give the certificate that the guard shows."""
    peer = guard.peer(port)
    assert isinstance(peer.connection, ssl.SSLSocket)
    return peer.connection.getpeercert(binary_form=True)


def renew(tls: Tls, files: TlsFiles) -> None:
    """Read certificates again."""
    tls.take(files, read(files))


def test_certificates_are_reloaded_and_connections_stay(guard: Guard) -> None:
    assert guard.tls is not None
    port = guard.listen()
    peer = guard.peer(port)
    peer.send(MESSAGE)
    flow = guard.received(MESSAGE)
    renewed = named(guard.root, "127.0.0.1", "guard.example.com")
    guard.files.certificate(renewed)
    before = guard.own.certificate.public_bytes(serialization.Encoding.DER)
    assert shown(guard, port) == before
    tls = guard.tls
    assert tls is not None
    guard.in_reactor(lambda: renew(tls, tls.files))
    assert shown(guard, port) == renewed.certificate.public_bytes(serialization.Encoding.DER)
    # The old connection goes on, in both directions.
    guard.send(MESSAGE, flow, flow.remote)
    peer.get(MESSAGE)
    peer.send(MESSAGE)
    assert guard.received(MESSAGE) == flow
    # Servers are shown the new one, too.
    host = guard.host(tls=guard.files.server(named(guard.root, "127.0.0.1"), client_ca=guard.root))
    guard.send(MESSAGE, guard.flow(port, host.address))
    server = host.accept()
    assert isinstance(server.connection, ssl.SSLSocket)
    der = renewed.certificate.public_bytes(serialization.Encoding.DER)
    assert server.connection.getpeercert(binary_form=True) == der


def test_a_reload_that_fails_changes_nothing(guard: Guard) -> None:
    assert guard.tls is not None
    tls = guard.tls
    port = guard.listen()
    expires = guard.tls.not_after
    guard.files.write("guard.pem", named(guard.root, "127.0.0.1", window=PAST).pem)
    with pytest.raises(ValueError, match=r"guard\.key: not the key of the first certificate in .*guard\.pem"):
        guard.in_reactor(lambda: renew(tls, tls.files))
    assert shown(guard, port) == guard.own.certificate.public_bytes(serialization.Encoding.DER)
    assert guard.tls.not_after == expires


def test_the_first_certificate_to_expire_is_known(files: Files) -> None:
    soon = Window(ALWAYS.not_before, ALWAYS.not_after - 86_400)
    tls = Tls(files.tls(named(ROOT, "example.com"), ca=ROOT))
    assert tls.not_after.timestamp() == ALWAYS.not_after
    renew(tls, files.tls(named(ROOT, "example.com", window=soon), ca=ROOT))
    assert tls.not_after.timestamp() == soon.not_after
    renew(tls, files.tls(named(sti_intermediate(ROOT, soon), "example.com"), ca=ROOT))
    assert tls.not_after.timestamp() == soon.not_after


def test_a_reload_may_name_other_files(guard: Guard) -> None:
    assert guard.tls is not None
    tls, port = guard.tls, guard.listen()
    other = named(guard.root, "127.0.0.1")
    certificate, key = guard.files.certificate(other, "other")
    guard.in_reactor(lambda: renew(tls, TlsFiles(certificate=certificate, key=key)))
    guard.in_reactor(lambda: renew(tls, tls.files))
    assert shown(guard, port) == other.certificate.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("what", ["certificate", "key", "ca", "client_ca"])
@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (None, "No such file or directory"),
        (b"", "PEM"),
        (b"-----BEGIN CERTIFICATE-----\n", "PEM"),
        (b"\xff\x00", "PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(files: Files, what: str, octets: bytes | None, why: str) -> None:
    sound = files.tls(named(ROOT, "example.com"), ca=ROOT, client_ca=ROOT)
    path = files.folder / "bad.pem"
    if octets is not None:
        path.write_bytes(octets)
    made = TlsFiles(
        certificate=str(path) if what == "certificate" else sound.certificate,
        key=str(path) if what == "key" else sound.key,
        ca=str(path) if what == "ca" else sound.ca,
        client_ca=str(path) if what == "client_ca" else sound.client_ca,
    )
    with pytest.raises(ValueError, match=rf"bad\.pem: .*{why}"):
        Tls(made)


def test_an_encrypted_key_is_named(files: Files) -> None:
    sound = files.tls(named(ROOT, "example.com"), ca=ROOT)
    secret = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    made = TlsFiles(certificate=sound.certificate, key=files.write("secret.key", secret))
    with pytest.raises(ValueError, match=r"secret\.key: the private key is encrypted"):
        Tls(made)


def test_the_systems_authorities_are_trusted_where_none_are_named(files: Files) -> None:
    certificate, key = files.certificate(named(ROOT, "example.com"))
    Tls(TlsFiles(certificate=certificate, key=key))


def test_which_name_a_server_must_have_may_change_while_we_run(guard: Guard) -> None:
    names: dict[str, str] = {}
    guard.start(tls=Tls(guard.files.tls(guard.own, ca=guard.root), lambda address: names.get(address[0])))
    host = guard.host(tls=guard.files.server(named(guard.root, "127.0.0.1", "a.example.com", "b.example.com")))
    flow = guard.flow(guard.listen(), host.address)
    guard.send(a_message(b"1"), flow)
    first = host.accept()
    first.get(a_message(b"1"))
    # The server has shown that it is these, too; and never that it is anybody else.
    for name in ("127.0.0.1", "a.example.com", "b.example.com"):
        names["127.0.0.1"] = name
        guard.send(a_message(b"2"), flow)
        first.get(a_message(b"2"))
    names["127.0.0.1"] = "c.example.com"
    guard.send(a_message(b"3"), flow)
    with pytest.raises((OSError, AssertionError)):
        host.accept().get(a_message(b"3"))
    assert guard.failed(flow) == "TLS: the certificate is for another name"
    names.clear()
    guard.send(a_message(b"4"), flow)
    first.get(a_message(b"4"))


def test_what_waits_for_one_server_does_not_go_to_the_next_one_at_its_address(guard: Guard) -> None:
    names = {"127.0.0.1": "a.example.com"}
    guard.start(tls=Tls(guard.files.tls(guard.own, ca=guard.root), lambda address: names[address[0]]))
    host = guard.host(tls=guard.files.server(named(guard.root, "a.example.com", "b.example.com")))
    flow = guard.flow(guard.listen(), host.address)
    guard.send(a_message(b"for a"), flow)
    names["127.0.0.1"] = "b.example.com"
    guard.send(a_message(b"for b"), flow)
    host.accept().get(a_message(b"for a"))
    host.accept().get(a_message(b"for b"))
