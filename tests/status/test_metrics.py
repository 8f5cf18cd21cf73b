"""What is exported, that it is what happened, and that the documentation says what it means."""

import re
import time
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from at_work import CONFIG, AtWork
from decisions import fields
from incoming import DEFAULT, call, decide, passed, rule
from messages import request
from pki import NOW, pki
from prometheus_client import CollectorRegistry
from scene import GUARD
from signed_lists import list_authority, pinned, revocation_list
from twisted.internet.defer import Deferred, fail, succeed

from sip_guard import __version__
from sip_guard.call import Code, Finding
from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.hep.mirror import Mirror
from sip_guard.hep.options import Options
from sip_guard.journal.journal import Journal
from sip_guard.journal.options import Options as Record
from sip_guard.lists.compile import Job, Report, run
from sip_guard.lists.keeper import Keeper, ListSource
from sip_guard.log import logger
from sip_guard.policy.decision import TagOptions
from sip_guard.repository.answer import NO_VALIDATORS, Answer
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.endpoint import Absent, Forbidden, Unavailable
from sip_guard.repository.fetches import Fetches
from sip_guard.repository.options import Options as Repository
from sip_guard.runtime import HEARTBEAT
from sip_guard.sip.flow import Flow
from sip_guard.status.parts import Parts
from sip_guard.status.registry import registry
from sip_guard.stir.revocation import RevocationList
from sip_guard.transport.tls import Tls, TlsFiles

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
ALICE = Flow("UDP", GUARD, ("198.51.100.7", 5060))


@pytest.fixture
def guard(tmp_path: Path) -> AtWork:
    return AtWork(tmp_path)


def scraped(guard: AtWork, parts: Parts | None = None, *, wall: float = NOW) -> CollectorRegistry:
    made = parts or guard.parts()
    return registry(lambda: made, guard.clock.seconds, lambda: wall)


def value(of: CollectorRegistry, name: str, **labels: str) -> float | None:
    return of.get_sample_value(f"sip_guard_{name}", labels)


def invite(number: int) -> bytes:
    via = f"SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK{number}"
    return request("INVITE", "sip:+12155551213@192.0.2.1:5060", via=via, call_id=f"call-{number}")


# Calls.


def test_each_call_and_each_decision_is_counted(guard: AtWork) -> None:
    assert value(scraped(guard), "invites_total", trunk="carrier") == 0
    for number in range(3):
        guard.runtime.received(invite(number), ALICE)
    guard.runtime.received(invite(0), ALICE)
    found = scraped(guard)
    assert value(found, "invites_total", trunk="carrier") == 3
    assert value(found, "decisions_total", trunk="carrier", action="allow", rule="default", mode="enforce") == 3
    assert value(found, "verifications_total", trunk="carrier", result="absent", reason="-") == 3
    assert value(found, "decision_seconds_count") == 3
    assert value(found, "decision_seconds_bucket", le="0.0005") == 3
    assert value(found, "transactions_active") == 3
    assert value(found, "calls_in_progress", trunk="carrier") == 3


def test_what_rules_in_shadow_would_have_done_stands_beside_what_was_done(guard: AtWork) -> None:
    rules = [
        rule("strict", "reject 438", "unsigned", mode="shadow"),
        rule("some", "tag", "unsigned"),
        *DEFAULT,
    ]
    made = call()
    decision = decide(made, [Finding(Code.NO_IDENTITY)], rules, TagOptions())
    decision = msgspec.structs.replace(decision, mode="sample 5%")
    guard.runtime.traffic.decided(made, decision, 0.002)
    found = scraped(guard)
    assert value(found, "decisions_total", trunk="carrier", action="reject 438", rule="strict", mode="shadow") == 1
    assert value(found, "decisions_total", trunk="carrier", action="tag", rule="some", mode="sample") == 1
    assert value(found, "decision_seconds_bucket", le="0.001") == 0
    assert value(found, "decision_seconds_sum") == 0.002


@pytest.mark.parametrize(
    ("findings", "result", "reason"),
    [
        ([passed("B")], "passed", "passed"),
        ([Finding(Code.FOREIGN_ORIGIN), Finding(Code.IAT_STALE, token=1)], "failed", "iat-stale"),
        ([Finding(Code.REPOSITORY_UNAVAILABLE, token=1)], "unable", "repository-unavailable"),
        ([Finding(Code.IAT_STALE, token=2, weighs=False), passed("B")], "passed", "passed"),
        ([Finding(Code.FOREIGN_ORIGIN)], "absent", "-"),
    ],
)
def test_a_verification_is_counted_with_the_finding_that_it_came_from(
    guard: AtWork, findings: list[Finding], result: str, reason: str
) -> None:
    made = call()
    guard.runtime.traffic.decided(made, decide(made, findings, DEFAULT, TagOptions()), 0.0)
    found = scraped(guard)
    assert value(found, "verifications_total", trunk="carrier", result=result, reason=reason) == 1
    level = value(found, "attestation_total", trunk="carrier", level="B")
    assert level == (1 if result == "passed" else None)
    assert value(found, "replays_total") == 0


def test_a_replayed_token_is_counted(guard: AtWork) -> None:
    made = call()
    findings = [passed(), Finding(Code.TOKEN_REPLAYED, token=1)]
    guard.runtime.traffic.decided(made, decide(made, findings, DEFAULT, TagOptions()), 0.0)
    found = scraped(guard)
    assert value(found, "replays_total") == 1
    assert value(found, "verifications_total", trunk="carrier", result="unable", reason="token-replayed") == 1


def test_messages_that_cannot_be_read_are_counted_by_what_is_answered(guard: AtWork) -> None:
    guard.runtime.received(invite(1).replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1), ALICE)
    guard.runtime.received(b"nonsense\r\n\r\n", ALICE)
    guard.runtime.received(b"nonsense\r\n\r\n", ALICE._replace(remote=("203.0.113.99", 5060)))
    found = scraped(guard)
    assert value(found, "malformed_total", kind="505") == 1
    assert value(found, "malformed_total", kind="400") == 1
    assert value(found, "events_total", event="malformed") == 2
    assert value(found, "events_total", event="stranger") == 1


def test_what_has_not_happened_yet_is_there_at_0(guard: AtWork) -> None:
    found = scraped(guard)
    assert value(found, "events_total", event="mistake") == 0
    assert value(found, "shed_total", limit="overload") == 0


def test_a_guard_is_ready_or_not(guard: AtWork) -> None:
    assert value(scraped(guard), "ready") == 1
    guard.loses(["pbx", "pbx-2"])
    assert value(scraped(guard), "ready") == 0


def test_calls_that_were_turned_away_are_counted_by_their_limit(tmp_path: Path) -> None:
    guard = AtWork(tmp_path, CONFIG.replace("identity: ignore", "identity: ignore, calls_per_second: 1.0"))
    for number in range(3):
        guard.runtime.received(invite(number), ALICE)
    found = scraped(guard)
    assert value(found, "shed_total", limit="calls_per_second") == 2
    assert value(found, "invites_total", trunk="carrier") == 1
    assert value(found, "shed_share") == 0


def test_a_target_is_up_or_down(guard: AtWork) -> None:
    guard.loses(["pbx-2"])
    found = scraped(guard)
    assert (value(found, "upstream_up", target="pbx"), value(found, "upstream_up", target="pbx-2")) == (1, 0)


# Trust.


def test_fetches_are_counted_by_what_came_of_them(guard: AtWork) -> None:
    came: list[Deferred[Answer]] = [
        succeed(Answer(b"x", NO_VALIDATORS, None)),
        succeed(Answer(None, NO_VALIDATORS, None)),
        fail(Absent("404")),
        fail(Unavailable("silence")),
        fail(Forbidden("loopback")),
        fail(RuntimeError()),
    ]
    fetches = Fetches(guard.clock)
    fetch = fetches.counted(lambda *_: came.pop(0))
    while came:
        fetch("https://a.example/a.pem", NO_VALIDATORS).addErrback(lambda _: None)
    found = scraped(guard, guard.parts(fetches=fetches))
    results = ("fetched", "unmodified", "absent", "unavailable", "forbidden", "mistake")
    assert [value(found, "cert_fetch_total", result=result) for result in results] == [1] * 6
    assert value(found, "cert_fetch_seconds_count") == 6


def test_a_fetch_takes_as_long_as_it_takes(guard: AtWork) -> None:
    answer: Deferred[Answer] = Deferred()
    fetches = Fetches(guard.clock)
    fetches.counted(lambda *_: answer)("https://a.example/a.pem", NO_VALIDATORS)
    guard.clock.advance(0.75)
    assert value(scraped(guard, guard.parts(fetches=fetches)), "cert_fetch_seconds_count") == 0
    answer.callback(Answer(b"x", NO_VALIDATORS, None))
    found = scraped(guard, guard.parts(fetches=fetches))
    assert value(found, "cert_fetch_seconds_sum") == 0.75
    assert value(found, "cert_fetch_seconds_bucket", le="0.5") == 0
    assert value(found, "cert_fetch_seconds_bucket", le="1.0") == 1


TRUSTING = """\
verification:
  anchors: [root.pem]
  trust:
    - name: us
      trust_list: {file: list.jwt, certificate: lists.pem}
      revocation: {lists: [{file: a.crl, anchor: lists.pem}, {file: b.crl, anchor: lists.pem}]}
"""


@pytest.fixture
def trusting(tmp_path: Path) -> AtWork:
    """Give a guard with a trust group that goes by lists, none of which was had yet."""
    (tmp_path / "lists.pem").write_bytes(list_authority(NOW).pem)
    return AtWork(tmp_path, CONFIG + TRUSTING)


def test_anchors_tell_when_they_end(trusting: AtWork) -> None:
    root = pki().root.certificate
    name, ends = root.subject.rfc4514_string(), root.not_valid_after_utc.timestamp()
    assert value(scraped(trusting), "anchor_not_after_timestamp_seconds", trust="default", anchor=name) == ends


def test_a_trust_list_is_in_force_from_when_it_is_had_until_it_ends(trusting: AtWork) -> None:
    assert value(scraped(trusting), "trust_list_in_force", trust="us") == 0
    trusting.trusts.groups["us"].renew(pki().anchors, until=NOW + 60)
    assert value(scraped(trusting), "trust_list_in_force", trust="us") == 1
    assert value(scraped(trusting, wall=NOW + 61), "trust_list_in_force", trust="us") == 0


def test_a_revocation_list_tells_its_age_and_whether_it_is_in_force(trusting: AtWork, tmp_path: Path) -> None:
    authority = list_authority(NOW)
    revocation = trusting.trusts.groups["us"].revocation
    assert revocation is not None
    had, never = str(tmp_path / "a.crl"), str(tmp_path / "b.crl")
    revocation.renew(had, RevocationList.parse(revocation_list(authority, when=NOW, lasts=60), pinned(authority), NOW))
    found = scraped(trusting, wall=NOW + 50)
    assert value(found, "crl_age_seconds", trust="us", crl=had) == 50
    assert value(found, "crl_age_seconds", trust="us", crl=never) is None
    assert value(found, "crl_in_force", trust="us", crl=had) == 1
    assert value(found, "crl_in_force", trust="us", crl=never) == 0
    assert value(scraped(trusting, wall=NOW + 61), "crl_in_force", trust="us", crl=had) == 0


def test_the_certificate_that_calls_are_signed_with_tells_when_it_ends(tmp_path: Path) -> None:
    ours = pki(time.time(), "4321")
    (tmp_path / "ours.pem").write_bytes(ours.signer.bundle)
    (tmp_path / "ours.key").write_bytes(ours.signer.key_pem)
    url = "https://certificates.example.com/ours.pem"
    signing = f"signing: {{key: ours.key, certificate: ours.pem, url: '{url}', attest: [{{level: A}}]}}"
    out = CONFIG.replace('203.0.113.6:5060"', '198.51.100.7:5060", trunk: carrier')
    found = scraped(AtWork(tmp_path, out.replace("identity: ignore", f"identity: ignore, {signing}")))
    ends = ours.signer.certificate.not_valid_after_utc.timestamp()
    assert value(found, "cert_not_after_timestamp_seconds", spc="4321") == ends


# The guard itself.


def test_a_list_tells_how_much_is_in_it_and_since_when_it_is_good(guard: AtWork, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "dno.csv").write_text("number\n+442079460000\n+4416*\n")
    jobs: list[tuple[Job, Deferred[Report]]] = []

    def compiled(job: Job) -> Deferred[Report]:
        jobs.append((job, Deferred()))
        return jobs[-1][1]

    keeper = Keeper(
        [ListSource(name="dno", file=str(tmp_path / "dno.csv"), refresh=300.0)],
        tmp_path / "state",
        compiled,
        guard.clock,
        lambda *_: None,
    )
    parts = guard.parts(lists=keeper)
    keeper.start()
    guard.clock.advance(5)
    found = scraped(guard, parts)
    assert (value(found, "list_entries", list="dno"), value(found, "list_age_seconds", list="dno")) == (0, None)
    job, done = jobs.pop()
    done.callback(run(job))
    guard.clock.advance(299)
    found = scraped(guard, parts)
    assert (value(found, "list_entries", list="dno"), value(found, "list_age_seconds", list="dno")) == (2, 299)
    guard.clock.advance(2)
    assert value(scraped(guard, parts), "list_age_seconds", list="dno") == 0
    (tmp_path / "dno.csv").write_text("number\nnonsense\n")
    guard.clock.advance(300)
    job, done = jobs.pop()
    done.callback(run(job))
    assert value(scraped(guard, parts), "list_age_seconds", list="dno") == 300
    keeper.stop()


def test_the_record_tells_what_waits_and_what_it_has_lost(guard: AtWork, tmp_path: Path) -> None:
    journal = Journal(Record(tmp_path / "d.sqlite3", queue=100), guard.clock, logger(BytesIO()), lambda *_: None)
    for number in range(103):
        journal.decided(number, NOW, fields(str(number)))
    found = scraped(guard, guard.parts(journal=journal))
    assert (value(found, "record_waiting"), value(found, "record_dropped_total")) == (100, 3)


def test_what_is_mirrored_is_counted_by_what_came_of_it(guard: AtWork) -> None:
    assert value(scraped(guard), "hep_packets_total", result="dropped") is None
    small = Options(host="192.0.2.60", queue_octets=2_000)
    guard.runtime.mirror = Mirror(small, guard.clock, logger(BytesIO()), lambda *_: None)
    guard.runtime.received(invite(1), ALICE)
    found = scraped(guard)
    assert value(found, "hep_packets_total", result="sent") == 0
    assert (value(found, "hep_packets_total", result="dropped") or 0) >= 1


def test_the_lateness_of_the_reactor_is_counted(guard: AtWork) -> None:
    guard.runtime.start()
    guard.clock.advance(HEARTBEAT)
    guard.clock.advance(HEARTBEAT + 0.3)
    guard.runtime.stop()
    found = scraped(guard)
    assert value(found, "reactor_lag_seconds_count") == 3
    assert value(found, "reactor_lag_seconds_bucket", le="0.001") == 2
    assert value(found, "reactor_lag_seconds_bucket", le="0.25") == 2
    assert value(found, "reactor_lag_seconds_bucket", le="0.5") == 3


def test_the_configuration_in_force_is_told(guard: AtWork) -> None:
    found = scraped(guard, guard.parts(generation=7, loaded=NOW - 60, draining=True))
    assert value(found, "config_generation") == 7
    assert value(found, "config_last_reload_success_timestamp_seconds") == NOW - 60
    assert value(found, "draining") == 1
    assert value(found, "build_info", version=__version__) == 1


def test_the_process_tells_of_itself(guard: AtWork) -> None:
    found = scraped(guard)
    assert (found.get_sample_value("process_resident_memory_bytes") or 0) > 1_000_000
    assert found.get_sample_value("python_gc_collections_total", {"generation": "2"}) is not None


# The documentation.


@pytest.fixture
def everything(trusting: AtWork, tmp_path: Path) -> Parts:
    """Give a guard that has all that it can have."""
    server = web_server(web_root(Window.around(NOW)), Window.around(NOW))
    (tmp_path / "tls.pem").write_bytes(server.bundle)
    (tmp_path / "tls.key").write_bytes(server.key_pem)
    trusting.runtime.mirror = Mirror(Options(host="192.0.2.60"), trusting.clock, logger(BytesIO()), lambda *_: None)
    return trusting.parts(
        certificates=Certificates(
            lambda *_: Deferred(),
            Repository(),
            trusting.trusts.judge,
            trusting.clock,
            lambda: 0.5,
            generation=lambda: 1,
            mistake=lambda *_: None,
        ),
        lists=Keeper((), tmp_path, lambda _: Deferred(), trusting.clock, lambda *_: None),
        journal=Journal(Record(tmp_path / "d.sqlite3"), trusting.clock, logger(BytesIO()), lambda *_: None),
        tls=Tls(TlsFiles(certificate=str(tmp_path / "tls.pem"), key=str(tmp_path / "tls.key"))),
    )


def test_every_metric_is_documented_with_its_labels(trusting: AtWork, everything: Parts) -> None:
    suffix = {"counter": "_total", "info": "_info"}
    exported = {
        family.name + suffix.get(family.type, ""): family
        for family in scraped(trusting, everything).collect()
        if family.name.startswith("sip_guard_")
    }
    rows = re.findall(r"(?m)^\| `(sip_guard_\w+)` \|([^|]*)\|", DOCUMENT.read_text("utf-8"))
    assert sorted(name for name, _ in rows) == sorted(exported)
    for name, labels in rows:
        family = exported[name]
        if labels.strip() == "histogram":
            assert family.type == "histogram", name
        for sample in family.samples:
            if family.type != "histogram":
                assert sorted(sample.labels) == sorted(re.findall(r"`(\w+)`", labels)), name
