"""The demonstration's world: what it calls honest is honest, and each way to spoof is one."""

import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from incoming import FLOW
from messages import octets, read_request
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sip_guard.call import Call, Code, Finding
from sip_guard.checks.identity import IdentityCheck
from sip_guard.config import Config, load
from sip_guard.demo.calls import ALICE, BOB, CALLS, DemoCall
from sip_guard.demo.laboratory import Laboratory
from sip_guard.peer import Trunk
from sip_guard.policy.decision import Decision
from sip_guard.policy.rules import Rules
from sip_guard.screen import Screening
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Judgement, Trusts
from sip_guard.verdict import Reject


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with Laboratory(tmp_path_factory.mktemp("laboratory")) as opened:
        yield opened


@pytest.fixture(scope="module")
def config(laboratory: Laboratory) -> Config:
    return load(laboratory.config)


def trunk(config: Config, name: str) -> Trunk:
    return next(trunk for trunk in config.trunks if trunk.name == name)


def trusts(config: Config) -> Trusts:
    return Trusts(group.trust() for group in config.trust)


def decides(call: DemoCall, laboratory: Laboratory, config: Config) -> Decision:
    """Decide about a call of the demonstration, with its certificates at hand and no network."""
    fields = {
        "Via": "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1",
        "From": f"{call.presented};tag=1",
        "To": f"<sip:{call.called}@192.0.2.1>",
        "Call-ID": "1",
        "CSeq": "1 INVITE",
    }
    request = read_request(octets(f"INVITE sip:{call.called}@192.0.2.1 SIP/2.0", fields, call.fields(laboratory)))

    def certificates(url: str, when: float) -> Judgement | Finding | Deferred[Judgement | Finding]:
        bundle = laboratory.repository._pages.get(url.rpartition("/")[2])
        if bundle is None:
            return Finding(Code.REPOSITORY_UNAVAILABLE, "answered 503")
        return trusts(config).judge(bundle, when)

    places = frozenset(each.place for each in config.repository.laboratories)
    screening = Screening(
        [IdentityCheck(certificates, Terms(config.freshness, places), trusts(config))],
        Rules(config.rules),
        Clock(),
        emergency=config.emergency,
        tags=config.tags,
        time_limit=config.time_limit,
        mistake=lambda _where, error: pytest.fail(str(error)),
    )
    name = "wholesale" if call.strict else "carrier"
    decision = screening.screen(Call.of(request, trunk(config, name), FLOW, time.time()))
    assert isinstance(decision, Decision)
    return decision


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.title)
def test_each_call_is_treated_as_the_demonstration_says(call: DemoCall, laboratory: Laboratory, config: Config) -> None:
    decision = decides(call, laboratory, config)
    assert decision.rule == call.expected.rule
    answer = decision.verdict.code if isinstance(decision.verdict, Reject) else 200
    assert answer == call.expected.answer


def test_the_calls_have_titles_of_their_own() -> None:
    assert len({call.title for call in CALLS}) == len(CALLS)


def test_its_configuration_is_one_of_the_guards(laboratory: Laboratory, config: Config) -> None:
    assert {trunk.name: trunk.identity for trunk in config.trunks} == {
        "carrier": "prefer",
        "wholesale": "require",
        "anyone-on-this-machine": "prefer",
    }
    assert config.listen[0].address == ("127.0.0.1", 0)
    assert (config.targets[0].host, config.targets[0].port) == (laboratory.pbx.host, laboratory.pbx.port)
    assert [each.place for each in config.repository.laboratories] == [("127.0.0.1", laboratory.repository.port)]


def claims(identity: str) -> bytes:
    text = identity.removeprefix("Identity: ").split(".")[1]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_what_was_tampered_with_differs_in_its_attestation_alone(laboratory: Laboratory) -> None:
    forged = claims(laboratory.tampered(ALICE, BOB))
    assert b'"attest":"A"' in forged
    assert b'"attest":"C"' in claims(laboratory.identity(ALICE, BOB, attest="C"))
    assert len(forged) == len(claims(laboratory.identity(ALICE, BOB, attest="C")))


def test_nothing_secret_is_in_the_folder_but_the_web_servers_key(laboratory: Laboratory) -> None:
    folder = laboratory.config.parent
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "anchors/root.pem",
        "repository.key",
        "repository.pem",
        "sip_guard.yaml",
        "web_ca.pem",
    ]
    assert [path.name for path in Path(folder).rglob("*.pem") if b"PRIVATE" in path.read_bytes()] == []
