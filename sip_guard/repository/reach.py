"""Where a fetch may go: strict rules for URLs that strangers choose, wide ones for those that the operator wrote."""

import re
import ssl
from typing import Annotated, Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates

from sip_guard.repository.address import is_private, is_public
from sip_guard.repository.endpoint import shown
from sip_guard.stir import x5u

Place = tuple[str, int]
"""A host, in lower case and without brackets, and a port."""

_CONFIGURED = re.compile(
    r"(?i:https?)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._]+)(?::[0-9]{1,5})?(?:[/?][!-~]*)?"
).fullmatch


class Reach(Protocol):
    """The rules that one fetcher goes by."""

    def fault(self, url: str) -> str | None:
        """Say what forbids a URL, None if nothing does."""

    def allows(self, place: Place, address: str) -> bool:
        """Tell whether a place may be connected to at a numeric address that its name leads to."""

    def authorities(self, place: Place) -> Any:
        """Give whom the web certificate of a place has to be issued by."""


class Laboratory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A repository outside the rules, allowed by its very name and port. Never needed for real traffic."""

    host: str
    """As it stands in the URL: a name or a numeric address."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 443
    private_address: bool = False
    """Whether it may be at a loopback or private address."""
    web_ca: str | None = None
    """PEM file of the authorities its web server is trusted by, instead of the system's; None: the system's."""

    @property
    def place(self) -> Place:
        """What `x5u.fault` knows laboratories by."""
        return self.host.lower().strip("[]"), self.port


class Public:
    """Rules for URLs that strangers choose (ATIS-1000074 5.3.1): https, two ports, and public addresses alone."""

    def __init__(self, laboratories: tuple[Laboratory, ...] = (), repositories: tuple[str, ...] = ()) -> None:
        """Read the web's authorities, which are kept until the end: the system's, and those of the laboratories.

        `repositories`: the hosts that may be asked, besides laboratories; `*.example.com` is all below a domain.
        Without any, all may. Raises OSError or ValueError where a laboratory's PEM file cannot be read.
        """
        self._hosts = frozenset(each.lower().strip("[]") for each in repositories if not each.startswith("*."))
        self._domains = tuple(each[1:].lower() for each in repositories if each.startswith("*."))
        self._private = frozenset(each.place for each in laboratories if each.private_address)
        self._places = frozenset(each.place for each in laboratories)
        self._authorities = authorities(None)
        self._own = {each.place: authorities(each.web_ca) for each in laboratories if each.web_ca is not None}

    def fault(self, url: str) -> str | None:
        """Apply the rules of `x5u.fault`, from which laboratories are exempt by name, and the list of repositories."""
        wrong = x5u.fault(url, self._places)
        if wrong is not None or not (self._hosts or self._domains):
            return wrong
        place = place_of(url)
        if place[0] in self._hosts or place[0].endswith(self._domains) or place in self._places:
            return None
        return f"names {shown(place[0])}, which is not under `repositories`"

    def allows(self, place: Place, address: str) -> bool:
        """Refuse special-purpose addresses; to a laboratory, private ones may be allowed."""
        return is_public(address) or (place in self._private and is_private(address))

    def authorities(self, place: Place) -> Any:
        """Give the system's authorities, or those of a laboratory in their place."""
        return self._own.get(place, self._authorities)


class Configured:
    """Rules for URLs that the operator has written down: http or https, at any port and address."""

    def __init__(self, web_ca: str | None = None) -> None:
        """`web_ca`: PEM file of the authorities that are believed instead of the system's.

        Raises OSError or ValueError where it cannot be read.
        """
        self._authorities = authorities(web_ca)

    def fault(self, url: str) -> str | None:
        """See `configured_fault`."""
        return configured_fault(url)

    def allows(self, place: Place, address: str) -> bool:  # noqa: ARG002 - the same for all
        """Allow every address: the operator knows where it is."""
        return True

    def authorities(self, place: Place) -> Any:  # noqa: ARG002 - the same for all
        """Give the authorities that are believed."""
        return self._authorities


def configured_fault(url: str) -> str | None:
    """Say what is wrong with a URL in the configuration, None if nothing is. It may be http or https."""
    if len(url) > x5u.MAX_URL:
        return f"has {len(url)} octets where {x5u.MAX_URL} are the limit"
    if url.partition(":")[0].lower() not in ("http", "https"):
        return "is neither http nor https"
    if "#" in url or "@" in url.partition("//")[2].partition("/")[0]:
        return "has a fragment" if "#" in url else "has user information"
    try:
        parts = urlsplit(url)
        sound = _CONFIGURED(url) is not None and parts.hostname is not None and parts.port != 0
    except ValueError:
        sound = False
    return None if sound else "is not a well-formed URL"


DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def place_of(url: str) -> Place:
    """Give the place that a URL without faults names, in one spelling."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]


def authorities(file: str | None) -> Any:
    """Read web authorities from a PEM file, or with None the system's. Raises OSError or ValueError.

    `platformTrust` would read the system's anew for each connection, and stop the reactor for 8 ms each time.
    """
    store = ssl.create_default_context(cafile=file)
    found = store.get_ca_certs(binary_form=True)
    if not found and file is None:
        return platformTrust()  # type: ignore[no-untyped-call]
    if not found:
        raise ValueError(f"there is no certificate of an authority in {file}")
    certificates = [Certificate.loadPEM(ssl.DER_cert_to_PEM_cert(der).encode()) for der in found]
    return trustRootFromCertificates(certificates)  # type: ignore[no-untyped-call]
