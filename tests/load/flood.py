"""What a flood from an unknown source costs, and what it does to calls."""

import socket
import time

from contenders import Contender
from figures import Figures
from report import percentile
from stand import Stand
from world import World

from sip_guard.sip.flow import Address

RATE = 20_000
"""Datagrams a second that are sent, or as many as can be."""
SECONDS = 2.0
CALLS = 50
"""Calls a second meanwhile."""
STRANGER = "127.0.0.9"
COST, ANSWERS = 15.0, 20.0
"""Microseconds that a datagram should cost at most, and milliseconds within which 99 % of answers should come."""


def measure(world: World, contender: Contender, figures: Figures) -> None:
    """Send one while calls go on, whose cost without it is known from a moment before."""
    calls = round(2 * SECONDS * CALLS)
    with Stand(world, contender) as stand:
        stand.run(rate=CALLS, calls=CALLS)
        calm = stand.run(rate=CALLS, calls=calls)
        begun = stand.proxy.cpu()
        with stand.callers(rate=CALLS, calls=calls) as callers:
            sent = _flood(("127.0.0.1", stand.proxy.ports["UDP"]))
            callers.wait()
            times = callers.answer_times()
        cost = stand.proxy.cpu() - begun - (calm.user + calm.system) * calls / 1e6
    figures.add(contender.name, "flood: CPU, us a datagram", cost / sent * 1e6, most=COST)
    figures.add(contender.name, "flood: datagrams a second", sent / SECONDS)
    figures.add(contender.name, "flood: 99% of answers within, ms", percentile(times, 0.99), most=ANSWERS)


def _flood(to: Address) -> int:
    """Send INVITEs of somebody unknown; give how many."""
    octets = (
        b"INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK1\r\n" + b"X-Flood: 1\r\n" * 40
    )
    sent, begin = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((STRANGER, 0))
        while (passed := time.monotonic() - begin) < SECONDS:
            while sent < passed * RATE:
                link.sendto(octets, to)
                sent += 1
            time.sleep(0.001)
    return sent
