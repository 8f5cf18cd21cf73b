"""Whatever a peer sends is read in time that grows with its length and no faster.

Nothing is timed here: a reader that goes over its input again and again does not finish before pytest's time limit.
"""

from collections.abc import Callable

import hostile
import pytest
from messages import request, response
from scene import Scene

from sip_guard.number import canonical
from sip_guard.sip.grammar import canonical_name, value_of
from sip_guard.sip.headers import Via, name_addr, split_list, unquoted
from sip_guard.sip.hygiene import without_verstat
from sip_guard.sip.message import MAX_FIELD
from sip_guard.sip.tagging import with_verstat
from sip_guard.sip.uri import Uri, scheme

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize(
    "reader",
    [
        name_addr,
        split_list,
        unquoted,
        Via.parse,
        Uri.parse,
        scheme,
        canonical_name,
        value_of,
        without_verstat,
        lambda value: with_verstat(value, "x"),
        lambda value: canonical(value.decode()),
    ],
)
def test_a_value_of_64_kib(reader: Callable[[bytes], object]) -> None:
    for value in hostile.values(64_000):
        reader(value.encode())


@pytest.mark.parametrize(
    "field", ["Via", "From", "To", "Contact", "Call-ID", "CSeq", "Route", "Max-Forwards", "Content-Length", "Subject"]
)
def test_a_field_of_16_kib_in_a_message(scene: Scene, field: str) -> None:
    for value in hostile.values(MAX_FIELD - 100):
        fields = {field: value.encode().decode("latin-1")}
        scene.alice.says(request(fields=fields))
        scene.bob.says(response(fields=fields))
        scene.screens.clear()
        scene.alice.inbox.clear()


def test_a_whole_message_of_64_kib(scene: Scene) -> None:
    for value in hostile.values(60_000):
        octets = value.encode()
        scene.alice.says(octets)
        scene.alice.says(octets + b"\r\n\r\n")
        scene.alice.says(request("INVITE", octets.decode("latin-1")))
        scene.alice.says(request().replace(b"\r\n\r\n", b"\r\n") + octets + b"\r\n\r\n")
        scene.alice.inbox.clear()


@pytest.mark.parametrize(
    "line", ["a:", ":", "a", "Via: SIP/2.0/UDP a", "v:,", "To: <sip:a@b>", "Route: <sip:a>", "Z: x\r\n "]
)
def test_as_many_lines_as_fit(scene: Scene, line: str) -> None:
    scene.alice.says(request("INVITE", "sip:b@c", *[line] * (64_000 // (len(line) + 2))))
    scene.alice.says(request("INVITE", "sip:b@c", *[line] * 200))
