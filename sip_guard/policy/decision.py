"""From findings to one verdict, with the explanation of it."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from sip_guard.call import Attestation, Call, Code, Finding, Outcome
from sip_guard.policy.act import ENFORCE
from sip_guard.policy.reasons import Protocol, reasons
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules
from sip_guard.policy.weighing import chief, exempt, result
from sip_guard.sip.reason import is_sip
from sip_guard.sip.rewrite import PHRASES
from sip_guard.verdict import Forward, Redirect, Reject, Tags, Verdict

_Spoken = tuple[Rule, Sequence[Finding]]
"""A rule that acts, and the findings that made it."""
_UNPRINTABLE = re.compile(r"[^ -~]")
_PHRASES = {code.sip_code: code.phrase for code in reversed(Code)} | PHRASES | {603: "Decline", 607: "Unwanted"}
"""The usual one for a code that a rule names (RFC 3261 21, RFC 8197)."""


class TagOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is written into a call that is tagged."""

    header: str = "X-SIP-Guard"
    """Field with the whole verdict; empty: none."""
    verstat: Literal["standard", "level", "none"] = "standard"
    """The `verstat` of the number that was verified: as in 3GPP TS 24.229 7.2A.20, with the level, or none."""
    no_tn_validation: bool = False
    """Whether a number about which verification says nothing carries a `verstat` as well, `No-TN-Validation`."""
    attestation_headers: tuple[str, ...] = ("P-Attestation-Indicator",)
    """Fields with the level of a token that passed: also `Attestation-Info` where 3GPP's name is read."""
    origid_headers: tuple[str, ...] = ("P-Origination-ID",)
    """Fields with the `origid` of a token that passed: also `Origination-Id` where 3GPP's name is read."""
    reason: Protocol = "stir"
    """The protocol of the Reason that tells the caller's side of tokens that are wrong (RFC 9410 3)."""

    @property
    def names(self) -> frozenset[bytes]:
        """The fields that nobody else may set, long names in lower case."""
        every = (self.header, *self.attestation_headers, *self.origid_headers)
        return frozenset(name.lower().encode() for name in every if name)


class Shadow(msgspec.Struct, frozen=True):
    """A rule in shadow that applied, and what it would have done."""

    rule: str
    action: str
    mode: str = "shadow"
    """`sample 5%` of a rule that acts on other calls."""


class Decision(msgspec.Struct, frozen=True):
    """The verdict on a call and everything that led to it."""

    verdict: Verdict
    action: str
    """What is done, in a rule's words: `allow`, `tag`, `anonymise`, `redirect`, `reject 438`."""
    rule: str
    """The rule that gave the verdict: the one that ended the list, or the first that withheld the caller, or else the
    first that tagged; `default` if none did."""
    result: str
    """What verification came to, whatever the rules say: `passed`, `failed`, `unable` or `absent`."""
    reason: str
    """The code of the finding that made the rule apply; `-` without one."""
    findings: tuple[Finding, ...]
    shadows: tuple[Shadow, ...] = ()
    mode: str = "enforce"
    """Of the rule: `sample 5%` if it acts on part of the calls, and this is one of them."""

    @property
    def exempt(self) -> bool:
        """Whether the call passes whatever else is found, as one to an emergency number does."""
        return exempt(self.findings) is not None


def decide(call: Call, findings: Sequence[Finding], rules: Rules, options: TagOptions) -> Decision:
    """Ask the rules from the top. `reject`, `redirect` and `allow` end the list; `tag` and `anonymise` add up.

    What no rule speaks about is tagged if anything was found: the target sees it even where all rules are in shadow.
    A rule that tags a replay speaks before others that tag, whatever the token attests.
    """
    findings = _excused(findings)
    weighing = [finding for finding in findings if finding.weighs]
    shadows: list[Shadow] = []
    tagged: _Spoken | None = None
    hiding: _Spoken | None = None
    ended: _Spoken | None = None
    for rule in rules.about(call, weighing):
        matched = rule.when.match_rest(call, weighing)
        if matched is None:
            continue
        mode = rules.mode(rule, call)
        if mode.word == "shadow":
            shadows.append(Shadow(rule.id, _would(rule, chief(matched or weighing)), str(rule.mode)))
        elif rule.then.ends:
            ended = rule, matched
            break
        elif rule.then.verb == "anonymise":
            hiding = hiding or (rule, matched)
        elif tagged is None or (_is_replay(matched) and not _is_replay(tagged[1])):
            tagged = rule, matched
    speaking = ended or hiding or tagged
    rule_id = speaking[0].id if speaking else "default"
    mode = speaking[0].mode if speaking else ENFORCE
    cause = chief(speaking[1] if speaking and speaking[1] else weighing)
    found = result(weighing)
    reason = cause.code.value if cause else "-"
    told = reasons(call, findings, options.reason)
    verdict: Verdict
    if ended and ended[0].then.verb == "reject":
        verdict = _reject(ended[0], cause, told if len(call.identities) > 1 else ())
        action = f"reject {verdict.code}"
    elif ended and ended[0].then.verb == "redirect":
        verdict = Redirect(ended[0].then.uri.encode(), reasons=told)
        action = "redirect"
    else:
        tags = Tags()
        action = "anonymise" if hiding else "tag" if tagged or (weighing and not ended) else "allow"
        if action != "allow":
            shadow = ",".join([shadow.rule for shadow in shadows])
            text = f"verdict={found};reason={reason};rule={rule_id};mode={mode.word}"
            tags = _tags(call, weighing, options, text, shadow)
        verdict = Forward(_without_priority(tags, findings), told, anonymise=hiding is not None)
    return Decision(verdict, action, rule_id, found, reason, tuple(findings), tuple(shadows), str(mode))


def passed_by(finding: Finding, options: TagOptions) -> Decision:
    """Give the decision for a call that always passes, such as one to an emergency number: no rule is asked."""
    code = finding.code.value
    told = _told(options, f"verdict=absent;reason={code};rule={code};mode=enforce", "-", "")
    return Decision(Forward(Tags(headers=_written(told))), "allow", code, "absent", code, (finding,))


def _excused(findings: Sequence[Finding]) -> list[Finding]:
    """Take the weight from findings that a token of the call answers for: no check knows what another one finds.

    A token that came before with another call answers for nothing.
    """
    if not [finding for finding in findings if finding.excuse is not None]:
        return list(findings)
    replayed = {finding.token for finding in findings if finding.code.outcome is Outcome.REPLAYED}
    passed = [
        finding.attestation
        for finding in findings
        if finding.code is Code.PASSED and finding.weighs and finding.attestation and finding.token not in replayed
    ]
    return [
        msgspec.structs.replace(finding, weighs=False)
        if finding.excuse is not None and any(map(finding.excuse.accepts, passed))
        else finding
        for finding in findings
    ]


def _is_replay(findings: Iterable[Finding]) -> bool:
    return any(finding.code.outcome is Outcome.REPLAYED for finding in findings)


def _would(rule: Rule, cause: Finding | None) -> str:
    """Say what a rule would do, a rejection with its code."""
    return f"reject {_reject(rule, cause).code}" if rule.then.verb == "reject" else rule.then.verb


def _reject(rule: Rule, cause: Finding | None, told: tuple[bytes, ...] = ()) -> Reject:
    code, phrase = rule.then.code, rule.then.phrase
    own = cause.code.sip_code if cause else 0
    code = code or own or 403
    if not phrase and cause and code == own:
        phrase = cause.code.phrase
    own_reason = (rule.reason,) if rule.reason else ()
    # A protocol stands once in Reason, but for STIR (RFC 3326 2, RFC 9410 4).
    beside = tuple(value for value in told if not (own_reason and is_sip(value) and is_sip(rule.reason)))
    return Reject(code, phrase or _PHRASES.get(code) or "Rejected", own_reason + beside)


def _tags(call: Call, weighing: list[Finding], options: TagOptions, text: str, shadow: str) -> Tags:
    attestation = _attestation(weighing)
    headers = _told(options, text, (attestation.level if attestation else "") or "-", shadow)
    if attestation is not None:
        headers += [(name, attestation.level) for name in options.attestation_headers]
        headers += [(name, attestation.origid) for name in options.origid_headers]
        verstat, verified = "TN-Validation-Passed", attestation.verified
        if options.verstat == "level" and attestation.level:
            verstat += f"-{attestation.level}"
    else:
        # ATIS-1000082 E17 and E18 alone are failures of validation; all else is No-TN-Validation.
        failed = any(finding.code in (Code.CERTIFICATE_UNTRUSTED, Code.SIGNATURE_INVALID) for finding in weighing)
        verstat = "TN-Validation-Failed" if failed else "No-TN-Validation" if options.no_tn_validation else ""
        verified = frozenset({b"p-asserted-identity"} if call.asserted else {b"from"})
    if not verstat or options.verstat == "none":
        return Tags(headers=_written(headers))
    return Tags(verstat, verified, _written(headers))


def _attestation(weighing: list[Finding]) -> Attestation | None:
    """Give what the target may be told of the token that passed: nothing of one that was replayed."""
    if result(weighing) != "passed":
        return None
    for finding in weighing:
        if finding.attestation is not None:
            return finding.attestation
    return None


def _without_priority(tags: Tags, findings: Sequence[Finding]) -> Tags:
    """Take away the priority that a call has no right to (RFC 8443 5), whatever the rules say of it.

    It has it if its good tokens authorise together all that is asked for; a bad one beside them takes nothing away.
    """
    codes = [finding.code for finding in findings]
    if Code.RPH_FAILED in codes and Code.RPH_PASSED not in codes:
        return msgspec.structs.replace(tags, removed=frozenset({b"resource-priority"}))
    return tags


def _told(options: TagOptions, text: str, level: str, shadow: str) -> list[tuple[str, str]]:
    """Give the field with the whole verdict, if there is to be one."""
    more = f";shadow={shadow}" if shadow else ""
    return [(options.header, f"v=1;{text};attest={level}{more}")] if options.header else []


def _written(headers: list[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple([(name.encode(), value) for name, text in headers if (value := _printable(text))])


def _printable(text: str) -> bytes:
    """Give a value that a peer wrote as one that fits in a header field; empty if it says nothing."""
    text = text[:256]
    if not (text.isascii() and text.isprintable()):
        text = _UNPRINTABLE.sub("?", text)
    return text.strip().encode()
