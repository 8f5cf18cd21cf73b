"""Which rules are asked about a call, and which of its calls a rule in sample acts on."""

from incoming import call, rule
from scene import trunk

from sip_guard.call import Code, Finding
from sip_guard.policy import rules as module
from sip_guard.policy.rules import Rules

STALE = Finding(Code.IAT_STALE)
UNSIGNED = Finding(Code.NO_IDENTITY)


def asked(rules: Rules, *found: Finding, name: str = "carrier", origin: str = "unknown") -> list[str]:
    return [each.id for each in rules.about(call(trunk=trunk(name=name, origin=origin)), found)]


def test_only_rules_that_may_apply_are_asked_and_in_their_order() -> None:
    rules = Rules(
        (
            rule("a", "tag", "stale"),
            rule("b", "tag"),
            rule("c", "tag", trunk="other"),
            rule("d", "tag", "no-identity", "iat-stale"),
            rule("e", "tag", origin="customer"),
            rule("f", "tag", mode="off"),
            rule("g", "tag", "!unsigned"),
        )
    )
    assert asked(rules, STALE) == ["a", "b", "d", "g"]
    assert asked(rules, UNSIGNED) == ["b", "d"]
    assert asked(rules) == ["b", "g"]
    assert asked(rules, UNSIGNED, name="other") == ["b", "c", "d"]
    assert asked(rules, STALE, origin="customer") == ["a", "b", "d", "e", "g"]
    assert asked(rules, STALE) == ["a", "b", "d", "g"]


def test_what_is_remembered_is_bounded() -> None:
    rules = Rules((rule("a", "tag", "stale"),))
    for i in range(module.MAX_KEPT + 10):
        assert asked(rules, STALE, name=f"trunk-{i}") == ["a"]
    assert len(rules._kept) == 10


def sampled(key: bytes, name: str, share: str) -> list[int]:
    rules, each = Rules((), key), rule(name, "tag", mode=f"sample {share}")
    of = (call(fields={"Call-ID": f"call-{i}"}) for i in range(2000))
    return [i for i, one in enumerate(of) if rules.mode(each, one).word == "sample"]


def test_a_sample_is_about_its_share_of_the_calls_and_the_same_for_a_call_that_is_tried_again() -> None:
    ten = sampled(b"key", "a", "10%")
    assert 130 < len(ten) < 270
    assert sampled(b"key", "a", "10%") == ten
    assert set(ten) < set(sampled(b"key", "a", "20%"))


def test_who_does_not_know_the_key_cannot_tell_the_sample_and_rules_draw_each_for_itself() -> None:
    ten = set(sampled(b"key", "a", "10%"))
    for other in (sampled(b"another", "a", "10%"), sampled(b"key", "b", "10%")):
        assert len(ten & set(other)) < len(ten) / 2


def test_other_modes_are_for_every_call() -> None:
    rules = Rules(())
    for mode in ("enforce", "shadow"):
        assert rules.mode(rule("a", "tag", mode=mode), call()).word == mode
