"""Media keys: what a token says of the fingerprints in the SDP (RFC 8225 5.2.2, RFC 8122 5)."""

import re

_FINGERPRINT = re.compile(rb"(?m)^a=fingerprint:[ \t]*([!-~]+)[ \t]+([0-9A-Fa-f:]+)[ \t]*\r?$")

Keys = frozenset[tuple[str, str]]
"""Hash algorithm in lower case, and digest in upper case without colons."""


def fingerprints(body: bytes) -> Keys:
    """Give the fingerprints in a body, SDP by itself or as a part of several."""
    return frozenset(
        (algorithm.decode("ascii").lower(), digest.replace(b":", b"").decode("ascii").upper())
        for algorithm, digest in _FINGERPRINT.findall(body)
    )


def signed(claim: object) -> Keys | None:
    """Read an `mky` claim: one object with `alg` and `dig`, or an array of them; None if it is neither."""
    items = claim if isinstance(claim, list) else [claim]
    found = set()
    for item in items:
        if not isinstance(item, dict):
            return None
        algorithm, digest = item.get("alg"), item.get("dig")
        if not isinstance(algorithm, str) or not isinstance(digest, str):
            return None
        found.add((algorithm.lower(), digest.replace(":", "").upper()))
    return frozenset(found) or None


def as_claim(keys: Keys) -> list[dict[str, str]]:
    """Write fingerprints as an `mky` claim, in its one order."""
    return [{"alg": algorithm, "dig": digest} for algorithm, digest in sorted(keys)]
