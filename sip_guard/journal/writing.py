"""Writes what waits, and bears whatever the disk or the server does."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sip_guard.journal.ageing import Ageing
from sip_guard.journal.file import set_aside
from sip_guard.journal.opening import to_keep
from sip_guard.journal.options import Options
from sip_guard.journal.queue import Decided, Queue
from sip_guard.journal.row import Answer, End, Row
from sip_guard.journal.store import STEP, Store
from sip_guard.journal.trouble import DamagedRecord, Unusable

AGAIN = 60.0
"""Seconds from one word about the same trouble to the next."""
_TRIMS = 8
"""Steps of deletion after what was written: more than comes in between, and still soon over."""

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
        self._ageing = Ageing(options.days)
        self._batch: list[Row] = []
        self._went: list[Answer | End] = []
        """How calls went on: of those in the batch, and of earlier ones."""
        self._troubled = False
        self._told = float("-inf")

    @property
    def waiting(self) -> int:
        """Decisions, and answers and ends of calls, that are not in the record yet."""
        return len(self._queue) + len(self._batch) + len(self._went)

    def write(self, now: float, wall: float) -> bool:
        """Write all that waits; tell whether that went well. If not, it is kept for the next time.

        `now` is seconds of a clock that never goes back, `wall` those since the epoch.
        """
        try:
            store = self._opened()
            while self.waiting:
                self._take()
                self._add(store)
                if self._went:
                    store.went(self._went)
                    self._went.clear()
            before = self._ageing.before(store, now, wall)
            for _ in range(_TRIMS):
                if not store.trim(before):
                    break
        except Unusable as error:
            self.close()
            self._trouble(error, now, wall)
            return False
        except Exception as error:  # noqa: BLE001 - our own mistake, not to be made again with the same
            self._mistake("record", error)
            self._batch.clear()
            self._went.clear()
            return False
        if self._troubled:
            self._troubled = False
            self._tell("record_resumed", record=str(self._options.place), dropped=self._queue.dropped)
        return True

    def close(self) -> None:
        """Close the record; the next time opens it again."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> Store:
        if self._store is None:
            self._store = to_keep(self._options)
        return self._store

    def _take(self) -> None:
        """Take what is next. A decision that cannot be written down must not hold up the others."""
        while self._queue and len(self._batch) + len(self._went) < STEP:
            entry = self._queue.take()
            if not isinstance(entry, Decided):
                self._went.append(entry)
                continue
            try:
                self._batch.append(Row.of(*entry))
            except Exception as error:  # noqa: BLE001 - our own mistake, told as any other
                self._mistake("record", error)

    def _add(self, store: Store) -> None:
        """Write the batch. A decision that the record does not take must not hold up the others."""
        try:
            store.add(self._batch)
            self._batch.clear()
        except Unusable:
            raise
        except Exception:  # noqa: BLE001 - told with the decision that is the reason
            while self._batch:
                try:
                    store.add(self._batch[:1])
                except Unusable:
                    raise
                except Exception as error:  # noqa: BLE001 - our own mistake, told as any other
                    self._mistake("record", error)
                del self._batch[0]

    def _trouble(self, error: Unusable, now: float, wall: float) -> None:
        place = self._options.place
        if isinstance(error, DamagedRecord) and isinstance(place, Path):
            with suppress(OSError):
                aside = set_aside(place, wall)
                self._tell("record_damaged", record=str(place), reason=str(error), moved_to=str(aside))
                return
        if not self._troubled or now - self._told >= AGAIN:
            self._told = now
            self._tell(
                "record_not_written",
                record=str(place),
                reason=str(error),
                waiting=self.waiting,
                dropped=self._queue.dropped,
            )
        self._troubled = True
