"""Diverted calls: whether tokens lead from the number that was called first to where the call goes (RFC 8946 4.2)."""

from collections.abc import Iterable

from sip_guard.stir.matching import canonical, is_to
from sip_guard.stir.passport import Passport
from sip_guard.stir.token import Token
from sip_guard.stir.types.div import diverted_from


def way(original: Token, divs: Iterable[Token]) -> list[Token]:
    """Give the genuine `div` tokens that lead from the token `original` to the Request-URI; none: they do not.

    All have the same `orig`. The last one names where the call goes, and is fresh by itself. The shortest way counts;
    each token is gone over once, so that a circle ends.
    """
    orig = _orig(original.passport)
    left = [token for token in divs if _orig(token.passport) == orig]
    ways = [[original]]
    while ways:
        so_far = ways.pop(0)
        for token in [each for each in left if _continues(each.passport, so_far[-1].passport)]:
            left.remove(token)
            if token.alone is None and is_to(token.passport, token.call.target):
                return [*so_far[1:], token]
            ways.append([*so_far, token])
    return []


def _orig(passport: Passport) -> tuple[str | None, str | None]:
    return passport.orig_tn, passport.orig_uri


def _continues(passport: Passport, before: Passport) -> bool:
    """Tell whether a `div` token goes on from where another token ends."""
    kind, name = diverted_from(passport)
    if kind == "tn":
        return name in before.dest_tn
    return canonical(name) in {canonical(uri) for uri in before.dest_uri} - {None}
