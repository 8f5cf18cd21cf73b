"""The rules in their order. Of many rules few can be about a call: those are found by its trunk and its findings."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from sip_guard.call import Call, Finding
from sip_guard.policy.act import SHADOW, Mode
from sip_guard.policy.rule import Rule
from sip_guard.policy.when import names_of

MAX_KEPT = 4096
"""Kinds of calls for which it is remembered which rules can be about them."""
_WHOLE = 2**64


class Rules:
    """A policy, ready to be asked."""

    def __init__(self, rules: Iterable[Rule] = (), key: bytes = b"") -> None:
        """`key`, of at most 64 octets, chooses the calls that a rule in `sample` acts on."""
        self._rules = tuple(rule for rule in rules if rule.mode.word != "off")
        self._key = key
        self._kept: dict[tuple[str, ...], tuple[Rule, ...]] = {}

    def __iter__(self) -> Iterator[Rule]:
        """Give all that are asked, in their order."""
        return iter(self._rules)

    def about(self, call: Call, findings: Sequence[Finding]) -> tuple[Rule, ...]:
        """Give the rules that may apply, in their order: by the trunk and the names of what was found, they could."""
        trunk = call.trunk
        kind = trunk.name, trunk.origin, trunk.identity, *[finding.code.value for finding in findings]
        kept = self._kept.get(kind)
        if kept is None:
            names = names_of(findings)
            kept = tuple(rule for rule in self._rules if rule.when.of_trunk(trunk) and rule.when.of_names(names))
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[kind] = kept
        return kept

    def mode(self, rule: Rule, call: Call) -> Mode:
        """Give `enforce` or `shadow`, or `sample` for one of the calls that such a rule acts on.

        Which those are goes by the Call-ID, so that a call that is tried again meets the same; no caller can tell.
        """
        if rule.mode.word != "sample":
            return rule.mode if rule.mode.word == "enforce" else SHADOW
        text = f"{rule.id} {call.call_id}".encode("utf-8", "replace")
        drawn = int.from_bytes(blake2b(text, digest_size=8, key=self._key).digest(), "big")
        return rule.mode if drawn < rule.mode.share * _WHOLE else SHADOW
