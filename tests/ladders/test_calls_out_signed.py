"""Calls of our side are signed as they leave by a trunk: with its key, each hop anew, and nothing else is."""

import pytest
from messages import BOB, values
from pki import NOW, Pki, pki
from scene import OTHER_OUT, OUT, TARGET, Scene, target, trunk

from sip_guard.call import Call, Code, Finding
from sip_guard.checks.identity import IdentityCheck
from sip_guard.peer import Route, Target, Trunk
from sip_guard.signing import Authenticator
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import Message, Request
from sip_guard.sip.rewrite import Draft
from sip_guard.stir.authentication import Attest, Signing
from sip_guard.stir.credential import Credential, own_certificate
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Judgement, Trust, Trusts

PKIS = {"carrier": pki(spc="1234"), "other": pki(spc="5678")}
"""Whose key calls are signed with, by the trunk that they leave by."""
ATTEST = (Attest("none", ("12155550",)), Attest("A", ("1215555",)), Attest("B", ("1",)), Attest("C"))
FLOW = Flow("UDP", ("198.51.100.7", 5060), ("192.0.2.1", 5060))


class World:
    """Bob's guard, which signs for two trunks, and a clock on its wall."""

    def __init__(self, *, trust_asserted: bool = True, out: Target = OUT) -> None:
        self.mistakes: list[str] = []
        self.unsigned: list[str] = []
        self.made = 0
        authenticator = Authenticator(
            {name: signing(each, name) for name, each in PKIS.items()},
            wall=self._wall,
            unsigned=lambda trunk, reason: self.unsigned.append(f"{trunk.name}: {reason}"),
            mistake=lambda where, _: self.mistakes.append(where),
        )
        self.broken = False

        def sign(draft: Draft, to: Trunk, of: Target) -> tuple[bytes, ...]:
            lines = authenticator.sign(draft, to, of)
            self.made += bool(lines)
            return lines

        self.scene = Scene(
            trunk=trunk(trust_asserted=trust_asserted),
            targets=(target(TARGET), out, OTHER_OUT),
            routes=(Route(trunks=("carrier", "other")),),
            sign=sign,
        )

    def _wall(self) -> float:
        if self.broken:
            raise OSError("no time")
        return NOW + self.scene.now - 1000

    def calls(self, *more: str, caller: str = BOB, **changed: str) -> Message:
        """Let Bob call; give what Alice gets."""
        bob, alice = self.scene.bob, self.scene.alice
        bob.sends("INVITE", *more, from_=f"<sip:{caller}@pbx.example>;tag={bob.tag}", body=b"", **changed)
        bob.gets("100 Trying")
        return alice.gets("INVITE")


def signing(by: Pki, name: str) -> Signing:
    credential = Credential(
        key=by.signer.signing_key, url=f"https://{name}.example/ours.pem", certificate=own_certificate(by.signer.bundle)
    )
    return Signing(credential, ATTEST)


def verified(message: Message, by: str = "carrier", *, at: float = NOW) -> tuple[str, str]:
    """Verify a call as the other side would; give the level that is attested, and the number it is attested for."""
    assert isinstance(message, Request)
    call = Call.of(message, Trunk(name="us", targets=("x",), attested_number="asserted"), FLOW, at)
    trusts = Trusts([Trust(by, PKIS[by].anchors)])
    urls: list[str] = []

    def certificate(url: str, when: float) -> Judgement | Finding:
        urls.append(url)
        return trusts.judge(PKIS[by].signer.bundle, when)

    found = IdentityCheck(certificate, Terms(), trusts).check(call)
    assert isinstance(found, list)
    assert [finding.code for finding in found] == [Code.PASSED]
    assert urls == [f"https://{by}.example/ours.pem"]
    attestation = found[0].attestation
    assert attestation is not None
    field = b"p-asserted-identity" if call.asserted else b"from"
    assert field in attestation.verified
    number = call.asserted[0].number if call.asserted else call.presented.number
    assert number is not None
    return attestation.level, number


def is_signed(message: Message) -> bool:
    return message.index(b"identity") is not None


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("caller", "level"), [("+12155551213", "A"), ("+13125550123", "B"), ("+442079460000", "C"), ("2155551213", "C")]
)
def test_a_call_is_signed_by_how_well_its_caller_is_known(world: World, caller: str, level: str) -> None:
    assert verified(world.calls(caller=caller)) == (level, caller.removeprefix("+"))


def test_a_caller_that_is_to_stay_unsigned_does(world: World) -> None:
    assert not is_signed(world.calls(caller="+12155550000"))
    assert world.unsigned == []


def test_a_signed_call_has_a_token_and_a_date_more_and_is_otherwise_the_same(world: World) -> None:
    signed = world.calls()
    plain = Scene(targets=(TARGET, OUT), routes=(Route(trunks=("carrier",)),))
    plain.bob.sends("INVITE", from_=f"<sip:{BOB}@pbx.example>;tag={plain.bob.tag}")
    plain.bob.gets("100 Trying")
    unsigned = plain.alice.gets("INVITE")
    added = [line for line in signed.lines if line.startswith((b"Identity: ", b"Date: "))]
    assert len(added) == 2
    assert [line for line in signed.lines if line not in added] == unsigned.lines


# Who calls.


def test_what_is_asserted_towards_the_trunk_is_attested(world: World) -> None:
    message = world.calls("P-Asserted-Identity: <sip:+12155551999@pbx.example>", caller="+13125550123")
    assert verified(message) == ("A", "12155551999")


def test_what_is_not_asserted_towards_the_trunk_is_not_attested() -> None:
    world = World(trust_asserted=False)
    message = world.calls("P-Asserted-Identity: <sip:+12155551999@pbx.example>", caller="+13125550123")
    assert message.index(b"p-asserted-identity") is None
    assert verified(message) == ("B", "13125550123")


def test_who_asks_for_privacy_is_attested_within_the_trust_domain_alone() -> None:
    asked = ("P-Asserted-Identity: <sip:+12155551999@pbx.example>", "Privacy: id")
    assert verified(World().calls(*asked, caller="anonymous")) == ("A", "12155551999")
    outside = World(trust_asserted=False)
    message = outside.calls(*asked, caller="anonymous")
    assert b"12155551999" not in message.raw
    assert not is_signed(message)


@pytest.mark.parametrize("caller", ["anonymous", "alice", "201"])
def test_a_caller_without_a_number_is_not_signed_and_calls_nevertheless(world: World, caller: str) -> None:
    assert not is_signed(world.calls(caller=caller))
    assert world.unsigned == ["carrier: it shows no caller's number that is complete, or several of them"]


# What is not signed.


@pytest.mark.parametrize("name", ["Identity", "identity", "y"])
def test_what_the_pbx_has_signed_stays_as_it_is(world: World, name: str) -> None:
    theirs = "eyJh.eyJh.c2ln;info=<https://pbx.example/c.pem>;ppt=shaken"
    assert values(world.calls(f"{name}: {theirs}"), "identity") == [theirs]
    assert world.made == 0


def test_nothing_but_the_first_invite_is_signed(world: World) -> None:
    world.calls()
    scene = world.scene
    scene.alice.sends("200 OK")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK")
    assert not is_signed(scene.alice.gets("ACK"))
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    assert not is_signed(scene.alice.gets("INVITE"))
    scene.alice.sends("200 OK")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK")
    scene.alice.gets("ACK")
    scene.bob.sends("BYE")
    assert not is_signed(scene.alice.gets("BYE"))
    assert world.made == 1


def test_a_cancel_is_not_signed(world: World) -> None:
    world.calls()
    scene = world.scene
    scene.alice.sends("180 Ringing")
    scene.bob.gets("180 Ringing")
    scene.bob.sends("CANCEL")
    scene.bob.gets("200 OK")
    assert not is_signed(scene.alice.gets("CANCEL"))
    scene.alice.sends("200 OK", to="CANCEL")
    scene.alice.sends("487 Request Terminated")
    assert not is_signed(scene.alice.gets("ACK"))


def test_calls_of_a_trunk_are_not_signed(world: World) -> None:
    scene = world.scene
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    assert not is_signed(scene.bob.gets("INVITE"))
    assert world.made == 0


# Where it goes.


def test_the_next_trunk_gets_the_call_with_a_token_of_its_own(world: World) -> None:
    first = world.calls()
    scene = world.scene
    scene.alice.sends("503 Service Unavailable")
    scene.alice.gets("ACK")
    second = scene.erin.gets("INVITE")
    assert verified(first, "carrier") == verified(second, "other") == ("A", BOB.removeprefix("+"))


def test_a_token_for_the_next_trunk_is_as_fresh_as_the_call_is_there(world: World) -> None:
    first = world.calls()
    scene = world.scene
    scene.passes(3.9)
    sent_again = [arrival.message.raw for arrival in scene.alice.inbox]
    assert sent_again == [first.raw] * len(sent_again) != []
    scene.alice.inbox.clear()
    scene.passes(0.2)
    second = scene.erin.gets("INVITE")
    dates = [values(message, "date") for message in (first, second)]
    assert dates == [["Tue, 14 Nov 2023 22:13:20 GMT"], ["Tue, 14 Nov 2023 22:13:24 GMT"]]
    assert verified(second, "other", at=NOW + 4)


def test_a_call_that_is_large_only_with_its_token_goes_by_tcp_where_large_ones_do() -> None:
    world = World(out=target(OUT, large_requests="tcp"))
    world.scene.alice.also = ("TCP",)
    message = world.calls(f"X-Filler: {'x' * 400}")
    token = sum(len(line) + 2 for line in message.lines if line.startswith((b"Identity", b"Date")))
    assert len(message.raw) - token < 1300 < len(message.raw)
    assert message.via.transport == b"TCP"
    assert verified(message)


# When something is wrong.


def test_a_mistake_in_signing_loses_no_call(world: World) -> None:
    world.broken = True
    assert not is_signed(world.calls())
    assert world.mistakes == ["sign"]


@pytest.mark.parametrize("uri", ["sip:911@192.0.2.1:5060", "urn:service:sos"])
@pytest.mark.parametrize("broken", [False, True])
def test_an_emergency_call_is_signed_if_it_can_be(world: World, uri: str, broken: bool) -> None:
    world.broken = broken
    message = world.calls(uri=uri, to=f"<{uri}>")
    assert is_signed(message) is not broken
    assert isinstance(message, Request)
    assert message.uri == uri.encode()
