"""Connects to a PostgreSQL server, and says of its errors what they mean."""

import os
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pg8000.dbapi

from sip_guard.journal.options import Server
from sip_guard.journal.trouble import Unusable

PATIENCE: Final = 10.0
"""Seconds that a connection may take, and each answer: a server that hangs must not hold us for ever."""
_SERVER_FIRST = 0.8
"""The part of that after which the server itself gives up, so that its locks are gone before we ask again."""
_ADVICE: Final = {
    "28000": "see `record.postgresql`, and pg_hba.conf of the server",
    "28P01": "see `record.postgresql.password_file`",
    "3D000": "make it: createdb --encoding UTF8 --owner USER DATABASE",
    "42501": "make the user the owner of the database",
}
"""What to do, by the code that the server gives (SQLSTATE)."""
_DATA: Final = ("22", "54")
"""Classes of codes for values that the server does not take, whenever they come."""

pg8000.dbapi.paramstyle = "qmark"


class RefusedValue(Exception):  # noqa: N818 - what it is
    """The server does not take what a statement holds, and never will."""


def connect(server: Server, patience: float = PATIENCE) -> Any:
    """Give a connection of pg8000 on which each statement is a transaction. Raises Unusable."""
    with telling(), _speaking(server):
        password = _password(server)
        link = _linked(server, patience)
        try:
            connection = pg8000.dbapi.connect(
                server.user,
                host=None if server.local else server.host,
                database=server.database,
                password=password,
                sock=link,
                ssl_context=False if server.local or not server.tls else _context(server),
                application_name="sip_guard",
            )
        except BaseException:
            link.close()
            raise
        connection.autocommit = True
        limit = int(patience * _SERVER_FIRST * 1000)
        connection.cursor().execute(
            f"SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}"
        )
    return connection


def disconnect(connection: Any) -> None:
    """Close a connection, in whatever state it is."""
    with suppress(pg8000.dbapi.Error, OSError, ValueError):
        connection.close()


@contextmanager
def telling() -> Iterator[None]:
    """Say of an error what it means. Raises Unusable or RefusedValue."""
    try:
        yield
    except pg8000.dbapi.Error as error:
        said = _said(error)
        if said is None:
            raise Unusable(_cause(error)) from None
        code, words = said.get("C", ""), said.get("M", "an error without words")
        if code[:2] in _DATA:
            raise RefusedValue(words) from None
        advice = _ADVICE.get(code)
        raise Unusable(f"{words}; {advice}" if advice else words) from None
    except OSError as error:
        raise Unusable(_words(error)) from None
    except (LookupError, UnicodeError, struct.error) as error:
        raise Unusable(f"the server said what makes no sense: {error!r}") from None


@contextmanager
def _speaking(server: Server) -> Iterator[None]:
    """Bear what answers there, whatever it is. Raises Unusable, and what `telling` knows."""
    try:
        yield
    except (pg8000.dbapi.Error, OSError, Unusable):
        raise
    except Exception as error:  # noqa: BLE001 - the driver takes for granted that a server says what it should
        raise Unusable(f"what answers at {server.host} port {server.port} speaks no PostgreSQL: {error!r}") from None


def _linked(server: Server, patience: float) -> socket.socket:
    if server.local:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(patience)
        try:
            link.connect(f"{server.host}/.s.PGSQL.{server.port}")
        except OSError as error:
            link.close()
            if isinstance(error, FileNotFoundError):
                raise Unusable("no server has its socket there; see `record.postgresql.host` and `port`") from None
            raise
        return link
    link = socket.create_connection((server.host, server.port), patience)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return link


def _context(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca)
    except (OSError, ssl.SSLError) as error:
        raise Unusable(f"{server.ca} cannot be used: {_words(error)}; see `record.postgresql.ca`") from None


def _password(server: Server) -> str:
    if server.password_file is None:
        return os.environ.get("PGPASSWORD", "")
    try:
        return (Path(server.password_file).read_text("utf-8").splitlines() or [""])[0]
    except (OSError, ValueError) as error:
        words = _words(error) if isinstance(error, OSError) else "it is no text in UTF-8"
        raise Unusable(
            f"{server.password_file} cannot be read: {words}; see `record.postgresql.password_file`"
        ) from None


def _said(error: BaseException | None) -> dict[str, str] | None:
    """Give the fields of the server's own error, if there is one behind an error.

    A server that refuses a connection hangs up, and the driver may trip over that on its way to say so.
    """
    while error is not None:
        if isinstance(error, pg8000.dbapi.DatabaseError):
            said = error.args[0] if error.args else None
            return said if isinstance(said, dict) else {}
        error = error.__context__
    return None


def _cause(error: Exception) -> str:
    """Give the words of what an error of the driver comes from."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return _words(cause)
    return "the connection broke" if str(error) == "network error" else str(error)


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not good: {error.verify_message}; see `record.postgresql.ca` and `tls`"
    return error.strerror or str(error)
