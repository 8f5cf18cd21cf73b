"""Below what no proxy can be: an ES256 check of the cryptography package, and the datagrams of a call in C."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from cost import CPU
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from figures import Figures
from processes import pinned

PAIRS = 7
"""Datagrams of a full call that are taken, and as many that are sent: INVITE, 180, 200, ACK, BYE, 200, and a 100."""
CHECKS = 5000
_DATAGRAMS = Path(__file__).with_name("datagrams.c")


def measure(folder: Path, figures: Figures) -> None:
    """Take the CPU time of both, on the core of the contenders. Raises RuntimeError without a C compiler."""
    with pinned(0):
        check, datagrams = _check(), _datagrams(folder)
    figures.add("floor", CPU, check + datagrams)
    figures.add("floor", "an ES256 check, us", check)
    figures.add("floor", "datagrams, us a call", datagrams)


def _check() -> float:
    key, algorithm, octets = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256()), os.urandom(430)
    signature, public = key.sign(octets, algorithm), key.public_key()
    begin = time.thread_time()
    for _ in range(CHECKS):
        public.verify(signature, octets, algorithm)
    return (time.thread_time() - begin) / CHECKS * 1e6


def _datagrams(folder: Path) -> float:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise RuntimeError("a C compiler is missing: apt-get install gcc")
    program = folder / "datagrams"
    subprocess.run([compiler, "-O2", "-o", str(program), str(_DATAGRAMS)], check=True)
    return PAIRS * float(subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout)
