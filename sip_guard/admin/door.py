"""Stands before every page: whoever may not look gets no further."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from twisted.internet.defer import Deferred

from sip_guard.admin import lock
from sip_guard.admin.lock import Lock
from sip_guard.admin.page import Answer, Asked, Page, told
from sip_guard.sip.flow import numeric

_CHALLENGE: Final = ("WWW-Authenticate", 'Basic realm="sip_guard", charset="UTF-8"')


class Door:
    """Lets those in who only look, have reached us by a name of ours, and know the password, if there is one."""

    def __init__(self, pages: Mapping[str, Page], hosts: frozenset[str], guarded: Lock | None) -> None:
        """`pages` by their paths. `hosts`: names of ours, in lower case, besides our addresses and `localhost`."""
        self._pages = pages
        self._hosts = hosts | {"localhost"}
        self._lock = guarded

    def answer(self, asked: Asked) -> Answer | Deferred[Answer]:
        """Answer a request, or say why not."""
        if asked.method not in ("GET", "HEAD"):
            return told(HTTPStatus.METHOD_NOT_ALLOWED, "here one only looks: GET or HEAD", ("Allow", "GET, HEAD"))
        # A name that somebody else has made lead to us would let their page read ours (DNS rebinding).
        if numeric(asked.host) is None and asked.host not in self._hosts:
            what = "the guard has no such name; use its address, or name the host under `admin.hosts`"
            return told(HTTPStatus.MISDIRECTED_REQUEST, what)
        if self._lock is None:
            return self._show(asked)
        opens = self._lock.ask(asked.authorization, asked.source)
        return (
            opens.addCallback(partial(self._let_in, asked))
            if isinstance(opens, Deferred)
            else self._let_in(asked, opens)
        )

    def _let_in(self, asked: Asked, opens: lock.Opens) -> Answer | Deferred[Answer]:
        if opens == "open":
            return self._show(asked)
        if opens == "wait":
            later = ("Retry-After", f"{lock.PAUSE:.0f}")
            return told(HTTPStatus.TOO_MANY_REQUESTS, "too many passwords are tried; wait a minute", later)
        what = "the password whose hash is under `admin.password` is needed (Basic or Bearer)"
        return told(HTTPStatus.UNAUTHORIZED, what, _CHALLENGE)

    def _show(self, asked: Asked) -> Answer | Deferred[Answer]:
        page = self._pages.get(asked.path)
        if page is None:
            return told(HTTPStatus.NOT_FOUND, f"there is no such page, but {', '.join(sorted(self._pages))}")
        return page(asked)
