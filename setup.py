"""Builds sip_guard; with SIP_GUARD_COMPILE=1 what every call passes is compiled by mypyc. All else is in setup.cfg."""

import os
from glob import glob

from setuptools import Extension, setup

COMPILED = (
    "sip_guard/sip/*.py",
    "sip_guard/proxy/*.py",
)
"""What every message passes. docs/architecture.md says what is left plain, and why."""


def extensions() -> list[Extension]:
    """Give one extension of all these modules, for calls between them are cheap only within one."""
    if os.environ.get("SIP_GUARD_COMPILE") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - needed by nobody else

    paths = [path for pattern in COMPILED for path in sorted(glob(pattern))]  # noqa: PTH207 - names, as mypyc wants them
    return mypycify(paths, opt_level="1", debug_level="0", group_name="sip_guard")


setup(ext_modules=extensions())
