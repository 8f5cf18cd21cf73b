"""Trust groups: whose certificates are believed, each group by anchors of its own (RFC 8224 6.2 step 3)."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Self

import msgspec

from sip_guard.call import Code, Finding, Outcome
from sip_guard.stir.certificate import Anchors, Signer, judge
from sip_guard.stir.profile import Profile
from sip_guard.stir.revocation import Revocation, links


class Judgement(msgspec.Struct, frozen=True):
    """What each trust group thinks of the certificate behind a URL; at least one of them believes it."""

    found: Mapping[str, Signer | Finding]
    """By the name of the group, in the order of the configuration."""

    not_before: float
    """Seconds since the epoch: from here to `not_after` one of the groups at least may believe it."""
    not_after: float
    """The end of the last chain, in seconds since the epoch."""

    @classmethod
    def of(cls, found: Mapping[str, Signer | Finding]) -> Self:
        """Put together what the groups say; one of them at least believes it."""
        signers = [each for each in found.values() if isinstance(each, Signer)]
        return cls(found, min(each.not_before for each in signers), max(each.not_after for each in signers))

    def by(self, groups: Collection[str]) -> Signer | Finding:
        """Give what the first of these groups says that believes it, or why none does. Without any: of all groups."""
        asked = []
        for name, each in self.found.items():
            if not groups or name in groups:
                if isinstance(each, Signer):
                    return each
                asked.append(each)
        return telling(asked)


class Trust:
    """One trust group: the anchors of one authority, never merged with those of another or of the web."""

    def __init__(
        self,
        name: str,
        anchors: Anchors | None,
        revocation: Revocation | None = None,
        profile: Profile = "normal",
        policies: Collection[str] = (),
    ) -> None:
        """`anchors` may be None where they come from a trust list that was not had yet.

        `profile` and `policies` are what is asked of the certificates of a chain, as `judge` has it.
        """
        self.name = name
        self.anchors = anchors
        self.until = math.inf
        """Until when the anchors may be gone by, in seconds since the epoch."""
        self.revocation = revocation
        """None: this group asks about no revocation."""
        self.profile: Profile = profile
        self.policies = policies
        self.generation = 1
        """Goes up with every change after which certificates have to be judged again."""

    def judge(self, pem: bytes, when: float) -> Signer | Finding:
        """Say whether this group believes the first certificate of a bundle at `when` (seconds since the epoch)."""
        if self.anchors is None:
            return Finding(Code.TRUST_LIST_UNAVAILABLE, f"the trust list of {self.name} was never had")
        found = judge(pem, self.anchors, when, self.profile, self.policies)
        if isinstance(found, Finding):
            return found
        return msgspec.structs.replace(found, trust=self.name, links=links(found.chain))

    def renew(self, anchors: Anchors, until: float = math.inf) -> None:
        """Believe these anchors from now on, and no others, and without newer ones not past `until`."""
        if self.anchors is None or anchors.certificates != self.anchors.certificates:
            self.generation += 1
        self.anchors = anchors
        self.until = until

    def revoked(self, signer: Signer, when: float) -> Finding | None:
        """Say whether a signer that this group has judged good has been revoked since, or whether that is not known."""
        if when > self.until:
            late = when - self.until
            return Finding(
                Code.TRUST_LIST_UNAVAILABLE, f"the trust list of {self.name} is out of date for {late:.0f} s"
            )
        return None if self.revocation is None else self.revocation.fault(signer, when)


class Trusts:
    """All trust groups of a guard."""

    def __init__(self, groups: Iterable[Trust], after: int = 0) -> None:
        """`after`: the generation of the groups whose place these take."""
        self.groups = {group.name: group for group in groups}
        self._after = after

    @property
    def generation(self) -> int:
        """Changes whenever certificates have to be judged again."""
        total = self._after
        for group in self.groups.values():  # asked for every token: quicker than `sum`
            total += group.generation
        return total

    def judge(self, pem: bytes, when: float) -> Judgement | Finding:
        """Ask every group about a bundle; a finding where none believes it."""
        found = {name: group.judge(pem, when) for name, group in self.groups.items()}
        if any(isinstance(each, Signer) for each in found.values()):
            return Judgement.of(found)
        return telling(each for each in found.values() if isinstance(each, Finding))

    def revoked(self, signer: Signer, when: float) -> Finding | None:
        """Say whether a signer that was judged good has been revoked since; to be asked on every use of it.

        `when`: seconds since the epoch. It costs a few microseconds. A finding whose outcome is a note says that the
        use goes on although it could not be checked.
        """
        group = self.groups.get(signer.trust)
        return None if group is None else group.revoked(signer, when)


def telling(findings: Iterable[Finding]) -> Finding:
    """Give the finding that says most.

    That one group knows no such authority says nothing where another one does, and where one could not look, nobody
    knows whether it would have believed.
    """
    found = list(findings)
    default = found[0] if found else Finding(Code.CERTIFICATE_UNTRUSTED, "no trust group is asked on this trunk")
    known = [each for each in found if each.code is not Code.CERTIFICATE_UNTRUSTED]
    plain = (each for each in known if each.code.outcome is not Outcome.UNAVAILABLE)
    return next(plain, known[0] if known else default)
