"""From findings to one verdict, with the explanation of it."""

import re
from collections.abc import Sequence

import msgspec

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.policy.rule import Rule
from sip_guard.sip.rewrite import PHRASES
from sip_guard.verdict import Forward, Reject, Tags, Verdict

RESULTS = {
    Outcome.PASSED: "passed",
    Outcome.UNSIGNED: "absent",
    Outcome.UNAVAILABLE: "unable",
    Outcome.UNATTESTED: "unable",
    Outcome.MISMATCH: "failed",
    Outcome.STALE: "failed",
    Outcome.BAD_SIGNATURE: "failed",
    Outcome.REPLAYED: "unable",
    Outcome.UNTRUSTED: "failed",
    Outcome.MALFORMED: "failed",
    Outcome.NOTE: "absent",
    Outcome.EXEMPT: "absent",
}
"""The result of verification in one word, as `X-SIP-Guard` and the log show it."""

_UNPRINTABLE = re.compile(r"[^ -~]")
_PRECEDENCE = (403, 436, 437, 438, 428)
_PHRASES = {code.sip_code: code.phrase for code in reversed(Code)} | PHRASES | {603: "Decline", 607: "Unwanted"}
"""The usual one for a code that a rule names (RFC 3261 21, RFC 8197)."""


class TagOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is written into a call that is tagged."""

    header: str = "X-SIP-Guard"
    """Field with the whole verdict; empty: none."""
    verstat: bool = True
    """Whether the number that was verified carries a `verstat` parameter (3GPP TS 24.229 7.2A.20)."""
    attestation_headers: tuple[str, ...] = ("P-Attestation-Indicator",)
    """Fields with the level of a token that passed: also `Attestation-Info` where 3GPP's name is read."""
    origid_headers: tuple[str, ...] = ("P-Origination-ID",)
    """Fields with the `origid` of a token that passed: also `Origination-Id` where 3GPP's name is read."""

    @property
    def names(self) -> frozenset[bytes]:
        """The fields that nobody else may set, long names in lower case."""
        every = (self.header, *self.attestation_headers, *self.origid_headers)
        return frozenset(name.lower().encode() for name in every if name)


class Shadow(msgspec.Struct, frozen=True):
    """A rule in shadow that applied, and what it would have done."""

    rule: str
    action: str


class Decision(msgspec.Struct, frozen=True):
    """The verdict on a call and everything that led to it."""

    verdict: Verdict
    action: str
    """What is done, in a rule's words: `tag`, `allow`, `reject 438`."""
    rule: str
    """The rule that gave the verdict: the one that ended the list, or the first that tagged; `default` if none did."""
    result: str
    """`passed`, `failed`, `unable` or `absent`."""
    reason: str
    """The code of the finding that counted most; `-` without one."""
    findings: tuple[Finding, ...]
    shadows: tuple[Shadow, ...] = ()


def decide(call: Call, findings: Sequence[Finding], rules: Sequence[Rule], options: TagOptions) -> Decision:
    """Ask the rules from the top. `reject` and `allow` end the list; `tag` adds to what is sent on.

    What no rule speaks about is tagged if anything was found: the target sees it even where all rules are in shadow.
    A rule that tags a replay speaks before others that tag, whatever the token attests.
    """
    weighing = [finding for finding in findings if finding.weighs]
    shadows: list[Shadow] = []
    tagged: tuple[Rule, list[Finding]] | None = None
    ended: tuple[Rule, list[Finding]] | None = None
    for rule in rules:
        matched = rule.match(call, weighing)
        if matched is None:
            continue
        if rule.mode == "shadow":
            shadows.append(Shadow(rule.id, _would(rule, _chief(matched or weighing))))
        elif rule.then.verb != "tag":
            ended = rule, matched
            break
        elif tagged is None or (_is_replay(matched) and not _is_replay(tagged[1])):
            tagged = rule, matched
    speaking = ended or tagged
    rule_id = speaking[0].id if speaking else "default"
    chief = _chief(speaking[1] if speaking and speaking[1] else weighing)
    result = RESULTS[chief.code.outcome] if chief else "absent"
    reason = chief.code.value if chief else "-"
    verdict: Verdict
    if ended and ended[0].then.verb == "reject":
        verdict = _reject(ended[0], chief)
        action = f"reject {verdict.code}"
    else:
        action = "tag" if tagged or (weighing and not ended) else "allow"
        tags = Tags()
        if action == "tag":
            shadow = ",".join(shadow.rule for shadow in shadows)
            tags = _tags(call, chief, options, f"verdict={result};reason={reason};rule={rule_id}", shadow)
        verdict = Forward(tags)
    return Decision(verdict, action, rule_id, result, reason, tuple(findings), tuple(shadows))


def passed_by(finding: Finding, options: TagOptions) -> Decision:
    """Give the decision for a call that always passes, such as one to an emergency number: no rule is asked."""
    code = finding.code.value
    told = _told(options, f"verdict=absent;reason={code};rule={code}", "-", "")
    return Decision(Forward(Tags(headers=_written(told))), "allow", code, "absent", code, (finding,))


def _chief(findings: Sequence[Finding]) -> Finding | None:
    """Give the finding that names the reason: a replay, or else the first by the order of their SIP codes."""
    return min(findings, key=_precedence, default=None)


def _precedence(finding: Finding) -> int:
    if finding.code.outcome is Outcome.REPLAYED:
        return -2
    return _PRECEDENCE.index(finding.code.sip_code) if finding.code.sip_code in _PRECEDENCE else -1


def _is_replay(findings: Sequence[Finding]) -> bool:
    return any(finding.code.outcome is Outcome.REPLAYED for finding in findings)


def _would(rule: Rule, chief: Finding | None) -> str:
    """Say what a rule would do, a rejection with its code."""
    return f"reject {_reject(rule, chief).code}" if rule.then.verb == "reject" else rule.then.verb


def _reject(rule: Rule, chief: Finding | None) -> Reject:
    code, phrase = rule.then.code, rule.then.phrase
    own = chief.code.sip_code if chief else 0
    code = code or own or 403
    if not phrase and chief and code == own:
        phrase = chief.code.phrase
    return Reject(code, phrase or _PHRASES.get(code) or "Rejected")


def _tags(call: Call, chief: Finding | None, options: TagOptions, text: str, shadow: str) -> Tags:
    attestation = chief.attestation if chief else None
    level = attestation.level if attestation else "-"
    headers = _told(options, text, level, shadow)
    verstat, verified = None, frozenset[bytes]()
    if chief and attestation and chief.code is Code.PASSED:
        verstat, verified = "TN-Validation-Passed", attestation.verified
        headers += [(name, attestation.level) for name in options.attestation_headers]
        headers += [(name, attestation.origid) for name in options.origid_headers]
    elif chief and chief.code in (Code.CERTIFICATE_UNTRUSTED, Code.SIGNATURE_INVALID):
        # ATIS-1000082 E17 and E18 alone are failures of validation; all else is No-TN-Validation, which says nothing
        # and is not written.
        verstat = "TN-Validation-Failed"
        verified = frozenset({b"p-asserted-identity"} if call.asserted else {b"from"})
    return Tags(
        verstat if options.verstat else None,
        verified,
        _written(headers),
    )


def _told(options: TagOptions, text: str, level: str, shadow: str) -> list[tuple[str, str]]:
    """Give the field with the whole verdict, if there is to be one."""
    more = f";shadow={shadow}" if shadow else ""
    return [(options.header, f"v=1;{text};mode=enforce;attest={level}{more}")] if options.header else []


def _written(headers: list[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), _printable(value)) for name, value in headers)


def _printable(text: str) -> bytes:
    """Give a value that a peer wrote as one that fits in a header field."""
    return _UNPRINTABLE.sub("?", text[:256]).encode()
