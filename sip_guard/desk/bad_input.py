"""What is wrong with what was brought to the desk."""

from collections.abc import Iterator
from contextlib import contextmanager


class BadInput(Exception):  # noqa: N818 - what it is
    """What was brought cannot be judged. The message says why, and what would do."""


@contextmanager
def about(named: object) -> Iterator[None]:
    """Put the name of what is read before what is wrong with it."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{named}: {error}") from None
