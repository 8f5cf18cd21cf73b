"""One flat record a decision: what it says, and what it never says."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import DEFAULT, ORIGID, call, decide, passed, rule
from pki import NOW
from scene import trunk

from sip_guard.call import Call, Code, Finding
from sip_guard.policy.decision import TagOptions
from sip_guard.record import Masking, Numbers, record

KEY = b"k" * 32
FULL = Masking()
LAST4 = Masking("last4")
HASH = Masking("hash", KEY)
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.c2lnbmF0dXJl"


def written(of: Call, *found: Finding, masking: Masking = FULL) -> dict[str, object]:
    """Give the record as the log shows it, of a decision 12.345 ms after the call came."""
    decision = decide(of, found, DEFAULT, TagOptions())
    fields = record(of, decision, masking, now=of.arrival + 0.012345, generation=3)
    shown = json.loads(msgspec.json.encode(fields))
    assert isinstance(shown, dict)
    return shown


def test_a_call_that_passed_is_explained_in_full() -> None:
    of = call("P-Asserted-Identity: <tel:+12155551212>", f"Identity: {TOKEN};info=<https://x>;ppt=shaken")
    about = (("iat", int(NOW)), ("x5u", "https://certs.example.com/a.pem"), ("signer", "CN=SHAKEN 1234"))
    found = msgspec.structs.replace(passed("A"), particulars=about)
    assert written(of, found) == {
        "call_id": "3848276298220188511@carrier.example",
        "trunk": "carrier",
        "source": "198.51.100.7:5060",
        "result": "passed",
        "action": "tag",
        "rule": "attested",
        "mode": "enforce",
        "reason": "passed",
        "sip_code": None,
        "from": "12155551212",
        "asserted": ["12155551212"],
        "diversion": [],
        "privacy": [],
        "to": "12155551213",
        "target": "12155551213",
        "identities": 1,
        "attest": "A",
        "origid": ORIGID,
        "spc": "1234",
        "findings": [
            {
                "code": "passed",
                "detail": "attestation A",
                "token": 1,
                "weighs": True,
                "iat": int(NOW),
                "x5u": "https://certs.example.com/a.pem",
                "signer": "CN=SHAKEN 1234",
            }
        ],
        "shadow": [],
        "latency_ms": 12.35,
        "generation": 3,
    }


def test_who_diverted_a_call_and_what_it_asks_to_hide_are_told() -> None:
    lines = ("Diversion: <sip:+12155550177@x>, <sip:voicemail@x>", "Privacy: id;history;nonsense")
    shown = written(call(*lines, "Remote-Party-ID: <sip:+12155550188@x>"))
    assert shown["diversion"] == ["12155550177", "voicemail"]
    assert shown["privacy"] == ["history", "id"]
    assert shown["asserted"] == ["12155550188"]
    found = Finding(Code.NO_IDENTITY, "12155550177 and 12155550188")
    masked = written(call(*lines, "Remote-Party-ID: <sip:+12155550188@x>"), found, masking=LAST4)
    assert masked["diversion"] == ["*******0177", "voicemail"]
    assert '"detail": "*******0177 and *******0188"' in json.dumps(masked["findings"])


def test_a_call_that_was_refused_says_why() -> None:
    shown = written(call(), Finding(Code.IAT_STALE, "signed 99 s before", token=1))
    assert (shown["action"], shown["rule"], shown["sip_code"]) == ("reject 403", "stale", 403)
    assert (shown["attest"], shown["origid"], shown["spc"]) == (None, None, None)
    assert shown["findings"] == [{"code": "iat-stale", "detail": "signed 99 s before", "token": 1, "weighs": True}]


def test_rules_in_shadow_are_recorded() -> None:
    of = call()
    rules = [rule("try", "reject 403", mode="shadow"), *DEFAULT]
    decision = decide(of, [Finding(Code.NO_IDENTITY)], rules, TagOptions())
    shown = record(of, decision, FULL, now=NOW, generation=1)
    assert shown["shadow"] == [{"rule": "try", "action": "reject 403", "mode": "shadow"}]


def test_the_attestation_is_of_a_token_that_weighs() -> None:
    low = msgspec.structs.replace(passed("C", origid="other"), weighs=False)
    assert written(call(), low, passed("B", token=2))["attest"] == "B"


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"from": "<sip:alice@carrier.example>;tag=1"}, "alice"),
        ({"from": "<sip:carrier.example>;tag=1"}, ""),
        ({"from": '"12025550100" <sip:anonymous@anonymous.invalid>;tag=1'}, "anonymous"),
        ({"from": "<sip:" + "a" * 100 + "@x>;tag=1"}, "a" * 64),
        ({"from": "<urn:service:sos>;tag=1"}, ""),
        ({"from": "<sip:+1-215-555-1212;npdi@x>;tag=1"}, "12155551212"),
    ],
)
def test_who_calls_is_a_number_or_else_a_user(changed: dict[str, Any], shown: str) -> None:
    assert written(call(**changed))["from"] == shown


def test_an_ipv6_source_is_written_in_brackets() -> None:
    of = call()
    of = msgspec.structs.replace(of, flow=of.flow._replace(remote=("2001:db8::7", 5060)))
    assert written(of)["source"] == "[2001:db8::7]:5060"


def test_what_a_peer_writes_at_length_is_cut() -> None:
    shown = written(call(call_id="c" * 5000), passed("A", origid="o" * 5000))
    assert (shown["call_id"], shown["origid"]) == ("c" * 256, "o" * 64)


# Masking.


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("12155551212", "*******1212"),
        ("12345", "*2345"),
        ("1234", "1234"),
        ("112", "112"),
        ("", ""),
        ("alice", "alice"),
        ("bob12345678", "bob****5678"),
        ("+1 (215) 555-1212", "+* (***) ***-1212"),
        ("\u0661\u0662\u0663\u0664\u0665", "*\u0662\u0663\u0664\u0665"),
        ("*31#", "*31#"),
    ],
)
def test_all_but_the_last_four_digits_are_hidden(text: str, masked: str) -> None:
    assert LAST4.mask(text) == masked
    assert FULL.mask(text) == text


def test_a_digest_is_equal_for_equal_numbers_and_for_one_key() -> None:
    digest = HASH.mask("12155551212")
    assert re.fullmatch("[0-9a-f]{16}", digest)
    assert HASH.mask("+12155551212") == digest
    assert HASH.mask("12155551213") != digest
    assert Masking("hash", b"another key").mask("12155551212") != digest
    assert HASH.mask("") == ""


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    assert sum(c.isdigit() for c in LAST4.mask(text)) <= 4
    assert len(LAST4.mask(text)) == len(text)
    assert len(HASH.mask(text)) in (0, 16)


@given(
    st.sampled_from(["last4", "hash"]),
    st.lists(st.integers(10**9, 10**14).map(str), min_size=4, max_size=4, unique=True),
    st.sampled_from(list(Code)),
)
def test_no_number_stands_anywhere_in_a_masked_record(mode: Numbers, numbers: list[str], code: Code) -> None:
    presented, asserted, to, target = (f"4420{number}"[:15] for number in numbers)
    caller: dict[str, Any] = {"from": f'"{presented}" <sip:+{presented}@carrier.example>;tag=1'}
    of = call(
        f"P-Asserted-Identity: <tel:+{asserted}>, <sip:+{asserted}@x>",
        uri=f"sip:+{target}@192.0.2.1",
        to=f"<tel:+{to}>",
        **caller,
    )
    everything = " ".join([presented, asserted, to, target])
    attested = passed("A", origid=presented)
    found = Finding(code, everything, 1, particulars=(("x5u", f"https://x/{asserted}.pem"), ("signer", f"CN={target}")))
    shown = json.dumps(written(of, found, attested, masking=Masking(mode, KEY)))
    assert not [number for number in (presented, asserted, to, target) if number in shown]


def test_a_masked_record_still_says_why() -> None:
    found = Finding(Code.ORIG_MISMATCH, "expected 12155551212", token=1)
    shown = written(call(), found, masking=LAST4)
    assert shown["findings"] == [
        {"code": "orig-mismatch", "detail": "expected *******1212", "token": 1, "weighs": True},
    ]
    assert (shown["from"], shown["to"], shown["target"]) == ("*******1212", "*******1213", "*******1213")


def test_a_short_number_hides_nothing_else() -> None:
    of = call(uri="sip:1001@192.0.2.1", to="<sip:1001@x>")
    found = Finding(Code.REPOSITORY_UNAVAILABLE, "certs.example.com:1001 did not answer")
    shown = written(of, found, masking=HASH)
    assert shown["target"] == HASH.mask("1001")
    assert "certs.example.com:1001 did not answer" in json.dumps(shown)


@pytest.mark.parametrize("masking", [FULL, LAST4, HASH], ids=["full", "last4", "hash"])
def test_a_token_is_never_recorded(masking: Masking) -> None:
    of = call(f"Identity: {TOKEN};info=<https://certs.example.com/a.pem>;ppt=shaken", trunk=trunk(identity="require"))
    shown = json.dumps(written(of, Finding(Code.SIGNATURE_INVALID, token=1), masking=masking))
    assert not [part for part in TOKEN.split(".") if part in shown]
