"""What a request claims (`Call`), and what was found out about it (`Finding`)."""

import re
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Literal, Self

import msgspec

from sip_guard.number import DialPlan, canonical, written_in
from sip_guard.peer import Trunk
from sip_guard.sip.diversion import diverting
from sip_guard.sip.flow import Flow
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.message import Request
from sip_guard.sip.uri import Uri

MAX_ASSERTED = 4
"""Callers named by the network that are looked at. There may be two (RFC 3325 9.1)."""
_CALLED = re.compile(rb";\s*party\s*=\s*called", re.IGNORECASE)
"""A Remote-Party-ID that is about the callee (draft-ietf-sip-privacy-04 5.1)."""


class Outcome(StrEnum):
    """The classes of outcome. They stay apart until the very end, where verstat and SIP codes are derived from them."""

    PASSED = "passed"
    """A token attests the number that is presented."""
    UNSIGNED = "unsigned"
    """There is no token that could be judged."""
    UNAVAILABLE = "unavailable"
    """It could not be checked: an outage, which is never fraud."""
    UNATTESTED = "unattested"
    """A valid token, but not for all that is shown to the callee."""
    MISMATCH = "mismatch"
    """A token for other numbers."""
    STALE = "stale"
    """A token from another time."""
    BAD_SIGNATURE = "bad-signature"
    REPLAYED = "replayed"
    """A token that came before, with another call."""
    UNTRUSTED = "untrusted"
    """The signer's certificate is not good for this."""
    MALFORMED = "malformed"
    """Not what the standards call a token."""
    NUMBER = "number"
    """A number that must not be shown, or not by this caller."""
    CAMPAIGN = "campaign"
    """What many calls together look like: a guess, where all else is a fact."""
    NOTE = "note"
    """Says nothing of the presented number. A rule may name it; it decides nothing by itself."""
    EXEMPT = "exempt"
    """The call passes whatever else is found, and no rule is asked."""


class Code(Enum):
    """All that can be found: outcome, SIP code and phrase if the call is refused for it, and the source."""

    PASSED = ("passed", Outcome.PASSED, 0, "", "RFC 8224 6.2")

    NO_IDENTITY = ("no-identity", Outcome.UNSIGNED, 428, "Use Identity Header", "RFC 8224 6.2.2")
    PPT_UNSUPPORTED = (
        "ppt-unsupported",
        Outcome.UNSIGNED,
        428,
        "Use Supported PASSporT Format",
        "RFC 8224 6.2 step 1",
    )

    REPOSITORY_UNAVAILABLE = (
        "repository-unavailable",
        Outcome.UNAVAILABLE,
        436,
        "Bad Identity Info",
        "RFC 8224 6.2.2",
    )
    REPOSITORY_FORBIDDEN = (
        "repository-forbidden",
        Outcome.UNAVAILABLE,
        436,
        "Bad Identity Info",
        "ATIS-1000074 5.3.1",
    )
    REVOCATION_UNAVAILABLE = (
        "revocation-unavailable",
        Outcome.UNAVAILABLE,
        436,
        "Bad Identity Info",
        "RFC 5280 6.3.3",
    )
    TRUST_LIST_UNAVAILABLE = (
        "trust-list-unavailable",
        Outcome.UNAVAILABLE,
        436,
        "Bad Identity Info",
        "ATIS-1000084",
    )
    CHECK_UNAVAILABLE = ("check-unavailable", Outcome.UNAVAILABLE, 436, "Bad Identity Info", "-")

    PRESENTED_NOT_ATTESTED = (
        "presented-not-attested",
        Outcome.UNATTESTED,
        438,
        "Invalid Identity Header",
        "RFC 8224 6.2",
    )
    ASSERTED_NOT_ATTESTED = (
        "asserted-not-attested",
        Outcome.UNATTESTED,
        438,
        "Invalid Identity Header",
        "RFC 8224 6.2",
    )
    DEST_DIVERTED = ("dest-diverted", Outcome.UNATTESTED, 438, "Invalid Identity Header", "RFC 8224 6.2 step 5")
    ORIGINATOR_UNKNOWN = (
        "originator-unknown",
        Outcome.UNATTESTED,
        438,
        "Invalid Identity Header",
        "RFC 8224 8.1",
    )
    AUTHORITY_UNKNOWN = (
        "authority-unknown",
        Outcome.UNATTESTED,
        438,
        "Invalid Identity Header",
        "RFC 8226 9",
    )

    ORIG_MISMATCH = (
        "orig-mismatch",
        Outcome.MISMATCH,
        438,
        "Invalid Identity Header",
        "RFC 8224 6.2 step 2, E16",
    )
    DEST_MISMATCH = (
        "dest-mismatch",
        Outcome.MISMATCH,
        438,
        "Invalid Identity Header",
        "RFC 8224 6.2 step 5, E16",
    )
    MEDIA_MISMATCH = ("media-mismatch", Outcome.MISMATCH, 438, "Invalid Identity Header", "RFC 8225 5.2.2")
    DIV_BROKEN = ("div-broken", Outcome.MISMATCH, 438, "Invalid Identity Header", "RFC 8946 4.2")

    IAT_STALE = ("iat-stale", Outcome.STALE, 403, "Stale Date", "RFC 8224 6.2 step 4, E15")
    IAT_FUTURE = ("iat-future", Outcome.STALE, 403, "Stale Date", "RFC 8224 6.2 step 4, E15")

    SIGNATURE_INVALID = (
        "signature-invalid",
        Outcome.BAD_SIGNATURE,
        438,
        "Invalid Identity Header",
        "RFC 8224 6.2 step 5, E18",
    )

    TOKEN_REPLAYED = ("token-replayed", Outcome.REPLAYED, 438, "Invalid Identity Header", "RFC 8224 12.1")

    CERTIFICATE_UNREADABLE = (
        "certificate-unreadable",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 8226 3",
    )
    CERTIFICATE_UNTRUSTED = (
        "certificate-untrusted",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 8224 6.2 step 3, E17",
    )
    CERTIFICATE_EXPIRED = (
        "certificate-expired",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 8224 6.2 step 4",
    )
    CERTIFICATE_UNSUITABLE = (
        "certificate-unsuitable",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "ATIS-1000080 6.4.1",
    )
    CERTIFICATE_REVOKED = (
        "certificate-revoked",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 5280 6.3.3, ATIS-1000080",
    )
    TN_AUTH_LIST_MISSING = (
        "tn-auth-list-missing",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 8226 9",
    )
    TN_AUTH_LIST_MALFORMED = (
        "tn-auth-list-malformed",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 8226 9",
    )
    DELEGATION_EXCEEDED = (
        "delegation-exceeded",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 9060 4",
    )
    CLAIM_NOT_PERMITTED = (
        "claim-not-permitted",
        Outcome.UNTRUSTED,
        438,
        "Invalid Identity Header",
        "RFC 8226 8, RFC 9118 4",
    )
    NUMBER_NOT_AUTHORISED = (
        "number-not-authorised",
        Outcome.UNTRUSTED,
        437,
        "Unsupported Credential",
        "RFC 8224 6.2 step 3",
    )

    TOO_MANY_IDENTITIES = ("too-many-identities", Outcome.MALFORMED, 438, "Invalid Identity Header", "-")
    IDENTITY_MALFORMED = (
        "identity-malformed",
        Outcome.MALFORMED,
        438,
        "Invalid Identity Header",
        "RFC 8224 4",
    )
    COMPACT_FORM = ("compact-form", Outcome.MALFORMED, 438, "Invalid Identity Header", "RFC 8588 6, E4")
    PPT_MISMATCH = (
        "ppt-mismatch",
        Outcome.MALFORMED,
        438,
        "Invalid Identity Header",
        "RFC 8224 4.1, E5 and E13",
    )
    INFO_MISSING = ("info-missing", Outcome.MALFORMED, 436, "Bad Identity Info", "RFC 8224 4, E6")
    INFO_INVALID = ("info-invalid", Outcome.MALFORMED, 436, "Bad Identity Info", "ATIS-1000074 5.3.1, E7")
    PASSPORT_MALFORMED = (
        "passport-malformed",
        Outcome.MALFORMED,
        438,
        "Invalid Identity Header",
        "RFC 8225 3 and 4",
    )
    JOSE_CLAIM_MISSING = ("jose-claim-missing", Outcome.MALFORMED, 436, "Bad Identity Info", "RFC 8225 4, E9")
    X5U_MISMATCH = ("x5u-mismatch", Outcome.MALFORMED, 436, "Bad Identity Info", "RFC 8224 4.1, E10")
    TYP_INVALID = ("typ-invalid", Outcome.MALFORMED, 437, "Unsupported Credential", "RFC 8225 4.1, E11")
    ALG_UNSUPPORTED = (
        "alg-unsupported",
        Outcome.MALFORMED,
        437,
        "Unsupported Credential",
        "RFC 8225 8.2, E12",
    )
    CRIT_UNSUPPORTED = (
        "crit-unsupported",
        Outcome.MALFORMED,
        438,
        "Invalid Identity Header",
        "RFC 7515 4.1.11",
    )
    CLAIM_MISSING = ("claim-missing", Outcome.MALFORMED, 438, "Invalid Identity Header", "RFC 8588 4, E14")
    CLAIM_INVALID = ("claim-invalid", Outcome.MALFORMED, 438, "Invalid Identity Header", "RFC 8225 5")
    ATTEST_INVALID = ("attest-invalid", Outcome.MALFORMED, 438, "Invalid Identity Header", "RFC 8588 4, E19")
    SIGNATURE_MALFORMED = (
        "signature-malformed",
        Outcome.MALFORMED,
        438,
        "Invalid Identity Header",
        "RFC 7518 3.4",
    )

    NUMBER_PROTECTED = ("number-protected", Outcome.NUMBER, 403, "Forbidden", "47 CFR 64.1200(o), Ofcom GC C6.6")
    NUMBER_MALFORMED = ("number-malformed", Outcome.NUMBER, 403, "Forbidden", "E.164 6.1, CRTC 2018-484")
    NUMBER_INVALID = ("number-invalid", Outcome.NUMBER, 403, "Forbidden", "GC C6.6, 47 CFR 64.1200(o)")
    NUMBER_UNALLOCATED = ("number-unallocated", Outcome.NUMBER, 403, "Forbidden", "GC C6.6, 47 CFR 64.1200(o)")
    NUMBER_NEVER_ORIGINATES = ("number-never-originates", Outcome.NUMBER, 403, "Forbidden", "GC C6.6")
    NUMBER_INSERTED = ("number-inserted", Outcome.NUMBER, 403, "Forbidden", "GC C6.6")
    FOREIGN_ORIGIN = ("foreign-origin", Outcome.NUMBER, 403, "Forbidden", "Ofcom, CLI guidance 2024")
    ASSERTED_AMBIGUOUS = ("asserted-ambiguous", Outcome.NUMBER, 403, "Forbidden", "RFC 3325 9.1")
    PRESENTATION_NOT_PERMITTED = ("presentation-not-permitted", Outcome.NUMBER, 403, "Forbidden", "GC C6.6")
    BRAND_NAME = ("brand-name", Outcome.NUMBER, 403, "Forbidden", "-")

    CAMPAIGN_FANOUT = ("campaign-fanout", Outcome.CAMPAIGN, 403, "Forbidden", "-")
    CAMPAIGN_NEIGHBOURS = ("campaign-neighbours", Outcome.CAMPAIGN, 403, "Forbidden", "-")
    CAMPAIGN_PROTECTED = ("campaign-protected", Outcome.CAMPAIGN, 403, "Forbidden", "-")
    CAMPAIGN_SHORT = ("campaign-short", Outcome.CAMPAIGN, 403, "Forbidden", "-")

    NUMBER_MISSING = ("number-missing", Outcome.NOTE, 0, "", "GC C6.6")
    NUMBER_DOUBTFUL = ("number-doubtful", Outcome.NOTE, 0, "", "-")
    FOREIGN_MOBILE = ("foreign-mobile", Outcome.NOTE, 0, "", "Ofcom, consultation of July 2025")
    FOREIGN_PERMITTED = ("foreign-permitted", Outcome.NOTE, 0, "", "Ofcom, CLI guidance 2024")
    NUMBERS_DIFFER = ("numbers-differ", Outcome.NOTE, 0, "", "RFC 3325, GC C6.6")
    COUNTRIES_DIFFER = ("countries-differ", Outcome.NOTE, 0, "", "-")

    DIV_PASSED = ("div-passed", Outcome.NOTE, 0, "", "RFC 8946 4.2")
    RPH_PASSED = ("rph-passed", Outcome.NOTE, 0, "", "RFC 8443 5")
    RPH_FAILED = ("rph-failed", Outcome.NOTE, 0, "", "RFC 8443 5")
    RCD_PASSED = ("rcd-passed", Outcome.NOTE, 0, "", "RFC 9795 8")
    RCD_FAILED = ("rcd-failed", Outcome.NOTE, 0, "", "RFC 9795 8")
    RCD_NAME_MISMATCH = ("rcd-name-mismatch", Outcome.NOTE, 0, "", "RFC 9795 8")
    REVOCATION_UNCHECKED = ("revocation-unchecked", Outcome.NOTE, 0, "", "RFC 5280 6.3.3")

    EMERGENCY = ("emergency", Outcome.EXEMPT, 0, "", "RFC 5031")
    PSAP_CALLBACK = ("psap-callback", Outcome.EXEMPT, 0, "", "RFC 7090")

    # As `Enum` has it, but without a function of Python for each time.
    value = property(attrgetter("_value_"))
    outcome: Outcome
    sip_code: int
    phrase: str
    source: str

    def __new__(cls, name: str, outcome: Outcome, sip_code: int, phrase: str, source: str) -> Self:
        """Make a member whose value is its name on the outside (in rules, logs and headers)."""
        member = object.__new__(cls)
        member._value_ = name
        member.outcome = outcome
        member.sip_code = sip_code
        member.phrase = phrase
        member.source = source
        return member


class Attestation(msgspec.Struct, frozen=True):
    """What a token that passed says of the caller, and who says so."""

    level: str
    """`A`, `B` or `C` (RFC 8588 4); empty for a base PASSporT."""
    origid: str
    spc: str
    """Service provider codes of the signer's certificate, with commas between; empty for a list of numbers."""
    verified: frozenset[bytes]
    """Header fields, in lower case, whose number the token attests."""
    trust: str = ""
    """The trust group whose anchor the signer's chain leads to."""
    diversions: int = 0
    """Tokens of a div chain that lead from it to the called number (RFC 8946)."""


class Excuse(msgspec.Struct, frozen=True):
    """What takes the weight from a finding about a number: a token that passed, from a signer who may vouch for it."""

    field: bytes
    """Header field, in lower case, whose number the token has to attest."""
    level: str
    """The lowest attestation that is enough."""
    spcs: frozenset[str] = frozenset()
    """Service provider codes, one of which the signer has; empty: any signer."""

    def accepts(self, attestation: Attestation) -> bool:
        """Tell whether a token that passed is good enough."""
        signers = frozenset(attestation.spc.split(","))
        return (
            self.field in attestation.verified
            and attestation.level <= self.level
            and (not self.spcs or bool(self.spcs & signers))
        )


class Finding(msgspec.Struct, frozen=True):
    """One thing that was checked and what came of it. A value, never an exception."""

    code: Code
    detail: str = ""
    """For people: what was expected and what was there. Never a whole token."""
    token: int = 0
    """Which Identity value it is about, counted from 1; 0: not about one."""
    weighs: bool = True
    """False: recorded, but the rules do not see it, because a token of the same call passed."""
    attestation: Attestation | None = None
    particulars: tuple[tuple[str, str | int], ...] = ()
    """What the log shows beside it: `iat`, `x5u_host`, ..."""
    excuse: Excuse | None = None
    """What takes its weight; None: nothing does."""


NumberField = Literal["from", "asserted", "name"]
"""Where a number stands that a call shows: From, the network's word, or a display name."""


class Party(msgspec.Struct, frozen=True):
    """One end of a call as a header field names it."""

    uri: Uri | None
    """None where the field holds no SIP or tel URI."""
    number: str | None
    """Canonical telephone number (RFC 8224 8.3); None: it is none."""
    name: str = ""
    """Display name without quotes; empty if there is none."""

    @classmethod
    def of(cls, value: bytes, plan: DialPlan) -> Self:
        """Read a `name-addr`; what cannot be read is somebody without URI and number."""
        address = name_addr(value)
        uri = Uri.parse(address.uri)
        number = canonical(uri.user.decode("utf-8", "replace"), plan) if uri is not None and uri.user else None
        return cls(uri, number, address.display.decode("utf-8", "replace") if address.display else "")


class Call(msgspec.Struct, frozen=True):
    """What one initial INVITE claims."""

    request: Request
    trunk: Trunk
    flow: Flow
    arrival: float
    """Seconds since the epoch when it was received: freshness and validity are judged for this moment."""
    call_id: str
    presented: Party
    """From."""
    asserted: tuple[Party, ...]
    """P-Asserted-Identity, if the trunk's is believed: at most a SIP and a tel URI (RFC 3325 9.1)."""
    network: tuple[Party, ...]
    """Who calls by the word of the trunk, if it is believed: P-Asserted-Identity, or else Remote-Party-ID.

    A customer's P-Preferred-Identity, which asks the network to assert a number (RFC 3325 9.2), stands last.
    The British call it the network number, and From the presentation number (Ofcom, General Condition C6).
    """
    to: Party
    target: Party
    """Request-URI."""
    identities: tuple[bytes, ...]
    """Identity values in their order, one a token."""

    @property
    def diverting(self) -> tuple[Party, ...]:
        """Who diverted the call on its way, as it says: Diversion, then History-Info, the last one of each first.

        Nobody is named twice. Anyone can write it: `diverted` says whether it is believed.
        """
        values = diverting(self.request)
        if not values:
            return ()
        parties = (Party.of(value, self.trunk.dial_plan) for value in values)
        return tuple({party.number or party.uri: party for party in parties if party.uri is not None}.values())

    @property
    def diverted(self) -> bool:
        """Whether it was diverted, by the word of a trunk that is believed about it."""
        return self.trunk.trust_diversion and bool(self.diverting)

    def attested_by(self, field: Literal["from", "asserted"], number: str) -> bytes:
        """Name the header field, in lower case, whose token is one for a number that `shown` has under `field`.

        No token attests an older field than P-Asserted-Identity, but that From has the same number may be attested.
        """
        if field == "asserted" and (self.asserted or number != self.presented.number):
            return b"p-asserted-identity"
        return b"from"

    @property
    def caller(self) -> int | None:
        """Tell callers of this process apart: a hash of the trunk and the number that calls; None: there is none."""
        number = self.presented.number or next((party.number for party in self.network if party.number), None)
        return None if number is None else hash((self.trunk.name, number))

    def shown(self) -> list[tuple[Literal["from", "asserted"], Party]]:
        """Give who calls, field by field: From, and the network's word. A number stands once for each."""
        parties: list[tuple[Literal["from", "asserted"], Party]] = [("from", self.presented)]
        seen: set[str] = set()
        for party in self.network:
            if party.number not in seen:
                parties.append(("asserted", party))
            if party.number is not None:
                seen.add(party.number)
        return parties

    def named(self) -> list[str]:
        """Give the telephone numbers that stand in display names, where they are others than the field's own."""
        plan = self.trunk.dial_plan
        found = [(party, written_in(party.name, plan)) for _, party in self.shown() if party.name]
        return list(dict.fromkeys(number for party, number in found if number and number != party.number))

    def numbers(self) -> list[tuple[NumberField, str]]:
        """Give the numbers that the call shows, and where; those in display names come last."""
        found: list[tuple[NumberField, str]] = [(field, p.number) for field, p in self.shown() if p.number is not None]
        return list(dict.fromkeys([*found, *(("name", number) for number in self.named())]))

    @classmethod
    def of(cls, request: Request, trunk: Trunk, flow: Flow, arrival: float) -> Self:
        """Read the claims of `request`, which came from `trunk`."""
        plan = trunk.dial_plan
        asserted: tuple[Party, ...] = ()
        network: tuple[Party, ...] = ()
        if trunk.trust_asserted:
            asserted = tuple([Party.of(item, plan) for item in _items(request, b"p-asserted-identity")])
            network = asserted[:MAX_ASSERTED] or tuple([Party.of(item, plan) for item in _preferred(request, trunk)])
        return cls(
            request,
            trunk,
            flow,
            arrival,
            request.call_id.decode("utf-8", "replace"),
            Party.of(request.value(b"from"), plan),
            asserted,
            network,
            Party.of(request.value(b"to"), plan),
            Party.of(b"<" + request.uri + b">", plan),
            tuple(_items(request, b"identity")),
        )


def _items(request: Request, name: bytes) -> list[bytes]:
    values = request.values(name)
    return [item for value in values for item in split_list(value)] if values else []


def _preferred(request: Request, trunk: Trunk) -> list[bytes]:
    """Give the callers in the fields that come after P-Asserted-Identity."""
    callers = [item for item in _items(request, b"remote-party-id") if not _CALLED.search(item.rpartition(b">")[2])]
    if not callers and trunk.origin == "customer":
        callers = _items(request, b"p-preferred-identity")
    return callers[:MAX_ASSERTED]
