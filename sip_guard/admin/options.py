"""Where the door is, and who may come in."""

import msgspec

from sip_guard.admin.password import Hash
from sip_guard.sip.flow import Address
from sip_guard.transport.tls import TlsFiles

LISTEN = "127.0.0.1:9290"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The door of a guard."""

    address: Address
    tls: TlsFiles | None = None
    """None: without TLS."""
    password: Hash | None = None
    """None: whoever reaches it may look."""
    hosts: frozenset[str] = frozenset()
    """Host names, in lower case, by which it is reached, besides its addresses and `localhost`."""
