"""More comes than can be done: new calls are shed, what was begun goes on. And RFC 7339, towards both sides."""

import pytest
from scene import OUT, SECOND, Phone, Scene, target, trunk

from sip_guard.peer import Route, Trunk
from sip_guard.sip.message import Message, Request, parse

OFFER = ';oc;oc-algo="loss"'
NONE_LESS = b';oc=0;oc-algo="loss";oc-validity=0;oc-seq='
EMERGENCY = "sip:112@192.0.2.1:5060"
ROUTE = Route(trunks=("carrier",))
ASKING = target(overload_control=True)
HALF = ';oc=50;oc-algo="loss";oc-validity=5000;oc-seq=1.0'


def urgent(request: Request, _: Trunk | None) -> bool:
    return request.uri.startswith(b"sip:112@")


@pytest.fixture
def scene() -> Scene:
    return Scene(trunk=trunk(methods=frozenset({"MESSAGE"})), targets=(target(), OUT), routes=(ROUTE,), urgent=urgent)


class Load:
    """A queue of the guard's in which things wait for so many seconds."""

    def __init__(self, scene: Scene, seconds: float) -> None:
        self.scene = scene
        self.queue = scene.guard.overload.queue()
        self.waits(seconds)

    def waits(self, seconds: float, lasting: float = 2.0) -> None:
        for _ in range(round(lasting / 0.05)):
            self.scene.passes(0.05)
            self.queue.delayed(seconds, self.scene.now)

    @property
    def share(self) -> float:
        return self.scene.guard.overload.share(self.scene.now)


def unlucky(scene: Scene) -> None:
    """Let chance be against every call: it is shed as soon as any share is."""
    scene.guard._random = bytes


def calls(phone: Phone, *more: str, **changed: str) -> Message:
    """Let a phone begin one more call, and give the guard's first answer."""
    phone.forgets()
    phone.sends("INVITE", *more, body=b"", **changed)
    return phone.inbox.pop(0).message


def shed(scene: Scene, of: int, via: str = "") -> float:
    """Let Alice begin so many calls, and give the share of them that was turned away."""
    codes = []
    for number in range(of):
        answer = calls(scene.alice, via=scene.alice.via(f"z9hG4bK-{number}-{scene.now}") + via)
        codes.append(answer.start.split(b" ")[1])
    assert set(codes) <= {b"100", b"503"}
    return codes.count(b"503") / of


# What is shed.


def test_a_call_that_is_shed_gets_503_without_retry_after_and_nothing_is_kept_of_it(scene: Scene) -> None:
    Load(scene, 0.5)
    unlucky(scene)
    scene.alice.sends("INVITE")
    answer = scene.alice.gets("503 Overloaded")
    assert b"retry-after" not in answer
    assert scene.screens == []
    assert scene.guard.transactions == 0
    scene.alice.sends("ACK")
    scene.check_over()


def test_a_call_out_is_shed_as_well(scene: Scene) -> None:
    Load(scene, 0.5)
    unlucky(scene)
    scene.bob.sends("INVITE")
    assert b"retry-after" not in scene.bob.gets("503 Overloaded")
    scene.bob.sends("ACK")
    scene.check_over()


def test_a_message_is_shed_as_a_call_is(scene: Scene) -> None:
    Load(scene, 0.5)
    unlucky(scene)
    scene.alice.sends("MESSAGE")
    scene.alice.gets("503 Overloaded")
    scene.check_over()


@pytest.mark.parametrize("lasting", [1.0, 1.4, 5.0])
def test_so_many_calls_are_shed_as_have_to_be(scene: Scene, lasting: float) -> None:
    load = Load(scene, 0.0)
    load.waits(0.5, lasting)
    assert 0.2 < load.share <= 0.95
    assert shed(scene, 500) == pytest.approx(load.share, abs=0.06)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1])
def test_none_is_shed_while_all_is_taken_up_in_time(scene: Scene, seconds: float) -> None:
    Load(scene, seconds)
    unlucky(scene)
    assert shed(scene, 20) == 0.0


def test_none_is_shed_for_a_burst_that_passes(scene: Scene) -> None:
    load = Load(scene, 0.0)
    unlucky(scene)
    load.waits(0.5, 0.1)
    load.waits(0.01, 0.1)
    assert shed(scene, 20) == 0.0


def test_the_longest_queue_counts(scene: Scene) -> None:
    long, short = Load(scene, 0.0), Load(scene, 0.0)
    for _ in range(40):
        scene.passes(0.05)
        short.queue.delayed(0.0, scene.now)
        long.queue.delayed(0.5, scene.now)
    unlucky(scene)
    scene.alice.sends("INVITE")
    scene.alice.gets("503 Overloaded")


# When it is over.


def test_when_the_queue_is_short_again_all_calls_are_taken_again(scene: Scene) -> None:
    load = Load(scene, 0.5)
    unlucky(scene)
    assert shed(scene, 10) == 1.0
    load.waits(0.0, 30.0)
    assert shed(scene, 20) == 0.0


def test_when_nothing_waits_any_more_all_calls_are_taken_again_at_once(scene: Scene) -> None:
    Load(scene, 0.5)
    unlucky(scene)
    assert shed(scene, 10) == 1.0
    scene.passes(1.1)
    assert shed(scene, 20) == 0.0


def test_a_call_that_was_shed_may_come_again(scene: Scene) -> None:
    Load(scene, 0.5)
    unlucky(scene)
    scene.alice.sends("INVITE")
    scene.alice.gets("503 Overloaded")
    scene.alice.sends("ACK")
    scene.passes(1.1)
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.bob.gets("INVITE")


# What goes on.


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO"])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_what_is_of_a_call_passes(scene: Scene, who: str, method: str) -> None:
    scene.talk()
    Load(scene, 0.9)
    unlucky(scene)
    sender, receiver = (scene.alice, scene.bob) if who == "alice" else (scene.bob, scene.alice)
    sender.sends(method)
    if method == "INVITE":
        sender.gets("100 Trying")
    receiver.gets(method)
    receiver.sends("200 OK", to=method)
    sender.gets("200 OK")
    if method == "INVITE":
        sender.sends("ACK")
        receiver.gets("ACK")
    scene.check_quiet()


def test_a_call_that_was_begun_is_answered_and_acknowledged(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    Load(scene, 0.9)
    unlucky(scene)
    scene.verdict()
    scene.bob.gets("INVITE")
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.check_quiet()


def test_a_call_that_was_begun_can_be_cancelled(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    Load(scene, 0.9)
    unlucky(scene)
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")


def test_an_invite_sent_again_is_no_new_call(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    Load(scene, 0.9)
    unlucky(scene)
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1


def test_emergency_calls_pass_and_are_screened_as_ever(scene: Scene) -> None:
    Load(scene, 0.9)
    unlucky(scene)
    scene.call(uri=EMERGENCY)


def test_emergency_calls_of_our_side_pass(scene: Scene) -> None:
    Load(scene, 0.9)
    unlucky(scene)
    scene.calls_out(uri=EMERGENCY)


def test_whoever_asks_whether_we_are_there_hears_that_we_are(scene: Scene) -> None:
    Load(scene, 0.9)
    unlucky(scene)
    scene.alice.sends("OPTIONS")
    scene.alice.gets("200 OK")


def test_a_to_tag_alone_makes_no_call_one_that_was_begun(scene: Scene) -> None:
    Load(scene, 0.9)
    unlucky(scene)
    scene.alice.remote_tag = "made-up"
    scene.alice.sends("INVITE")
    scene.alice.gets("503 Overloaded")
    assert scene.screens == []


# The bound on what is in progress.


def test_with_too_much_in_progress_new_calls_are_refused_but_emergency_calls_and_what_is_of_a_call_pass() -> None:
    scene = Scene(max_transactions=2, urgent=urgent)
    scene.talk()
    scene.passes(64)
    assert scene.guard.transactions == 0
    dialog = vars(scene.alice).copy()
    for _ in range(2):
        assert calls(scene.alice).start == b"SIP/2.0 100 Trying"
    assert calls(scene.alice).start == b"SIP/2.0 503 Too Many Transactions"
    assert calls(scene.alice, uri=EMERGENCY).start == b"SIP/2.0 100 Trying"
    vars(scene.alice).update({name: dialog[name] for name in ("call_id", "remote_tag", "routes", "target")})
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.alice.sends("INFO")
    answer = scene.alice.gets("503 Too Many Transactions")
    assert b"retry-after" not in answer
    assert calls(scene.alice, uri=EMERGENCY).start == b"SIP/2.0 503 Too Many Transactions"


def test_what_is_over_makes_room() -> None:
    scene = Scene(max_transactions=1)
    scene.call()
    assert calls(scene.alice).start == b"SIP/2.0 503 Too Many Transactions"
    scene.bob.sends("404 Not Found")
    scene.bob.gets("ACK")
    scene.alice.gets("404 Not Found")
    scene.passes(32.0)
    scene.alice.inbox.clear()
    assert calls(scene.alice).start == b"SIP/2.0 100 Trying"


# RFC 7339: what a sender that offers to send less is told.


def offers(scene: Scene, number: int = 1) -> str:
    return scene.alice.via(f"z9hG4bK-offers-{number}") + OFFER


def asked(message: Message) -> bytes:
    """Give what the first Via says of overload, but for the time."""
    parameters = message.vias[0].partition(b";oc")
    return b"".join(parameters[1:]).rpartition(b"=")[0] + b"=" if parameters[1] else b""


def test_who_offers_is_told_in_every_answer_that_all_is_well(scene: Scene) -> None:
    scene.alice.sends("INVITE", via=offers(scene))
    assert scene.alice.gets("100 Trying").vias[0].endswith(NONE_LESS + b"1000.000")
    scene.verdict()
    assert b"oc" not in scene.bob.gets("INVITE").via.params
    for status in ("180 Ringing", "200 OK"):
        scene.bob.sends(status)
        assert asked(scene.alice.gets(status)) == NONE_LESS


def test_who_offers_is_told_in_a_refusal_too(scene: Scene) -> None:
    scene.alice.sends("SUBSCRIBE", via=offers(scene))
    assert asked(scene.alice.gets("405 Method Not Allowed")) == NONE_LESS
    scene.alice.sends("OPTIONS", via=offers(scene, 2))
    assert asked(scene.alice.gets("200 OK")) == NONE_LESS
    scene.alice.sends("INVITE", via=offers(scene, 3))
    scene.alice.gets("100 Trying")
    scene.alice.sends("CANCEL")
    assert asked(scene.alice.gets("200 OK")) == NONE_LESS
    assert asked(scene.alice.gets("487 Request Terminated")) == NONE_LESS


def test_who_offers_is_told_within_a_call_too(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO", via=offers(scene))
    scene.bob.gets("INFO")
    scene.bob.sends("200 OK", to="INFO")
    assert asked(scene.alice.gets("200 OK")) == NONE_LESS


def test_who_offers_is_told_to_send_less_when_there_is_too_much(scene: Scene) -> None:
    load = Load(scene, 0.5)
    scene.alice.sends("INVITE", uri=EMERGENCY, via=offers(scene))
    told = b';oc=%d;oc-algo="loss";oc-validity=500;oc-seq=' % round(100 * load.share)
    assert asked(scene.alice.gets("100 Trying")) == told
    unlucky(scene)
    scene.alice.sends("INVITE", via=offers(scene, 2))
    assert asked(scene.alice.gets("503 Overloaded")) == told


def test_what_is_told_later_has_a_larger_number(scene: Scene) -> None:
    numbers = []
    for number in range(3):
        scene.alice.sends("OPTIONS", via=offers(scene, number))
        numbers.append(float(scene.alice.gets("200 OK").via.params[b"oc-seq"]))
        scene.passes(0.002)
    assert numbers[0] < numbers[1] < numbers[2]


def test_who_offers_nothing_is_told_nothing(scene: Scene) -> None:
    Load(scene, 0.5)
    unlucky(scene)
    scene.alice.sends("INVITE")
    assert b";oc" not in scene.alice.gets("503 Overloaded").vias[0]
    scene.call(uri=EMERGENCY)
    assert b";oc" not in scene.alice.got["100"].vias[0]
    scene.bob.sends("200 OK")
    assert b";oc" not in scene.alice.gets("200 OK").vias[0]


@pytest.mark.parametrize("offer", [';oc;oc-algo="rate"', ";oc", ';oc-algo="loss"', ';oc=5;oc-algo="loss"'])
def test_what_is_no_offer_of_ours_is_not_taken(scene: Scene, offer: str) -> None:
    scene.call(via=scene.alice.via("z9hG4bK-1") + offer)
    assert b"oc-seq" not in scene.alice.got["100"].vias[0]
    scene.bob.sends("200 OK")
    assert b"oc" not in scene.alice.gets("200 OK").via.params


def test_who_offers_is_spared_but_not_so_much_that_others_would_bear_it_all(scene: Scene) -> None:
    load = Load(scene, 0.0)
    load.waits(0.5, 1.2)
    assert 0.3 < load.share < 0.8
    assert shed(scene, 500, OFFER) == pytest.approx(load.share**2, abs=0.06)


def test_what_others_say_of_overload_goes_no_further(scene: Scene) -> None:
    """It is between neighbours: neither our caller's offer nor a forged wish of the callee passes (RFC 7339 5.6)."""
    behind = f"Via: SIP/2.0/UDP 198.51.100.99;branch=z9hG4bKbehind{OFFER}"
    scene.call(behind, via=offers(scene))
    received = scene.bob.got["INVITE"]
    assert len(received.vias) == 3
    assert not [via for via in received.vias if b"oc" in via]
    forged = received.raw
    for via in received.vias[1:]:
        forged = forged.replace(via, via + b";oc=90")
    scene.bob.got["INVITE"] = parse(forged)
    scene.bob.sends("180 Ringing")
    first, second = scene.alice.gets("180 Ringing").vias
    assert first.endswith(NONE_LESS + b"1000.000")
    assert first.count(b"oc=") == 1
    assert b"oc" not in second


def test_nor_does_it_in_an_ack(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK", via=offers(scene))
    received = scene.bob.gets("ACK")
    assert len(received.vias) == 2
    assert not [via for via in received.vias if b"oc" in via]


def test_who_offers_nothing_hears_nothing_that_the_callee_writes_into_its_via(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    told = scene.bob.sent["180"].replace(b"branch=z9hG4bK", b'oc=90;oc-algo="loss";branch=z9hG4bK')
    scene.alice.gets("180 Ringing")
    scene.bob.says(told)
    assert b"oc" not in scene.alice.gets("180 Ringing").via.params


# RFC 7339: a target that asks for less.


@pytest.fixture
def asking() -> Scene:
    """Give Bob, who is offered to get less, and Carol who is tried after him."""
    return Scene(targets=(ASKING, SECOND), urgent=urgent)


def says(scene: Scene, status: str, wish: str = HALF) -> None:
    """Let Bob answer, with a wish in the guard's Via where its offer was."""
    invite = scene.bob.got["INVITE"]
    assert invite.raw.count(OFFER.encode()) == 1
    scene.bob.got["INVITE"] = parse(invite.raw.replace(OFFER.encode(), wish.encode()))
    scene.bob.sends(status)


def wishes(scene: Scene, wish: str = HALF, status: str = "486 Busy Here") -> None:
    """Let Bob refuse a call, and say that he wants fewer."""
    scene.call()
    says(scene, status, wish)
    scene.bob.gets("ACK")


def placed(scene: Scene, calls: int, **changed: str) -> float:
    """Let Alice begin so many calls, and give the share of them that Bob gets. All others are Carol's."""
    scene.alice.inbox.clear()
    for _ in range(calls):
        scene.alice.forgets()
        scene.alice.sends("INVITE", body=b"", **changed)
        scene.verdict()
    scene.alice.inbox.clear()
    got = len(scene.bob.inbox)
    assert got + len(scene.carol.inbox) == calls
    scene.bob.inbox.clear()
    scene.carol.inbox.clear()
    return got / calls


def test_a_target_that_may_ask_for_less_is_offered_it_and_no_other(asking: Scene) -> None:
    asking.call()
    assert asking.bob.got["INVITE"].vias[0].endswith(OFFER.encode())
    asking.bob.sends("503 Service Unavailable")
    assert asking.bob.gets("ACK").vias[0] == asking.bob.got["INVITE"].vias[0]
    assert b"oc" not in asking.carol.gets("INVITE").via.params


def test_it_is_offered_by_whatever_transport_the_call_goes() -> None:
    scene = Scene(targets=(target(ASKING, large_requests="tcp"),))
    scene.bob.also = ("TCP",)
    scene.alice.sends("INVITE", body=b"v=0\r\n" * 300)
    scene.alice.gets("100 Trying")
    scene.verdict()
    received = scene.bob.gets("INVITE")
    assert received.via.transport == b"TCP"
    assert received.vias[0].endswith(OFFER.encode())


@pytest.mark.parametrize("status", ["180 Ringing", "200 OK", "486 Busy Here", "503 Service Unavailable"])
def test_a_target_that_asks_for_half_gets_half_and_the_others_go_to_the_next(asking: Scene, status: str) -> None:
    asking.call()
    says(asking, status)
    asking.bob.inbox.clear()
    asking.carol.inbox.clear()
    assert placed(asking, 400) == pytest.approx(0.5, abs=0.08)


def test_what_a_target_asks_for_is_not_the_callers_to_hear(asking: Scene) -> None:
    asking.call()
    says(asking, "180 Ringing")
    ringing = asking.alice.gets("180 Ringing")
    assert b";oc" not in b"".join(ringing.vias)


def test_without_another_target_the_others_get_503() -> None:
    scene = Scene(targets=(ASKING,))
    wishes(scene, HALF.replace("50", "100", 1))
    scene.alice.inbox.clear()
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    scene.check_quiet()


def test_emergency_calls_go_to_a_target_whatever_it_asks_for(asking: Scene) -> None:
    wishes(asking, HALF.replace("50", "100", 1))
    assert placed(asking, 20) == 0.0
    assert placed(asking, 20, uri=EMERGENCY) == 1.0


def test_what_is_of_a_call_goes_to_a_target_whatever_it_asks_for(asking: Scene) -> None:
    asking.call()
    says(asking, "200 OK", HALF.replace("50", "100", 1))
    asking.alice.gets("200 OK")
    asking.alice.sends("ACK")
    asking.bob.gets("ACK")
    asking.alice.sends("INFO")
    asking.bob.gets("INFO")


def test_a_wish_holds_as_long_as_it_says(asking: Scene) -> None:
    wishes(asking, HALF.replace("50", "100", 1))
    asking.passes(4.9)
    assert placed(asking, 20) == 0.0
    asking.passes(0.1)
    assert placed(asking, 20) == 1.0


def test_a_wish_that_does_not_say_holds_half_a_second(asking: Scene) -> None:
    wishes(asking, ';oc=100;oc-algo="loss"')
    asking.passes(0.4)
    assert placed(asking, 20) == 0.0
    asking.passes(0.1)
    assert placed(asking, 20) == 1.0


def test_a_wish_is_taken_back(asking: Scene) -> None:
    wishes(asking, HALF.replace("50", "100", 1))
    assert placed(asking, 20) == 0.0
    asking.alice.forgets()
    asking.alice.sends("INVITE", uri=EMERGENCY)
    asking.alice.gets("100 Trying")
    asking.verdict()
    asking.bob.gets("INVITE")
    says(asking, "180 Ringing", ';oc=0;oc-algo="loss";oc-validity=0;oc-seq=2.0')
    assert placed(asking, 20) == 1.0


def test_an_older_wish_takes_no_newer_one_back(asking: Scene) -> None:
    asking.call()
    before = asking.bob.got["INVITE"]
    says(asking, "183 Session Progress", ';oc=100;oc-algo="loss";oc-validity=5000;oc-seq=2.0')
    asking.bob.got["INVITE"] = before
    says(asking, "180 Ringing", ';oc=0;oc-algo="loss";oc-validity=0;oc-seq=1.0')
    assert placed(asking, 20) == 0.0


@pytest.mark.parametrize("wish", [OFFER, ";oc=101", ";oc=-1", ';oc=100;oc-algo="rate"', ';oc="100"', ";oc=all"])
def test_what_is_no_wish_changes_nothing(asking: Scene, wish: str) -> None:
    wishes(asking, wish)
    assert placed(asking, 20) == 1.0


def test_a_target_that_was_offered_nothing_gets_no_less() -> None:
    scene = Scene(targets=(target(), SECOND))
    scene.call()
    top = b";rport\r\n"
    scene.bob.got["INVITE"] = parse(scene.bob.got["INVITE"].raw.replace(top, b";rport;oc=100\r\n", 1))
    scene.bob.sends("180 Ringing")
    assert placed(scene, 20) == 1.0


def test_a_carrier_may_ask_for_less_too() -> None:
    out, second = target(OUT, overload_control=True), target(OUT, name="out-2", host="198.51.100.8", priority=1)
    scene = Scene(targets=(target(), out, second), routes=(ROUTE,))
    other = scene.phone("other", "+12155551212", ("198.51.100.8", 5060))
    scene.calls_out()
    assert scene.alice.got["INVITE"].vias[0].endswith(OFFER.encode())
    raw = scene.alice.got["INVITE"].raw
    scene.alice.got["INVITE"] = parse(raw.replace(OFFER.encode(), b';oc=100;oc-algo="loss";oc-validity=9000'))
    scene.alice.sends("180 Ringing")
    ringing = scene.bob.gets("180 Ringing")
    assert b";oc" not in ringing.vias[0]
    for _ in range(20):
        scene.bob.forgets()
        scene.bob.sends("INVITE")
        scene.bob.gets("100 Trying")
        other.gets("INVITE")
    scene.check_quiet()
