"""A record of either kind: what is asked of one is asked of the other."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sip_guard.journal.opening import to_write
from sip_guard.journal.options import Place, Server
from sip_guard.journal.store import Store


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give where a record may be made."""
    if request.param == "file":
        return tmp_path / "decisions.sqlite3"
    # Only now, for a test of files needs no server.
    made: Server = request.getfixturevalue("postgresql").database()
    return made


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """Give a new record there, open to be written."""
    with closing(to_write(place)) as made:
        yield made
