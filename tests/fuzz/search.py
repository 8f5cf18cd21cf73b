"""One search in a process of its own, for `fuzzing.py`: READER SECONDS CORPUS FOUND."""

import os
import sys

import atheris

MAX_OCTETS = 4096
HANG = 25
"""Seconds after which an input counts as one that hangs the reader."""

with atheris.instrument_imports(include=["sip_guard"]):
    from readers import READERS

if __name__ == "__main__":
    reader, seconds, corpus, found = sys.argv[1:]
    options = [f"-max_total_time={seconds}", f"-timeout={HANG}", f"-max_len={MAX_OCTETS}", "-use_value_profile=1"]
    options += ["-print_final_stats=1", f"-artifact_prefix={found}{os.sep}", corpus]
    atheris.Setup([sys.argv[0], *options], READERS[reader].read)
    atheris.Fuzz()
