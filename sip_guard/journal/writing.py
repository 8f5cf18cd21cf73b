"""Writes what waits, and bears whatever the disk does."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sip_guard.journal.file import RefusedRecord
from sip_guard.journal.options import DAY, Options
from sip_guard.journal.queue import Queue
from sip_guard.journal.row import Row
from sip_guard.journal.store import STEP, Store

AGAIN = 60.0
"""Seconds from one word about the same trouble to the next."""
_TRIMS = 8
"""Steps of deletion after what was written: more than comes in between, and still soon over."""
_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))

Tell = Callable[..., None]
"""Takes the name of an event, and its fields by name."""
Mistake = Callable[[str, BaseException], None]


class Writing:
    """The side of the record that may have to wait: for one thread, and not that of the calls."""

    def __init__(self, options: Options, queue: Queue, tell: Tell, mistake: Mistake) -> None:
        self._options = options
        self._queue = queue
        self._tell = tell
        self._mistake = mistake
        self._store: Store | None = None
        self._batch: list[Row] = []
        self._troubled = False
        self._told = float("-inf")

    @property
    def waiting(self) -> int:
        """Decisions that are not in the file yet."""
        return len(self._queue) + len(self._batch)

    def write(self, now: float, wall: float) -> bool:
        """Write all that waits; tell whether that went well. If not, it is kept for the next time.

        `now` is seconds of a clock that never goes back, `wall` those since the epoch.
        """
        try:
            store = self._opened()
            while self.waiting:
                self._take()
                store.add(self._batch)
                self._batch.clear()
            for _ in range(_TRIMS):
                if not store.trim(wall - self._options.days * DAY, self._options.max_octets):
                    break
        except (sqlite3.Error, OSError, RefusedRecord) as error:
            self.close()
            self._trouble(error, now, wall)
            return False
        except Exception as error:  # noqa: BLE001 - our own mistake, not to be made again with the same decisions
            self._mistake("record", error)
            self._batch.clear()
            return False
        if self._troubled:
            self._troubled = False
            self._tell("record_resumed", file=str(self._options.file), dropped=self._queue.dropped)
        return True

    def close(self) -> None:
        """Close the file; the next time opens it again."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store(self._options.file)
        return self._store

    def _take(self) -> None:
        """Take the next decisions. One that cannot be written down must not hold up the others."""
        while self._queue and len(self._batch) < STEP:
            time, fields = self._queue.take()
            try:
                self._batch.append(Row.of(time, fields))
            except Exception as error:  # noqa: BLE001 - our own mistake, told as any other
                self._mistake("record", error)

    def _trouble(self, error: Exception, now: float, wall: float) -> None:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            with suppress(OSError):
                aside = _set_aside(self._options.file, wall)
                self._tell("record_damaged", file=str(self._options.file), reason=str(error), moved_to=str(aside))
                return
        if not self._troubled or now - self._told >= AGAIN:
            self._told = now
            self._tell(
                "record_not_written",
                file=str(self._options.file),
                reason=_words(error),
                waiting=self.waiting,
                dropped=self._queue.dropped,
            )
        self._troubled = True


def _words(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _set_aside(path: Path, wall: float) -> Path:
    """Move a damaged file, and what belongs to it, out of the way. Raises OSError."""
    mark = f".damaged-{datetime.fromtimestamp(wall, UTC):%Y%m%dT%H%M%SZ}"
    for suffix in ("-wal", "-shm"):
        # Beside a new file they would be taken for its own.
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{path}{mark}{suffix}")
    return path.rename(f"{path}{mark}")
