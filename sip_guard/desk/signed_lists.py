"""The revocation lists and trust lists that the desk goes by: each is looked at once."""

import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, gatherResults, maybeDeferred

from sip_guard.config.trust import Group
from sip_guard.log import Logger
from sip_guard.repository.answer import Answer, Fetch, Validators
from sip_guard.repository.endpoint import Unavailable
from sip_guard.repository.published import FOLDER, Means
from sip_guard.stir.trust import Trusts


def have(
    groups: Iterable[Group], trusts: Trusts, reactor: Any, log: Logger, state: Path | None, *, asks: Fetch | None = None
) -> Deferred[Any]:
    """Let `trusts`, made of these groups, know what is on their lists. Fires when all were looked at.

    Those from a URL are the last good copies in the state directory, and newer ones if `asks` fetches them; nothing is
    written there. `log` is told of lists that could not be had.
    """
    means = Means(
        asks or _offline,
        reactor,
        time.time,
        random.random,
        maybeDeferred,
        log,
        lambda where, error: log.error("mistake", where=where, exc_info=error),
        state and state / FOLDER,
        keeps=False,
    )
    lists = [each for group in groups for each in group.lists(trusts.groups[group.name], means)]
    return gatherResults([Deferred.fromCoroutine(each.once()) for each in lists], consumeErrors=True)


def missing(trusts: Trusts) -> list[str]:
    """Say which lists could not be had."""
    told = [f"the trust list of {group.name} is not at hand" for group in trusts.groups.values() if not group.anchors]
    for group in trusts.groups.values():
        lists = {} if group.revocation is None else group.revocation.lists
        told += [f"the revocation list {source} is not at hand" for source, found in lists.items() if found is None]
    return told


def _offline(url: str, _: Validators) -> Deferred[Answer]:
    return fail(Unavailable(f"{url} is not asked: offline"))
