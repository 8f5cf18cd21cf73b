"""The way to a PostgreSQL server: password and TLS, and what is said where it is wrong."""

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pg8000.core
import pg8000.dbapi
import pytest
from postgresql import PASSWORD, PostgreSQL

from sip_guard.journal.connecting import connect, disconnect
from sip_guard.journal.options import Server
from sip_guard.journal.trouble import Unusable


@pytest.fixture
def database(postgresql: PostgreSQL) -> Server:
    return postgresql.database()


def encrypted(server: Server) -> bool:
    """Connect, and tell whether TLS was spoken."""
    connection = connect(server)
    cursor = connection.cursor()
    cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    (spoken,) = cursor.fetchone()
    disconnect(connection)
    return bool(spoken)


def fault(server: Server) -> str:
    with pytest.raises(Unusable) as told:
        connect(server, 1.0)
    return str(told.value)


def test_it_is_reached_by_its_socket_by_tcp_and_by_tls(postgresql: PostgreSQL, database: Server) -> None:
    assert not encrypted(database)
    assert not encrypted(postgresql.over_tcp(database))
    assert encrypted(postgresql.over_tcp(database, tls=True, ca=str(postgresql.ca)))
    assert encrypted(postgresql.over_tcp(database, host="localhost", tls=True, ca=str(postgresql.ca)))


def test_a_certificate_of_nobody_known_is_refused(postgresql: PostgreSQL, database: Server) -> None:
    assert fault(postgresql.over_tcp(database, tls=True)).startswith("the server's certificate is not good: unable to")


def test_the_password_may_be_in_the_environment(
    postgresql: PostgreSQL, database: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = postgresql.over_tcp(database, password_file=None)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert not encrypted(server)
    monkeypatch.delenv("PGPASSWORD")
    assert fault(server) == (
        'password authentication failed for user "sip_guard"; see `record.postgresql.password_file`'
    )


def test_a_password_that_was_changed_is_read_anew(postgresql: PostgreSQL, database: Server, tmp_path: Path) -> None:
    file = tmp_path / "password"
    server = postgresql.over_tcp(database, password_file=str(file))
    assert fault(server).startswith(f"{file} cannot be read: No such file or directory; see `record.postgresql.")
    file.write_text("wrong\n")
    assert fault(server).startswith("password authentication failed")
    file.write_text(PASSWORD)
    assert not encrypted(server)


def test_what_is_not_there_is_said_with_what_to_do(postgresql: PostgreSQL, database: Server, tmp_path: Path) -> None:
    nowhere = Server(host=database.host, port=database.port, database="nowhere")
    assert (
        fault(nowhere) == 'database "nowhere" does not exist; make it: createdb --encoding UTF8 --owner USER DATABASE'
    )
    assert fault(Server(host=database.host, port=database.port, user="nobody", database=database.database)) == (
        'role "nobody" does not exist; see `record.postgresql`, and pg_hba.conf of the server'
    )
    assert fault(Server(host=str(tmp_path))) == (
        "no server has its socket there; see `record.postgresql.host` and `port`"
    )
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    assert fault(postgresql.over_tcp(database, tls=True, ca=str(broken))).startswith(f"{broken} cannot be used: ")


@contextmanager
def answering(said: bytes | None) -> Iterator[dict[str, Any]]:
    """Answer all connections with the same words, and leave; None: say nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    link = listening.accept()[0]
                except OSError:
                    return
                held.append(link)
                link.recv(4096)
                if said is not None:
                    link.sendall(said)
                    link.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield {"host": "127.0.0.1", "port": listening.getsockname()[1]}
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for link in held:
            link.close()


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "said",
    [b"", b"SIP/2.0 400 Bad Request\r\n\r\n", b"N", b"S", b"R\0\0\0\x08\xff\xff\xff\xff", b"E\0\0\0\x05\0", b"\0" * 64],
)
def test_whatever_answers_there_is_borne(said: bytes, tls: bool) -> None:
    with answering(said) as place:
        assert fault(Server(tls=tls, **place))


def test_a_server_that_would_not_speak_tls_gets_no_password() -> None:
    with answering(b"N") as place:
        assert fault(Server(**place)) == "Server refuses SSL"


def test_a_refusal_is_told_although_the_server_has_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hung_up(link: Any, octets: bytes) -> None:
        if octets == pg8000.core.TERMINATE_MSG:
            raise pg8000.dbapi.InterfaceError("network error") from BrokenPipeError(errno.EPIPE, "Broken pipe")
        link.write(octets)

    monkeypatch.setattr("pg8000.core._write", hung_up)
    said = b"SFATAL\0C28000\0Mno such role\0\0"
    with answering(b"E" + (4 + len(said)).to_bytes(4) + said) as place:
        assert fault(Server(tls=False, **place)).startswith("no such role; see `record.postgresql`, and pg_hba.conf")


def test_a_server_that_says_nothing_is_left() -> None:
    with answering(None) as place:
        server = Server(tls=False, **place)
        with pytest.raises(Unusable, match="the server does not answer"):
            connect(server, 0.1)
