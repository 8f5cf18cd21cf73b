"""The control socket: what is asked of a guard that runs, by whoever may open a file of its own.

One line with a word is sent, and one line with a JSON object comes back.
"""

import errno
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

MAX_PATH: Final = 107
"""Octets of the path of a Unix socket, by the system."""
MAX_CONNECTIONS: Final = 16
MAX_WORD: Final = 64
"""Characters of a command."""
IDLE: Final = 10.0
"""Seconds in which something has to be asked."""
_MAX_ANSWER: Final = 1024 * 1024

Reply = dict[str, Any]
Commands = Mapping[str, Callable[[], Reply | Deferred[Reply]]]
"""What may be asked, by its word. None of them fails."""


class Unreachable(Exception):  # noqa: N818 - what it is
    """No guard answers at a control socket; the text says why, and what to do."""


class Control(Factory):
    """The side of the guard."""

    noisy = False

    def __init__(self, commands: Commands, reactor: Any) -> None:
        self.commands = commands
        self.reactor = reactor
        self.connections = 0
        self._port: Any = None

    def listen(self, path: Path) -> None:
        """Listen at a path that its owner alone may open. Raises OSError; what a dead guard has left goes away."""
        try:
            _clear(path)
            self._port = self.reactor.listenUNIX(str(path), self, mode=0o600)
        except (OSError, CannotListenError) as error:
            cause = error.socketError if isinstance(error, CannotListenError) else error
            raise OSError(cause.errno, f"cannot listen at {path}: {cause.strerror}; see `control`") from None

    def buildProtocol(self, _: object) -> "_Asked | None":  # noqa: N802 - Twisted's name
        """Take a connection, if there are not too many."""
        return _Asked(self) if self.connections < MAX_CONNECTIONS else None

    def stop(self) -> None:
        """Listen no more."""
        if self._port is not None:
            self._port.stopListening()
            self._port = None


class _Asked(Protocol):
    """One connection: one question, one answer."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._line = b""
        self._late: IDelayedCall | None = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        self._control.connections += 1
        self._late = self._control.reactor.callLater(IDLE, self._close)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802, ARG002 - Twisted's name
        self._control.connections -= 1
        self._wait_no_more()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        line, ended, _ = (self._line + data).partition(b"\n")
        self._line = line[:MAX_WORD]
        if not ended or self._late is None:
            return
        self._wait_no_more()
        word = self._line.decode("ascii", "replace")
        command = self._control.commands.get(word)
        if command is None:
            words = ", ".join(self._control.commands)
            self._answer({"errors": [f"`{word}` is no command; there are: {words}"]})
            return
        reply = command()
        if isinstance(reply, Deferred):
            reply.addCallback(self._answer)
        else:
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        if self.transport is not None:
            self.transport.write(msgspec.json.encode(reply) + b"\n")
            self._close()

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def _wait_no_more(self) -> None:
        if self._late is not None and self._late.active():
            self._late.cancel()
        self._late = None


def ask(path: Path, command: str, seconds: float) -> Reply:
    """Ask the guard whose control socket is at `path`, and wait for so long. Raises Unreachable."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(seconds)
        said = bytearray()
        try:
            link.connect(str(path))
            link.sendall(f"{command}\n".encode())
            while (octets := link.recv(65_536)) and len(said) < _MAX_ANSWER:
                said += octets
        except TimeoutError:
            raise Unreachable(f"{path}: the guard has not answered within {seconds:g} s; see its log") from None
        except PermissionError as error:
            raise Unreachable(f"{path}: {error.strerror}; ask as the guard's user, or as root") from None
        except OSError as error:
            raise Unreachable(f"{path}: no guard answers here: {error.strerror}; is it running?") from None
    try:
        return msgspec.json.decode(said, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Unreachable(f"{path}: the guard ended before it had answered; see its log") from None


def _clear(path: Path) -> None:
    """Remove the socket of a guard that is gone. Raises OSError if one listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(1.0)
        try:
            link.connect(str(path))
        except ConnectionRefusedError:
            if not path.is_socket():
                raise FileExistsError(errno.EEXIST, "it is another file") from None
            path.unlink()
        except FileNotFoundError:
            return
        else:
            raise FileExistsError(errno.EEXIST, "another guard does")
