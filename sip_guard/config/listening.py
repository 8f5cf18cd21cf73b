"""Where the guard listens, which is where its messages leave from too."""

import msgspec

from sip_guard.config import addresses, options
from sip_guard.config.fault import Faults
from sip_guard.peer import Transport
from sip_guard.sip.flow import Address

TRANSPORTS: dict[str, Transport] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class Listen(msgspec.Struct, frozen=True):
    """One address to listen on."""

    transport: Transport
    address: Address
    advertised: Address | None

    @property
    def version(self) -> int:
        """Of IP: 4 or 6."""
        return addresses.version(self.address[0])


def read(items: tuple[options.Listen, ...], faults: Faults) -> tuple[Listen, ...]:
    """Read `listen`."""
    listen = tuple(_entry(item, f"listen[{i}]", faults) for i, item in enumerate(items))
    over = [("UDP" if item.transport == "UDP" else "TCP", item) for item in listen]
    for ends in (
        [(layer, item.address) for layer, item in over if item.address[1]],
        [(layer, item.advertised) for layer, item in over if item.advertised],
    ):
        if len(set(ends)) < len(ends) and not faults.found:
            faults.add("listen", "two entries have the same address")
    return listen


def own(listen: tuple[Listen, ...]) -> frozenset[Address]:
    """Give the addresses at which the guard would reach itself, as far as the file tells."""
    ends = {each for item in listen for each in (item.address, item.advertised) if each is not None}
    loops = {(_LOOPBACK[addresses.version(host)], port) for host, port in ends if addresses.is_wildcard((host, port))}
    return frozenset(ends | loops)


def _entry(item: options.Listen, at: str, faults: Faults) -> Listen:
    given = {name: text for name in TRANSPORTS if (text := getattr(item, name)) is not None}
    if len(given) != 1:
        faults.add(at, "expected one of `udp`, `tcp` and `tls` with an ADDRESS:PORT")
    name, text = next(iter(given.items()), ("udp", "192.0.2.1:5060"))
    bound = faults.attempt(addresses.end, text, f"{at}.{name}")
    advertised = None if item.advertise is None else faults.attempt(addresses.end, item.advertise, f"{at}.advertise")
    if advertised is not None and not advertised[1]:
        faults.add(f"{at}.advertise", "port 0 is no port to send to")
    if bound is None:
        return Listen(TRANSPORTS[name], ("192.0.2.1", 5060), advertised)
    if item.advertise is None and addresses.is_wildcard(bound):
        faults.add(f"{at}.{name}", f"{bound[0]} is no address that peers can answer to; add `advertise: ADDRESS:PORT`")
    if advertised is not None and (
        addresses.is_wildcard(advertised) or addresses.version(advertised[0]) != addresses.version(bound[0])
    ):
        faults.add(f"{at}.advertise", f"peers that reach {bound[0]} cannot answer to {advertised[0]}")
    return Listen(TRANSPORTS[name], bound, advertised)
