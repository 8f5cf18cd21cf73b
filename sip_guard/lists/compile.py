"""Compiles one list, as a process of its own: `python -m sip_guard.lists.compile`, a Job on stdin, a Report on stdout.

It is what takes the time and the memory, and the reactor has none of it.
"""

import gc
import os
import resource
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

import msgspec

from sip_guard.lists.compiled import Compiled, Compiler
from sip_guard.lists.download import DownloadError, digest_at, download
from sip_guard.lists.listing import Listing
from sip_guard.lists.reading import Reading
from sip_guard.lists.rows import Batch, Rows

MAX_ROWS = 20_000_000
MAX_MEMORY = 2 * 1024**3
"""Octets of address space that this process may have."""
_VERSION = b"1"
"""Of what rows mean. With another one, what was kept is compiled again."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compiled, and where to."""

    file: str = ""
    """A CSV file; or there is a URL."""
    url: str = ""
    sha256: str = ""
    """Of what is at the URL: 64 hexadecimal digits, or another URL where they are."""
    max_octets: int = 2**30
    """Of what is at the URL."""
    reading: Reading = Reading()
    target: str
    """The compiled file. It is replaced at once, and only by one that is good."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    faults: tuple[str, ...] = ()
    """What is wrong, each as `FILE:LINE: PROBLEM`. With any, the target is as it was."""
    unchanged: bool = False
    """The target was made of this very file already."""
    numbers: int = 0
    prefixes: int = 0
    repeated: int = 0
    """Rows whose number or prefix another row has too."""
    owners: int = 0
    digest: str = ""
    """SHA-256 of the source."""
    unread: tuple[str, ...] = ()
    """Columns that mean nothing here."""


def run(job: Job) -> Report:
    """Do it, and never raise for what is in the list."""
    try:
        if job.url:
            return _from_url(job)
        return _compiled(Path(job.file), job)
    except DownloadError as error:
        return Report(faults=(f"{job.url}: {error}",))
    except MemoryError:
        return Report(
            faults=(f"{job.url or job.file}: needs more than {MAX_MEMORY >> 20} MiB to compile; make two lists",)
        )
    except OSError as error:
        where = error.filename or job.file
        return Report(faults=(f"{where}: {error.strerror}",))


def _from_url(job: Job) -> Report:
    expected = digest_at(job.sha256) if "/" in job.sha256 else job.sha256.lower()
    kept = _kept(job, expected)
    if kept is not None:
        return kept
    descriptor, name = mkstemp(prefix=".download-", suffix=".csv", dir=Path(job.target).parent)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            found = download(job.url, file, job.max_octets)
        if found != expected:
            raise DownloadError(f"its SHA-256 is {found}, and {expected} was expected; the list is not taken")
        report = _compiled(path, job)
        return msgspec.structs.replace(report, faults=tuple(fault.replace(name, job.url) for fault in report.faults))
    finally:
        path.unlink()


def _compiled(path: Path, job: Job) -> Report:
    before = path.stat()
    with path.open("rb") as file:
        digest, lines = sha256(), 0
        while block := file.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
    kept = _kept(job, digest.hexdigest())
    if kept is not None:
        return kept
    if lines > MAX_ROWS:
        return Report(faults=(f"{path}: {lines} lines, and {MAX_ROWS} is the most; make two lists of it",))
    rows, compiler = Rows(path, job.reading), Compiler(lines + 1)
    repeated = taken = 0
    for batch in rows.batches():
        taken += len(batch.keys)
        if taken > lines + 1:
            break  # The file has grown, as is told below.
        for i in compiler.add(batch.keys, batch.places):
            repeated += 1
            _settle(compiler, rows, batch, i)
    after = path.stat()
    if (before.st_mtime_ns, before.st_size, before.st_ino) != (after.st_mtime_ns, after.st_size, after.st_ino):
        return Report(faults=(f"{path}: was changed while it was read; move a new list into its place instead",))
    if not rows.faults:
        _replace(Path(job.target), compiler, _made_of(job.reading, digest.hexdigest()), rows.listings)
    return Report(
        faults=tuple(rows.faults),
        numbers=compiler.numbers,
        prefixes=compiler.prefixes,
        repeated=repeated,
        owners=len({listing.owner for listing in rows.listings}),
        digest=digest.hexdigest(),
        unread=rows.unread,
    )


def _settle(compiler: Compiler, rows: Rows, batch: Batch, i: int) -> None:
    """Of two rows for one number, the one that counts longer counts. Two scopes are a fault: one of them is wrong."""
    listing, there = rows.listings[batch.places[i]], rows.listings[compiler.place(batch.keys[i])]
    if listing.scope != there.scope:
        what = f"a row above has this number with the scope `{there.scope}`, here it is `{listing.scope}`; keep one"
        rows.fault(batch.lines[i], what)
    elif there.expires and (not listing.expires or listing.expires > there.expires):
        compiler.move(batch.keys[i], batch.places[i])


def _made_of(reading: Reading, digest: str) -> bytes:
    return sha256(_VERSION + msgspec.msgpack.encode(reading) + digest.encode()).digest()


def _kept(job: Job, digest: str) -> Report | None:
    """Tell of the target, if it was made of this source."""
    try:
        kept = Compiled(Path(job.target))
    except (OSError, ValueError):
        return None
    if kept.made_of != _made_of(job.reading, digest):
        return None
    return Report(unchanged=True, numbers=kept.numbers, prefixes=kept.prefixes, digest=digest)


def _replace(target: Path, compiler: Compiler, made_of: bytes, listings: list[Listing]) -> None:
    descriptor, name = mkstemp(prefix=".compiled-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            compiler.write(file, made_of, listings)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main() -> None:
    """Do what stdin says, behind everything else that the machine has to do."""
    os.nice(10)
    gc.disable()  # rows are no circles, and looking for some takes half of the time
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(run(job)))


if __name__ == "__main__":
    main()
