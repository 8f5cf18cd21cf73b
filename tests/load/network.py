"""A network of its own for each case: nothing leaves it, and all that was started in it ends with it."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_OWN = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
"""Namespaces of util-linux's `unshare`: a network with nothing but a loopback, and processes that die together."""
_CHAIN = "add table inet fault; add chain inet fault input { type filter hook input priority 0; }\n"


def alone(command: Sequence[str]) -> list[str]:
    """Give the command that runs `command` in a network of its own. Raises RuntimeError without the programs for it."""
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program) is None:
            raise RuntimeError(f"{program} is missing: apt-get install {package}")
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *as_root, *_OWN, *command]


def bring_up() -> None:
    """Bring up the loopback of this network, once in it."""
    _run("ip", "link", "set", "lo", "up")


@contextmanager
def losing(share: float) -> Iterator[None]:
    """Lose this share of all datagrams, by chance."""
    with _rule(f"meta l4proto udp numgen random mod 1000 < {round(1000 * share)} drop"):
        yield


@contextmanager
def cut_off(host: str) -> Iterator[None]:
    """Let nothing reach `host` and nothing come from it, without a word to anyone."""
    with _rule(f"ip daddr {host} drop; add rule inet fault input ip saddr {host} drop"):
        yield


@contextmanager
def _rule(rule: str) -> Iterator[None]:
    """Apply a rule to what arrives; on the way out, a sender would be told."""
    _run("nft", "-f", "-", text=f"{_CHAIN}add rule inet fault input {rule}\n")
    try:
        yield
    finally:
        _run("nft", "delete", "table", "inet", "fault")


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
