"""Lists of protected numbers: where they are, and how they are read."""

import re
from pathlib import Path

from sip_guard.config import options
from sip_guard.config.fault import Faults
from sip_guard.config.files import unreadable
from sip_guard.lists.keeper import ListSource
from sip_guard.lists.listing import MAX_TEXT, Scope
from sip_guard.lists.reading import Reading
from sip_guard.number import is_country

_URL = re.compile(r"https://[A-Za-z0-9.\-\[\]:]+/[!-~]*")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


def read(file: options.File, folder: Path, faults: Faults) -> tuple[ListSource, ...]:
    """Give the lists. What is in them is looked at later, by another process: they may have millions of rows."""
    faults.distinct("lists", [item.name for item in file.lists])
    trunks = tuple(trunk.name for trunk in file.trunks)
    return tuple(_read(item, trunks, folder, faults, f"lists[{i}]") for i, item in enumerate(file.lists))


def _read(item: options.NumberList, trunks: tuple[str, ...], folder: Path, faults: Faults, at: str) -> ListSource:
    if (item.file is None) == (item.url is None):
        faults.add(at, "needs either `file` or `url`")
    path = folder / item.file if item.file is not None else None
    if path is not None:
        _there(path, faults, f"{at}.file")
        if item.sha256 is not None:
            faults.add(f"{at}.sha256", "is for what is at a `url`; leave it out with `file`")
    elif item.url is not None:
        if not _URL.fullmatch(item.url):
            faults.add(f"{at}.url", f"`{item.url}` is no https URL")
        if item.sha256 is None:
            faults.add(f"{at}.url", "needs `sha256`: what it serves is not taken unless its digest is known")
        elif not _DIGEST.fullmatch(item.sha256) and not _URL.fullmatch(item.sha256):
            faults.add(f"{at}.sha256", "expected 64 hexadecimal digits, or an https URL of a file where they are")
    if item.country is not None and not is_country(item.country):
        faults.add(f"{at}.country", f"`{item.country}` is no country, such as GB or US")
    for name in ("owner", "source"):
        text = getattr(item, name)
        if len(text) > MAX_TEXT:
            faults.add(f"{at}.{name}", f"is longer than {MAX_TEXT} characters")
    scope = faults.attempt(Scope.parse, item.scope, f"{at}.scope")
    if scope is not None and scope.kind == "trunks":
        faults.among(scope.names, trunks, f"{at}.scope", "trunk")
    return ListSource(
        name=faults.name(item.name, f"{at}.name"),
        file=str(path.absolute()) if path is not None else "",
        url=item.url or "",
        sha256=item.sha256 or "",
        max_octets=item.max_octets,
        refresh=item.refresh,
        reading=Reading(
            columns=item.columns,
            delimiter=item.delimiter,
            country=item.country,
            owner=item.owner,
            source=item.source,
            scope=item.scope,
            trunks=trunks,
        ),
    )


def _there(path: Path, faults: Faults, at: str) -> None:
    try:
        with path.open("rb"):
            return
    except (OSError, ValueError) as error:
        faults.add(at, unreadable(path, error))
