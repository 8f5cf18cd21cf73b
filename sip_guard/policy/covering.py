"""Whether a rule can apply at all."""

from collections.abc import Sequence
from functools import lru_cache

from sip_guard.call import Code
from sip_guard.policy.rule import Rule
from sip_guard.policy.when import BEGINNINGS, NUMBER, ONE_FINDING, SIGNER, TRUNK, When
from sip_guard.policy.words import Words


def hidden_by(rule: Rule, earlier: Sequence[Rule]) -> Rule | None:
    """Give the earlier rule that always acts and ends the list for all that `rule` takes; None without one."""
    return next(
        (each for each in earlier if each.mode.word == "enforce" and each.then.ends and covers(each.when, rule.when)),
        None,
    )


def covers(wide: When, narrow: When) -> bool:
    """Tell for sure that `wide` holds wherever `narrow` does."""
    for name in (*TRUNK, *ONE_FINDING, "diverted", "days"):
        if not getattr(wide, name).covers(getattr(narrow, name), several=name in (*NUMBER, *SIGNER, "spc")):
            return False
    if not all(_begins_within(getattr(wide, name), getattr(narrow, name)) for name in BEGINNINGS):
        return False
    if wide.hours is not None and (narrow.hours is None or not wide.hours.covers(narrow.hours)):
        return False
    return codes(wide.finding).covers(codes(narrow.finding), several=True)


def codes(words: Words) -> Words:
    """Give the codes that are meant, each outcome as all of its own."""
    return Words(_codes(words.wanted), _codes(words.refused))


def contradicts(words: Words, *, prefixes: bool = False) -> bool:
    """Tell whether nothing can hold it: all that is wanted is refused as well."""
    refused = tuple(words.refused)
    return bool(words.wanted) and all(
        word.startswith(refused) if prefixes else word in words.refused for word in words.wanted
    )


@lru_cache(256)
def _codes(names: frozenset[str]) -> frozenset[str]:
    return frozenset(code.value for code in Code if code.value in names or code.outcome.value in names)


def _begins_within(wide: Words, narrow: Words) -> bool:
    wanted = not wide.wanted or (
        bool(narrow.wanted) and all(text.startswith(tuple(wide.wanted)) for text in narrow.wanted)
    )
    return wanted and wide.refused <= narrow.refused
