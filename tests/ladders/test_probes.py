"""Targets are asked by OPTIONS whether they are there (RFC 3261 11)."""

from itertools import pairwise

import pytest
from messages import values
from scene import SECOND, TARGET, Scene, target

from sip_guard.peer import Probe
from sip_guard.proxy.place import Place
from sip_guard.sip.message import Request

PROBE = Probe(every=5.0, timeout=2.0, up_after=2)
PROBED = target(probe=PROBE, down_after=3)


@pytest.fixture
def scene() -> Scene:
    """Give Bob, who is asked every 5 seconds, and answers."""
    return started(Scene(targets=(PROBED, SECOND)))


def started(scene: Scene) -> Scene:
    scene.bob.replies = {"OPTIONS": "200 OK"}
    scene.guard.start(scene.now)
    return scene


def asked(scene: Scene) -> int:
    """Count how often Bob was asked since the last time."""
    count = len({arrival.message.via.branch for arrival in (*scene.bob.replied, *scene.bob.inbox)})
    scene.bob.replied.clear()
    scene.bob.inbox.clear()
    return count


def goes_down(scene: Scene) -> None:
    """Bob falls silent, and is down after three questions."""
    scene.bob.replies = {}
    scene.passes(18)
    assert scene.marked == [("pbx", False)]
    asked(scene)


def called(scene: Scene) -> str:
    """Tell who gets a new call."""
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    for phone in (scene.bob, scene.carol):
        if phone.inbox:
            phone.gets("INVITE")
            phone.sends("486 Busy Here")
            phone.gets("ACK")
            scene.alice.gets("486 Busy Here")
            scene.alice.sends("ACK")
            return phone.name
    raise scene.surprise("nobody is called")


def test_a_target_is_asked_every_so_often(scene: Scene) -> None:
    scene.passes(1.0)
    assert asked(scene) == 1
    times = []
    for _ in range(3):
        scene.passes(5.0)
        times += [arrival.at for arrival in scene.bob.replied]
        assert asked(scene) == 1
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([5.0, 5.0])
    scene.check_over()


def test_targets_are_not_asked_all_at_the_same_moment() -> None:
    scene = started(Scene(targets=(PROBED, target(SECOND, probe=PROBE))))
    scene.carol.replies = {"OPTIONS": "200 OK"}
    scene.passes(1.0)
    (first,), (second,) = scene.bob.replied, scene.carol.replied
    assert first.at != second.at


def test_who_is_not_probed_is_never_asked() -> None:
    scene = started(Scene(targets=(TARGET, SECOND)))
    assert scene.guard.next_timer() is None
    scene.passes(100)
    scene.check_over()


def test_a_question_is_a_whole_request_of_a_user_agent(scene: Scene) -> None:
    scene.passes(1.0)
    options = scene.bob.got["OPTIONS"]
    assert isinstance(options, Request)
    assert options.uri == b"sip:203.0.113.5:5060"
    assert values(options, "to") == ["<sip:203.0.113.5:5060>"]
    assert options.value(b"from").startswith(b"<sip:sip-guard@192.0.2.1>;tag=")
    assert options.value(b"via").startswith(b"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK")
    assert values(options, "max-forwards") == ["70"]
    assert values(options, "cseq") == ["1 OPTIONS"]
    assert options.body == b""
    first = options.via.branch, options.value(b"call-id"), options.from_tag
    scene.passes(5.0)
    again = scene.bob.got["OPTIONS"]
    assert len({*first, again.via.branch, again.value(b"call-id"), again.from_tag}) == 6


def test_a_question_over_tcp_says_so() -> None:
    scene = started(Scene(targets=(PROBED,), bob="TCP"))
    scene.passes(1.0)
    options = scene.bob.got["OPTIONS"]
    assert isinstance(options, Request)
    assert options.uri == b"sip:203.0.113.5:5060;transport=tcp"
    assert options.via.transport == b"TCP"
    assert scene.marked == []


def test_a_question_is_sent_again_while_its_time_lasts(scene: Scene) -> None:
    scene.bob.replies = {}
    scene.passes(1.0)
    first = scene.bob.inbox[0].at
    scene.passes(3.9)
    assert [arrival.at - first for arrival in scene.bob.inbox] == pytest.approx([0.0, 0.5, 1.5])
    assert asked(scene) == 1


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "405 Method Not Allowed", "481 No", "500 Error",
                                    "401 Unauthorized", "603 Decline"])  # fmt: skip
def test_any_answer_says_that_it_is_there(scene: Scene, status: str) -> None:
    scene.bob.replies = {"OPTIONS": status}
    scene.passes(100)
    assert scene.marked == []
    assert called(scene) == "bob"


def test_a_503_says_that_it_cannot_be_used(scene: Scene) -> None:
    scene.bob.replies = {"OPTIONS": "503 Service Unavailable"}
    scene.passes(11.0)
    assert scene.marked == [("pbx", False)]
    assert called(scene) == "carol"


def test_a_503_that_comes_again_counts_once(scene: Scene) -> None:
    scene.bob.replies = {"OPTIONS": "503 Service Unavailable"}
    scene.passes(1.0)
    for _ in range(5):
        scene.bob.repeats("503")
    assert scene.marked == []


def test_who_does_not_answer_is_down_after_some_questions(scene: Scene) -> None:
    scene.bob.replies = {}
    scene.passes(11.0)
    assert scene.marked == []
    scene.passes(3.0)
    assert scene.marked == [("pbx", False)]
    scene.bob.inbox.clear()
    assert called(scene) == "carol"


def test_one_that_is_down_is_asked_on(scene: Scene) -> None:
    goes_down(scene)
    scene.passes(25)
    assert asked(scene) == 5


def test_one_that_is_down_is_up_after_enough_answers_in_a_row(scene: Scene) -> None:
    goes_down(scene)
    scene.bob.replies = {"OPTIONS": "200 OK"}
    scene.passes(5)
    assert asked(scene) == 1
    assert scene.marked == [("pbx", False)]
    assert called(scene) == "carol"
    scene.passes(5)
    assert scene.marked == [("pbx", False), ("pbx", True)]
    assert called(scene) == "bob"


def test_an_answer_now_and_then_does_not_bring_it_back(scene: Scene) -> None:
    goes_down(scene)
    for _ in range(4):
        scene.bob.replies = {"OPTIONS": "200 OK"}
        scene.passes(5)
        scene.bob.replies = {}
        scene.passes(5)
        asked(scene)
    assert scene.marked == [("pbx", False)]


def test_time_alone_does_not_bring_back_one_that_is_probed(scene: Scene) -> None:
    goes_down(scene)
    scene.passes(1000)
    asked(scene)
    assert called(scene) == "carol"


def test_calls_without_an_answer_count_as_questions_do(scene: Scene) -> None:
    scene.passes(1.0)
    for _ in range(3):
        scene.alice.forgets()
        scene.call()
    scene.passes(3.9)
    assert scene.marked == []
    scene.passes(0.1)
    assert scene.marked == [("pbx", False)]
    scene.passes(10.0)
    assert scene.marked == [("pbx", False), ("pbx", True)]


def test_a_connection_that_fails_is_no_answer() -> None:
    scene = started(Scene(targets=(PROBED, SECOND), bob="TCP"))
    scene.bob.replies = {}
    for _ in range(3):
        scene.passes(5.0)
        assert asked(scene) == 1
        scene.loses(scene.bob)
    assert scene.marked == [("pbx", False)]


def test_a_question_to_a_target_that_is_down_counts_no_calls() -> None:
    """A whole night of silence: nothing grows."""
    scene = started(Scene(targets=(PROBED, SECOND)))
    goes_down(scene)
    scene.passes(3600)
    asked(scene)
    scene.passes(4.0)
    scene.bob.inbox.clear()
    scene.check_over()
    assert len(scene.guard._table.clients) <= 1


def test_each_address_of_a_name_is_asked_and_those_that_are_gone_no_more() -> None:
    scene = Scene(targets=(target(host="pbx.example", probe=PROBE),))
    for phone in (scene.bob, scene.carol):
        phone.replies = {"OPTIONS": "200 OK"}
    scene.guard.start(scene.now)
    scene.passes(10)
    assert scene.guard.next_timer() is None
    scene.locates(scene.bob.address, scene.carol.address)
    scene.passes(10)
    assert (len(scene.bob.replied), len(scene.carol.replied)) == (2, 2)
    options = scene.bob.got["OPTIONS"]
    assert isinstance(options, Request)
    assert options.uri.startswith(b"sip:pbx.example")
    scene.locates(scene.bob.address)
    scene.passes(10)
    assert (len(scene.bob.replied), len(scene.carol.replied)) == (4, 2)
    scene.locates(Place("UDP", scene.bob.address), Place("UDP", scene.carol.address))
    scene.passes(10)
    assert (len(scene.bob.replied), len(scene.carol.replied)) == (6, 4)
    scene.locates()
    scene.passes(10)
    assert (len(scene.bob.replied), len(scene.carol.replied)) == (6, 4)
    assert scene.guard.next_timer() is None


def test_of_an_address_that_is_gone_nothing_is_remembered_although_a_question_to_it_is_open() -> None:
    scene = Scene(targets=(target(host="pbx.example", probe=PROBE, down_after=1),))
    scene.locates(scene.bob.address)
    scene.passes(1.0)
    scene.bob.gets("OPTIONS")
    scene.locates()
    scene.passes(10)
    scene.bob.inbox.clear()
    assert scene.marked == []
    assert scene.guard.hops._health._troubles == {}
    scene.check_over()
