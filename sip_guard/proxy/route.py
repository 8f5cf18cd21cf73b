"""Where a request goes, and the proof that it belongs to a dialog that passed through here (RFC 3261 16.4 to 16.6)."""

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from sip_guard.sip.flow import Address, End, Flow, bracketed, numeric
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.message import Message, Request
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri
from sip_guard.value import Value

_TRANSPORTS = {b"udp": "UDP", b"tcp": "TCP", b"tls": "TLS"}
_EARLY = {False: b"early", True: b"early anonymous"}
_DIALOG = {False: b"dialog", True: b"anonymous"}
_URLSAFE = bytes.maketrans(b"+/", b"-_")
REMEMBERED = 4096
"""Ways of flows that are remembered, so that the memory for them is bounded."""
LONGEST = 128
"""Octets of a way: one of ours has fewer, and what is longer is not read, for what is read is remembered."""
PROOF = b"sg"
"""Name of the Record-Route parameter that proves a dialog."""


class Seal:
    """Makes what only this guard can make: a To tag alone proves no dialog, a signed Record-Route parameter does."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: 16 to 64 octets; with the same secret, dialogs outlive a restart."""
        self._secret = secret
        self._siv = AESSIV(blake2b(b"hide", digest_size=64, key=secret).digest())

    def mac(self, *parts: bytes) -> bytes:
        """Give 16 characters that nobody else can compute for these parts, none of which has a line end."""
        digest = blake2b(b"\r\n".join(parts), digest_size=12, key=self._secret).digest()
        return b2a_base64(digest, newline=False).translate(_URLSAFE)

    def tag(self, request: Request) -> bytes:
        """Give the To tag of our answers: the same for a request sent again (RFC 3261 8.2.7)."""
        return self.mac(b"tag", request.value(b"call-id"), request.value(b"from"), request.value(b"via"))

    def early(self, message: Message, *, anonymous: bool = False) -> bytes:
        """Give the proof that the callee gets, whose tag is not known yet: it seals Call-ID and caller's tag.

        `anonymous`, here and in `dialog`: it also seals that the callee may not learn who calls.
        """
        return self.mac(_EARLY[anonymous], message.call_id, message.from_tag)

    def outward(self, message: Message) -> bytes:
        """Give the proof that the callee of a call of our side gets: it is good for who is not trusted."""
        return self.mac(b"outward", message.call_id, message.from_tag)

    def called(self, call_id: bytes, tag: bytes, callee: bytes) -> bytes:
        """Seal who was called, by the value of To or of the callee's own From: for its INVITEs, which show a number."""
        uri = Uri.parse(name_addr(callee).uri)
        return self.mac(b"called", call_id, tag, b"" if uri is None else uri.user.partition(b";")[0])

    def dialog(self, message: Message, *, anonymous: bool = False) -> bytes:
        """Give the proof of a dialog: it seals Call-ID and both tags, whichever side sends."""
        one, other = message.from_tag, message.to_tag
        if other < one:
            one, other = other, one
        return self.mac(_DIALOG[anonymous], message.call_id, one, other)

    def dialog_of(self, routed: "Routed", request: Request, *, trusted: bool) -> "Dialog":
        """Tell which dialog of ours `request` is of, if any, by our Route value. One without a To tag is of none.

        What the callee got with the INVITE counts as well; of a callee on our side (`trusted`) without more, of others
        for an INVITE only if it shows the number that was called.
        """
        call_id, tag, proof = request.call_id, request.to_tag, routed.proof
        if not proof or not tag:
            return Dialog.NONE
        if compare_digest(self.dialog(request), proof):
            return Dialog.SHOWN
        if compare_digest(self.dialog(request, anonymous=True), proof):
            return Dialog.HIDDEN
        if trusted:
            if compare_digest(self.mac(_EARLY[False], call_id, tag), proof):
                return Dialog.SHOWN
            return Dialog.HIDDEN if compare_digest(self.mac(_EARLY[True], call_id, tag), proof) else Dialog.NONE
        shown = compare_digest(self.mac(b"outward", call_id, tag), proof) and (
            request.method != b"INVITE"
            or compare_digest(self.called(call_id, tag, request.value(b"from")), routed.sealed)
        )
        return Dialog.SHOWN if shown else Dialog.NONE

    def hide(self, text: bytes, *about: bytes) -> bytes:
        """Encrypt what the callee is to give back and not to read, for this dialog: the same for the same text.

        AES-SIV (RFC 5297) needs no nonce, so nothing has to be kept or drawn. Lengths are told in steps of 32 octets.
        """
        padded = text.ljust(-(-len(text) // 32) * 32 or 32, b"\0")
        return b64url(self._siv.encrypt(padded, list(about)))

    def show(self, token: bytes, *about: bytes) -> bytes:
        """Decrypt it; empty if it was not made here, and for this dialog."""
        try:
            octets = urlsafe_b64decode(token + b"=" * (-len(token) % 4))
            return self._siv.decrypt(octets, list(about)).rstrip(b"\0")
        except (ValueError, InvalidTag):
            return b""


def bind(draft: Draft, proof: bytes, ours: bytes) -> None:
    """Put `ours` where an answer carries the `proof` that our Record-Route had (RFC 3261 16.7 step 8).

    So what the caller holds is good for this one dialog, and never for another INVITE under the same Call-ID.
    """
    for place in draft.message.places(b"record-route") if proof else ():
        line = draft.lines[place]
        if line is not None:
            draft.lines[place] = line.replace(proof, ours)


def record_route(own: End, proof: bytes) -> bytes:
    """Write our Record-Route line for one side (RFC 3261 16.6 step 4). Never `transport=tls` (RFC 5658 5)."""
    return b"%b;%b=%b>" % (_record_route(own), PROOF, proof)


@lru_cache(maxsize=REMEMBERED)
def _record_route(own: End) -> bytes:
    host, port = bracketed(own.address[0]).encode(), own.address[1]
    scheme = b"sips" if own.transport == "TLS" else b"sip"
    transport = b";transport=tcp" if own.transport == "TCP" else b""
    return b"Record-Route: <%b:%b:%d%b;lr" % (scheme, host, port, transport)


@lru_cache(maxsize=REMEMBERED)
def way(flow: Flow) -> bytes:
    """Write where the other side of a call is reached, for our Record-Route, in case that its Contact is a name."""
    return b64url(f"{flow.transport} {flow.remote[0]} {flow.remote[1]}".encode())


def led(text: bytes) -> End | None:
    """Read what `way` wrote; None if it is not that. Anybody can write it."""
    return _led(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=REMEMBERED)
def _led(text: bytes) -> End | None:
    try:
        transport, host, port = urlsafe_b64decode(text + b"=" * (-len(text) % 4)).decode("ascii").split(" ")
        end = addressed(Uri.parse(f"sip:{bracketed(host)}:{port};transport={transport}".encode()))
    except ValueError:
        return None
    return end


def b64url(octets: bytes) -> bytes:
    """Encode without padding."""
    return b2a_base64(octets, newline=False).translate(_URLSAFE, b"=")


class Addresses:
    """The addresses that are ours: what a Route or a Request-URI must name to mean this guard."""

    def __init__(self, own: Iterable[Address]) -> None:
        self._own = {(bracketed(host).lower().encode(), port) for host, port in own}
        """Hosts as `numeric` spells them."""

    def include(self, uri: Uri | None) -> bool:
        """Tell whether a URI names this guard."""
        if uri is None:
            return False
        host = uri.host.lower()
        if host.startswith(b"["):
            host = bracketed(numeric(uri.address) or "").encode()
        return (host, uri.port or default_port(uri)) in self._own


class Routed(Value):
    """What the Route of a request says, each empty if it does not."""

    proof: bytes
    """Of our first value."""
    way: bytes
    """Where the other side is reached, as our first value tells."""
    sealed: bytes
    """What else our first value has: who was called, sealed, or who calls, encrypted."""
    following: bytes
    """The value behind ours."""


class Dialog(Enum):
    """What our Route value of a request proves."""

    NONE = auto()
    """Nothing: it is of no dialog of ours."""
    SHOWN = auto()
    """It is of a dialog of ours."""
    HIDDEN = auto()
    """It is of one whose caller the callee may not learn."""


def take_own_routes(draft: Draft, addresses: Addresses) -> Routed:
    """Remove our own values from the top of the Route (RFC 3261 16.4)."""
    told = b""
    for place in draft.message.places(b"route"):
        values = split_list(draft.value_at(place))
        for taken, value in enumerate(values):
            uri = Uri.parse(name_addr(value).uri)
            if uri is None or not addresses.include(uri):
                if taken:
                    draft.set_value(place, b", ".join(values[taken:]))
                return _routed(told, value)
            told = told or uri.parameter(PROOF) or b""
        draft.remove(place)
    return _routed(told, b"")


def _routed(told: bytes, following: bytes) -> Routed:
    proof, _, more = told.partition(b".")
    told_way, _, sealed = more.partition(b".")
    return Routed(proof, told_way, sealed, following)


UNROUTED: Final = Routed(b"", b"", b"", b"")
"""Of a request without a Route."""


def default_port(uri: Uri) -> int:
    """Give the port of a URI that names none (RFC 3261 19.1.2)."""
    return 5061 if uri.scheme == b"sips" or (uri.parameter(b"transport") or b"").lower() == b"tls" else 5060


def addressed(uri: Uri | None) -> End | None:
    """Give where a URI with an address for a host leads (RFC 3263 4.1).

    None for a name, for what nobody may be sent to, and for a transport that is not spoken here.
    """
    host = None if uri is None else numeric(uri.address)
    if uri is None or host is None:
        return None
    named = (uri.parameter(b"transport") or b"udp").lower()
    transport = _TRANSPORTS.get(named if uri.scheme != b"sips" else b"tls")
    return None if transport is None else End(transport, (host, uri.port or default_port(uri)))
