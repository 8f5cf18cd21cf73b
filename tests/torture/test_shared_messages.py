"""The messages of RFC 4475's archive, where they are there, each against what its manifest expects.

They come from a known trunk and go through the real `parse` and the real `Proxy`; a call is let through by its verdict.
How each class is judged:

`forward`: an INVITE reaches the target with all its lines but the top Via and Max-Forwards as they were. The guard lets
no other request of a trunk in outside of a call (405, or 481 with a To tag; OPTIONS it answers itself with 200): there
the message must be read, survive being written again, and get just that answer.
`forward-first-only`: the same, and nothing of what follows the message is read.
`relay-response`: read; dropped as it is, for it answers nothing we sent; and relayed octet by octet if it does.
`parse-ok`: read, and written again as it was. `discard`: neither answered nor passed on.
`400`, `416`, `420`, `483`, `501`, `505`: answered with that code and nothing else.
`forward-or-400`, `400-or-discard`: one of both; `400-or-2543`: 400, or treated as a request whose branch says nothing.
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import pytest
from messages import answered
from scene import GUARD, SECRET, TARGET, TRUNK, Scene

from sip_guard.peer import Peers
from sip_guard.proxy.core import Proxy
from sip_guard.sip.flow import End
from sip_guard.sip.message import Request, Response, parse
from sip_guard.sip.rewrite import Draft

FOLDER = Path(__file__).parents[2].parent / "shared" / "torture"


pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there is no {FOLDER}")


class Case(NamedTuple):
    """One message and what is expected of whoever gets it."""

    file: str
    expect: str
    sha256: str

    @property
    def data(self) -> bytes:
        data = (FOLDER / self.file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == self.sha256
        return data


def cases() -> list[Case]:
    if not FOLDER.is_dir():
        return []
    manifest = json.loads((FOLDER / "manifest.json").read_text())
    return [Case(item["file"], item["expect"], item["sha256"]) for item in manifest]


def named(*expected: str) -> pytest.MarkDecorator:
    """Run a test for every message of these classes."""
    chosen = [case for case in cases() if case.expect in expected]
    return pytest.mark.parametrize("case", chosen, ids=[case.file for case in chosen])


JUDGED = {
    "forward", "forward-first-only", "relay-response", "parse-ok", "400", "416", "420", "483", "501", "505", "discard",
    "forward-or-400", "400-or-2543", "400-or-discard",
}  # fmt: skip
CODES = ("400", "416", "420", "483", "501", "505")


@pytest.fixture
def scene() -> Scene:
    """Give a guard that is also the `services.example.com` that one of the messages is routed through."""
    made = Scene()
    own = [End("UDP", GUARD), End("UDP", ("services.example.com", 5060))]
    made.guard = Proxy(Peers([TRUNK], [TARGET]), own, SECRET, made.random)
    return made


def test_every_message_of_the_folder_is_judged() -> None:
    judged = cases()
    assert {case.expect for case in judged} <= JUDGED
    assert {case.file for case in judged} == {path.name for path in FOLDER.glob("*.dat")}


def answers(scene: Scene) -> list[int]:
    """Give the codes that went anywhere in answer, wherever the Via said that the sender listens."""
    sent = [arrival.message for arrival in scene.alice.inbox]
    for send in scene.elsewhere:
        assert send.flow.remote[0] == scene.alice.address[0]
        sent.append(answered(send.octets))
    assert scene.bob.inbox == []
    return [message.code for message in sent if isinstance(message, Response)]


@named("forward", "forward-first-only", "forward-or-400")
def test_what_is_to_be_forwarded(scene: Scene, case: Case) -> None:
    message = parse(case.data)
    assert isinstance(message, Request)
    assert case.data.startswith(message.raw)
    assert Draft(message).octets() == message.raw
    scene.alice.says(case.data)
    if message.method == b"INVITE":
        assert answers(scene) == [100]
        scene.verdict()
        (arrival,) = scene.bob.inbox
        assert isinstance(arrival.message, Request)
        check_forwarded(message, arrival.message)
    elif message.method == b"OPTIONS":
        assert answers(scene) == [200]
    else:
        assert answers(scene) == [481 if message.to_tag else 405]


def check_forwarded(received: Request, sent: Request) -> None:
    ours = {b"via", b"max-forwards", b"max-breadth", b"record-route", b"route"}
    assert sent.start == received.start
    assert sent.body == received.body
    kept = [line for line, name in zip(received.lines, received.names, strict=True) if name not in ours]
    assert [line for line, name in zip(sent.lines, sent.names, strict=True) if name not in ours] == kept
    assert len(sent.vias) == len(received.vias) + 1
    assert sent.vias[2:] == received.vias[1:]
    hops = received.value(b"max-forwards")
    assert int(sent.value(b"max-forwards")) == (int(hops) - 1 if hops else 70)


@named(*CODES)
def test_what_is_to_be_refused(scene: Scene, case: Case) -> None:
    scene.alice.says(case.data)
    assert answers(scene) == [int(case.expect)]
    assert scene.screens == []
    assert scene.guard.transactions == 0


@named("420")
def test_what_a_420_names(scene: Scene, case: Case) -> None:
    scene.alice.says(case.data)
    octets = [send.octets for send in scene.elsewhere] + [arrival.message.raw for arrival in scene.alice.inbox]
    (refusal,) = (parse(text) for text in octets)
    assert refusal.value(b"unsupported") == b"noProxiesSupportThis, norDoAnyProxiesSupportThis"


@named("discard")
def test_what_is_to_be_discarded(scene: Scene, case: Case) -> None:
    scene.alice.says(case.data)
    scene.bob.says(case.data)
    scene.check_over()


@named("parse-ok", "relay-response")
def test_what_answers_nothing_is_read_and_dropped(scene: Scene, case: Case) -> None:
    message = parse(case.data)
    assert message.raw == case.data
    scene.bob.says(case.data)
    scene.check_over()


@named("relay-response")
def test_what_answers_something_is_relayed_octet_by_octet(scene: Scene, case: Case) -> None:
    scene.call()
    invite = scene.bob.got["INVITE"]
    message = parse(case.data)
    vias = b"\r\n".join(invite.lines[place] for place in invite.places(b"via"))
    scene.bob.says(case.data.replace(message.lines[message.places(b"via")[0]], vias))
    (arrival,) = scene.alice.inbox
    assert arrival.message.start == message.start
    assert arrival.message.body == message.body


@named("400-or-2543")
def test_a_branch_that_identifies_nothing(scene: Scene, case: Case) -> None:
    scene.alice.says(case.data)
    assert answers(scene) in ([400], [200])
    assert scene.guard.transactions == 0


@named("400-or-discard")
def test_what_may_be_refused_or_discarded(scene: Scene, case: Case) -> None:
    scene.alice.says(case.data)
    assert answers(scene) in ([400], [])
