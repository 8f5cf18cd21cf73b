"""Hosts in network namespaces, joined by cables that can be cut and that lose packets.

    with Namespace() as guard, Namespace() as pbx:
        cable = Cable((guard, "10.0.1.1"), (pbx, "10.0.1.2"))
        cable.lose(10)
        with pbx.inside():
            sipp = Sipp("pbx", ("10.0.1.2", 5060), folder)
        cable.cut()
        cable.mend()

What is started `inside` lives there: processes, sockets and threads, and what these start in their turn. The calling
thread is back outside after the block. Nothing is left behind, not even by a test that is killed: a namespace lasts as
long as its descriptor and those who live in it, and a cable as long as the namespaces at its ends.

It takes root, a kernel with network namespaces and veth, and the programs `ip` and, for `lose`, `nft`: `missing` tells
what of it is not there.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Self

_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of <linux/sched.h>."""
_HERE = "/proc/thread-self/ns/net"
_names = count()


class Namespace:
    """A host with a network of its own: 127.0.0.1, and what cables are plugged in. Raises OSError if that cannot be."""

    def __init__(self) -> None:
        outside = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _ask("unshare", _NEW_NETWORK)
            try:
                self._descriptor = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
            finally:
                _ask("setns", outside, _NEW_NETWORK)
        finally:
            os.close(outside)
        self.run("ip", "link", "set", "lo", "up")

    @property
    def path(self) -> str:
        """By what name `ip` of this process' children knows it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread be there in the block."""
        outside = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _ask("setns", self._descriptor, _NEW_NETWORK)
            try:
                yield
            finally:
                _ask("setns", outside, _NEW_NETWORK)
        finally:
            os.close(outside)

    def run(self, *command: str) -> None:
        """Run a command there, and wait for it. Raises OSError with what it said if it fails."""
        with self.inside():
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")

    def close(self) -> None:
        """Let go of it: it ends with the last process in it."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Cable:
    """A cable between two hosts, each with an IPv4 address at its end of it: a network of 256 addresses for itself.

    The far host reaches all others over its first cable, and the near one passes on what is not for itself.
    """

    def __init__(self, near: tuple[Namespace, str], far: tuple[Namespace, str]) -> None:
        """Plug it in at both ends: (host, address)."""
        number = next(_names)
        self._near, self._router = near
        self._far, address = far
        self._ends = [(self._near, f"near{number}"), (self._far, f"far{number}")]
        (_, name), (_, far_name) = self._ends
        self._near.run("ip", "link", "add", name, "type", "veth", "peer", "name", far_name, "netns", self._far.path)
        self._near.run("ip", "address", "add", f"{self._router}/24", "dev", name)
        self._near.run("ip", "link", "set", name, "up")
        with self._near.inside():
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        self._far.run("ip", "address", "add", f"{address}/24", "dev", far_name)
        self.mend()

    def cut(self) -> None:
        """Pull it out at the far end: the near one hears nothing any more, and no error either as it sends by UDP."""
        self._far.run("ip", "link", "set", self._ends[1][1], "down")

    def mend(self) -> None:
        """Plug it in again."""
        self._far.run("ip", "link", "set", self._ends[1][1], "up")
        self._far.run("ip", "route", "append", "default", "via", self._router)

    def lose(self, percent: float) -> None:
        """Lose so many percent of the packets in each direction, by chance; the sender is not told."""
        for host, device in self._ends:
            # What is lost as it comes in, nobody hears of; on the way out, the sender would get an error.
            drop = f"iifname {device} numgen random mod 10000 < {round(percent * 100)} drop"
            host.run("nft", f"add table ip {device}; delete table ip {device}; add table ip {device}")
            host.run("nft", f"add chain ip {device} loss {{ type filter hook input priority 0; }}")
            if percent:
                host.run("nft", f"add rule ip {device} loss {drop}")


def missing(*, loss: bool = False) -> str:
    """Say what there is not that namespaces need (and `loss` of packets); empty: all is there."""
    for program in ("ip", "nft") if loss else ("ip",):
        if shutil.which(program) is None:
            return f"{program} is missing"
    try:
        with Namespace() as near, Namespace() as far:
            cable = Cable((near, "10.0.0.1"), (far, "10.0.0.2"))
            if loss:
                cable.lose(10)
    except OSError as error:
        return f"no network namespaces: {error}"
    return ""


def _ask(function: str, *arguments: int) -> None:
    """Call a function of the C library that Python 3.11 does not know. Raises OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
