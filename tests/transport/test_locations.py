"""The names of targets on virtual time, and once through a real name server."""

from collections.abc import Iterator

import pytest
from dns_server import NameServer, Zone, records
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.names.error import DNSServerError

from sip_guard.peer import Target, Transport
from sip_guard.proxy.place import Place
from sip_guard.transport.dns import DnsOptions, Unlocatable
from sip_guard.transport.locate import Located, Locator
from sip_guard.transport.locations import LONGEST_RETRY, MAX_AT_ONCE, Locations
from sip_guard.transport.name_servers import NameServers

START = 1000.0


def a_target(name: str, host: str, port: int | None = None, transport: Transport | None = None) -> Target:
    return Target(name=name, host=host, port=port, transport=transport)


def a_place(host: str) -> Place:
    return Place("UDP", (host, 5060), name="pbx.example", server="pbx.example")


A, B = a_place("192.0.2.1"), a_place("192.0.2.2")
PBX = a_target("pbx", "pbx.example")


class Answers:
    """A locator that the test answers for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int | None, str | None, bool]] = []
        self.open: list[Deferred[Located]] = []

    def locate(self, host: str, port: int | None, transport: str | None, *, secure: bool) -> Deferred[Located]:
        self.asked.append((host, port, transport, secure))
        self.open.append(Deferred())
        return self.open[-1]


class Scene:
    """Locations of some targets, and what they tell."""

    def __init__(self, *targets: Target) -> None:
        self.clock = Clock()
        self.clock.advance(START)
        self.answers = Answers()
        self.told: list[str] = []
        self.lost: list[str] = []
        self.mistake: Exception | None = None
        self.mistakes: list[tuple[str, BaseException | None]] = []
        self.locations = Locations(
            self.answers,
            self.clock,
            targets,
            told=self._tell,
            lost=self._lose,
            mistake=lambda where, error: self.mistakes.append((where, error)),
        )

    def _tell(self, target: Target, places: tuple[Place, ...]) -> None:
        self.told.append(" ".join((target.name, *(place.address[0] for place in places))))
        if self.mistake is not None:
            raise self.mistake

    def _lose(self, target: Target, reason: str) -> None:
        self.lost.append(f"{target.name}: {reason}")

    def find(self, *places: Place, ttl: float = 300.0, reason: str = "") -> None:
        self.answers.open.pop(0).callback(Located(places, self.clock.seconds() + ttl, reason))

    def fail(self, error: Exception) -> None:
        self.answers.open.pop(0).errback(error)

    def passes(self, seconds: float) -> int:
        """Let time pass; give how often was asked in it."""
        before = len(self.answers.asked)
        self.clock.advance(seconds)
        return len(self.answers.asked) - before


@pytest.fixture
def scene() -> Scene:
    scene = Scene(PBX)
    scene.locations.start()
    return scene


def test_each_name_is_asked_for_with_what_the_target_says_and_nothing_before_the_start() -> None:
    scene = Scene(
        a_target("a", "a.example"),
        a_target("b", "b.example", 5070, "UDP"),
        a_target("c", "c.example", None, "TCP"),
        a_target("d", "d.example", None, "TLS"),
    )
    assert scene.answers.asked == []
    scene.locations.start()
    assert scene.answers.asked == [
        ("a.example", None, None, False),
        ("b.example", 5070, "udp", False),
        ("c.example", None, "tcp", False),
        ("d.example", None, "tls", False),
    ]


def test_an_address_is_not_located() -> None:
    scene = Scene(a_target("a", "192.0.2.1"), a_target("b", "2001:db8::1"), a_target("c", "::ffff:192.0.2.1"))
    scene.locations.start()
    assert scene.answers.asked == []
    assert scene.clock.getDelayedCalls() == []


def test_the_places_are_told_when_they_are_known(scene: Scene) -> None:
    assert scene.told == []
    scene.find(A, B)
    assert scene.told == ["pbx 192.0.2.1 192.0.2.2"]
    assert scene.lost == []


def test_it_is_located_again_when_the_answer_has_expired_and_not_before(scene: Scene) -> None:
    scene.find(A, ttl=300)
    assert scene.passes(299.9) == 0
    assert scene.passes(0.1) == 1
    scene.find(A, ttl=60)
    assert scene.passes(59.9) == 0
    assert scene.passes(0.1) == 1


@pytest.mark.parametrize("ttl", [0.0, -5.0, 0.999])
def test_it_is_located_no_more_often_than_once_a_second(scene: Scene, ttl: float) -> None:
    scene.find(A, ttl=ttl)
    assert scene.passes(0.99) == 0
    assert scene.passes(0.01) == 1


def test_it_is_not_asked_again_while_it_is_asked(scene: Scene) -> None:
    assert scene.passes(10_000) == 0
    scene.find(A)
    assert scene.told == ["pbx 192.0.2.1"]


def test_only_changes_are_told(scene: Scene) -> None:
    for places in [(A,), (A,), (A, B), (A, B), (B,), (B,)]:
        scene.find(*places)
        scene.passes(300)
    assert scene.told == ["pbx 192.0.2.1", "pbx 192.0.2.1 192.0.2.2", "pbx 192.0.2.2"]


def test_another_order_is_no_change(scene: Scene) -> None:
    scene.find(A, B)
    scene.passes(300)
    scene.find(B, A)
    assert scene.told == ["pbx 192.0.2.1 192.0.2.2"]


def test_another_weight_is_a_change(scene: Scene) -> None:
    scene.find(A)
    scene.passes(300)
    scene.find(Place(A.transport, A.address, A.priority, 7, A.name, A.server))
    assert len(scene.told) == 2


def test_that_there_is_no_place_is_told_once_with_its_reason(scene: Scene) -> None:
    for _ in range(3):
        scene.find(reason="pbx.example leads to no address", ttl=30)
        scene.passes(30)
    assert scene.told == ["pbx"]
    assert scene.lost == ["pbx: pbx.example leads to no address"]
    scene.find(A)
    assert scene.told == ["pbx", "pbx 192.0.2.1"]


def test_that_the_places_are_gone_is_told_with_its_reason(scene: Scene) -> None:
    scene.find(A)
    scene.passes(300)
    scene.find(reason="pbx.example leads to no address")
    assert scene.told == ["pbx 192.0.2.1", "pbx"]
    assert scene.lost == ["pbx: pbx.example leads to no address"]


def test_in_an_outage_what_is_known_stays_and_the_outage_is_said_once(scene: Scene) -> None:
    scene.find(A)
    scene.passes(300)
    for _ in range(5):
        scene.fail(Unlocatable("pbx.example A: no answer in time"))
        scene.passes(LONGEST_RETRY)
    assert scene.told == ["pbx 192.0.2.1"]
    assert scene.lost == ["pbx: pbx.example A: no answer in time"]
    scene.find(A)
    assert scene.told == ["pbx 192.0.2.1"]
    scene.passes(300)
    scene.fail(Unlocatable("another outage"))
    assert scene.lost[1:] == ["pbx: another outage"]


def test_an_outage_at_the_start_is_no_answer(scene: Scene) -> None:
    scene.fail(Unlocatable("down"))
    assert (scene.told, scene.lost) == ([], ["pbx: down"])
    scene.passes(10)
    scene.find()
    assert scene.told == ["pbx"]


def test_after_an_outage_it_is_tried_again_less_and_less_often(scene: Scene) -> None:
    for seconds in (10, 20, 30, 30, 30):
        scene.fail(Unlocatable("down"))
        assert scene.passes(seconds - 0.1) == 0
        assert scene.passes(0.1) == 1
    scene.find(A)
    scene.passes(300)
    scene.fail(Unlocatable("down"))
    assert scene.passes(9.9) == 0
    assert scene.passes(0.1) == 1


def test_a_target_in_an_outage_does_not_keep_the_others() -> None:
    scene = Scene(PBX, a_target("other", "other.example"))
    scene.locations.start()
    scene.fail(Unlocatable("down"))
    scene.find(B)
    assert (scene.told, scene.lost) == (["other 192.0.2.2"], ["pbx: down"])


def test_only_so_many_are_located_at_a_time() -> None:
    scene = Scene(*(a_target(f"t{n}", f"t{n}.example") for n in range(MAX_AT_ONCE + 2)))
    scene.locations.start()
    assert len(scene.answers.asked) == MAX_AT_ONCE
    scene.find(A)
    scene.fail(Unlocatable("down"))
    assert [host for host, *_ in scene.answers.asked[MAX_AT_ONCE:]] == [
        f"t{MAX_AT_ONCE}.example",
        f"t{MAX_AT_ONCE + 1}.example",
    ]


def test_a_mistake_of_who_is_told_is_reported_and_not_the_end_of_it(scene: Scene) -> None:
    scene.mistake = RuntimeError("ours")
    scene.find(A)
    assert scene.mistakes == [("locations", scene.mistake)]
    scene.mistake = None
    assert scene.passes(300) == 1
    scene.find(B)
    assert scene.told == ["pbx 192.0.2.1", "pbx 192.0.2.2"]


def test_a_mistake_of_the_locator_is_reported_and_not_the_end_of_it(scene: Scene) -> None:
    mistake = RuntimeError("ours")
    scene.fail(mistake)
    assert scene.mistakes == [("locations", mistake)]
    assert scene.lost == []
    assert scene.passes(10) == 1


@pytest.mark.parametrize("state", ["before the start", "asking", "located", "in an outage", "waiting for its turn"])
def test_after_the_stop_nothing_is_asked_or_told(state: str) -> None:
    scene = Scene(*[PBX] * (MAX_AT_ONCE + 1 if state == "waiting for its turn" else 1))
    if state != "before the start":
        scene.locations.start()
    if state == "located":
        scene.find(A)
    if state == "in an outage":
        scene.fail(Unlocatable("down"))
    said = len(scene.told) + len(scene.lost)
    scene.locations.stop()
    assert scene.clock.getDelayedCalls() == []
    assert all(asked.called for asked in scene.answers.open), "cancelled"
    assert len(scene.told) + len(scene.lost) == said
    assert scene.mistakes == []
    scene.locations.stop()


def test_who_is_told_may_stop_it(scene: Scene) -> None:
    scene.told = Stopping(scene.locations)
    scene.find(A)
    assert scene.clock.getDelayedCalls() == []


class Stopping(list[str]):
    def __init__(self, locations: Locations) -> None:
        super().__init__()
        self._locations = locations

    def append(self, _: str) -> None:
        self._locations.stop()


@pytest.fixture
def zone() -> Zone:
    return Zone("_sip._udp.pbx.example 60 SRV 0 0 5070 one.pbx.example\none.pbx.example 60 A 192.0.2.1")


class InZone:
    """Locations of one target in a zone."""

    def __init__(self, zone: Zone) -> None:
        self.clock = Clock()
        self.told: list[list[str]] = []
        self.lost: list[str] = []
        self.locations = Locations(
            Locator(zone, self.clock, DnsOptions(), ["UDP"], "/dev/null"),
            self.clock,
            [PBX],
            told=lambda _, places: self.told.append([place.address[0] for place in places]),
            lost=lambda _, reason: self.lost.append(reason),
            mistake=raised,
        )
        self.locations.start()

    def passes(self, seconds: int) -> None:
        self.clock.pump([1.0] * seconds)


def raised(_: str, error: BaseException | None) -> None:
    assert error is not None
    raise error


def test_dns_is_followed_when_its_records_have_expired(zone: Zone) -> None:
    located = InZone(zone)
    assert located.told == [["192.0.2.1"]]
    zone.records["one.pbx.example"] = records("one.pbx.example 60 A 192.0.2.9")
    located.passes(59)
    assert located.told == [["192.0.2.1"]]
    located.passes(1)
    assert located.told == [["192.0.2.1"], ["192.0.2.9"]]
    located.locations.stop()
    assert located.clock.getDelayedCalls() == []


def test_an_outage_of_dns_takes_nothing_away(zone: Zone) -> None:
    located = InZone(zone)
    zone.outages["*"] = DNSServerError
    zone.records["one.pbx.example"] = records("one.pbx.example 60 A 192.0.2.9")
    located.passes(3600)
    why = "pbx.example NAPTR: DNSServerError; where it was before is used on"
    assert (located.told, located.lost) == ([["192.0.2.1"]], [why])
    zone.outages.clear()
    located.passes(10)
    assert located.told == [["192.0.2.1"], ["192.0.2.9"]]


def test_an_outage_of_dns_at_the_start_ends_with_the_first_answer(zone: Zone) -> None:
    zone.outages["*"] = DNSServerError
    located = InZone(zone)
    located.passes(3600)
    assert (located.told, located.lost) == ([], ["pbx.example NAPTR: DNSServerError"])
    zone.outages.clear()
    located.passes(int(LONGEST_RETRY))
    assert located.told == [["192.0.2.1"]]


@pytest.fixture
def server(zone: Zone, in_reactor: Reactor) -> Iterator[NameServer]:
    server = NameServer(zone)
    yield server
    in_reactor(server.close)


def test_a_name_is_located_through_a_real_name_server(server: NameServer, in_reactor: Reactor) -> None:
    def located() -> Deferred[tuple[str, tuple[Place, ...]]]:
        told: Deferred[tuple[str, tuple[Place, ...]]] = Deferred()
        names = NameServers(reactor, [server.listen()], 30.0)
        locations = Locations(
            Locator(names, reactor, DnsOptions(timeout=30.0), ["UDP", "TCP"], "/dev/null"),
            reactor,
            [PBX],
            told=lambda target, places: told.callback((target.name, places)),
            lost=lambda _, reason: told.errback(AssertionError(reason)),
            mistake=lambda _, error: told.errback(error),
        )
        locations.start()

        def stop(result: tuple[str, tuple[Place, ...]]) -> tuple[str, tuple[Place, ...]]:
            locations.stop()
            names.close()
            return result

        return told.addBoth(stop)

    place = Place("UDP", ("192.0.2.1", 5070), 0, 0, "pbx.example", "one.pbx.example")
    assert in_reactor(located) == ("pbx", (place,))
