"""Runs a PostgreSQL server of Debian's package: one for all tests, with a database for each."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pg8000.dbapi
import pytest

from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.journal.options import Server

WAIT = 20.0
"""Seconds that it may take to answer or to end."""
PASSWORD = "not so secret"
_OWNER = "postgres"
"""Who runs it where we are root, which it refuses."""
_ACCESS = """\
local all all trust
hostnossl all all 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256
"""


class PostgreSQL:
    """One server, at a Unix socket and at a port of 127.0.0.1 with TLS or without, until it is closed."""

    def __init__(self, *, safe: bool = False) -> None:
        """Make it and start it. One that is `safe` waits for the disk, as others do not."""
        self._safe = safe
        self._folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self._log = self._folder / "log"
        self._user = _OWNER if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user, self._user)
        self._data = self._folder / "data"
        self._numbers = count(1)
        self.port = _free_port()
        self.ca = self._folder / "ca.pem"
        self.password_file = self._folder / "password"
        self.password_file.write_text(f"{PASSWORD}\n")
        self._process: subprocess.Popen[bytes] | None = None
        init = [_program("initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        init += ["--locale", "C.UTF-8"]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, user=self._user, group=self._user, cwd="/")
        (self._data / "pg_hba.conf").write_text(_ACCESS)
        self._certify()
        self.start()
        self._does(f"CREATE ROLE sip_guard LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "on" if self._safe else "off",
            "max_connections": 30,
            "ssl": "on",
        }
        command = [_program("postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=self._user,
                group=self._user,
                cwd="/",
            )
        end = time.monotonic() + WAIT
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(pg8000.dbapi.Error):
                self._does("SELECT 1")
                return
            time.sleep(0.02)
        raise AssertionError(f"PostgreSQL does not answer\n{self._log.read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        """End it at once, as `pg_ctl stop -m immediate` does: what was not committed is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(WAIT)
            self._process = None

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does: it keeps its connections, and says no more."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def database(self, *, encoding: str = "UTF8", owner: str = "sip_guard") -> Server:
        """Make a database, and give the way to it by the Unix socket."""
        name = f"record{next(self._numbers)}"
        self._does(f"CREATE DATABASE {name} OWNER {owner} ENCODING {encoding} LOCALE 'C' TEMPLATE template0")
        return Server(host=str(self._folder), port=self.port, database=name)

    def over_tcp(self, server: Server, **given: Any) -> Server:
        """Give the way to a database by TCP, without TLS if nothing else is said."""
        of_tcp: dict[str, Any] = {"host": "127.0.0.1", "tls": False, "password_file": str(self.password_file)}
        return Server(database=server.database, port=self.port, **of_tcp | given)

    def asked(self, server: Server, statement: str) -> list[list[Any]]:
        """Give what a superuser is told in a database."""
        with closing(self._connected(server)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return [list(row) for row in cursor.fetchall()] if cursor.description else []

    def holding(self, server: Server, statement: str) -> Any:
        """Begin a transaction of a superuser with a statement, and keep what it locks until that is closed."""
        connection = self._connected(server)
        connection.cursor().execute(statement)
        return connection

    def close(self) -> None:
        """End it, and delete all of it."""
        if self._process is not None:
            self.thaw()
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def _socket(self) -> str:
        return str(self._folder / f".s.PGSQL.{self.port}")

    def _connected(self, server: Server) -> Any:
        return pg8000.dbapi.connect("postgres", unix_sock=self._socket, database=server.database, timeout=WAIT)

    def _does(self, statement: str) -> None:
        self.asked(Server(database="postgres"), statement)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            pid = self._process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for each in (pid, *map(int, children)):
                with suppress(ProcessLookupError):
                    os.kill(each, number)

    def _certify(self) -> None:
        window = Window.around(time.time())
        root = web_root(window)
        server = web_server(root, window)
        files = {self.ca: root.pem, self._data / "server.crt": server.pem, self._data / "server.key": server.key_pem}
        for path, pem in files.items():
            path.write_bytes(pem)
            path.chmod(0o600)
            if self._user:
                shutil.chown(path, self._user, self._user)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Give the server that all tests share. Who stops it starts it again."""
    with closing(PostgreSQL()) as server:
        yield server


def _program(name: str) -> str:
    """Find a program of the newest version that is installed: Debian has none of them on the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    for folder in [*reversed(folders), *map(Path, os.get_exec_path())]:
        if (folder / name).exists():
            return str(folder / name)
    pytest.fail("PostgreSQL is missing: scripts/test installs it, or apt-get install postgresql", pytrace=False)


def _free_port() -> int:
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        port: int = link.getsockname()[1]
        return port
