"""A caller that the callee learns nothing of, although nothing is kept of the call (verdict `anonymise`).

Towards the callee From is anonymous, Contact has a user part that only this guard can read, and what else could tell
who calls is gone (RFC 3323 5.1 and 5.3). Towards the caller all is as it wrote it: what the callee shows back to it, To
and Request-URI, is put right. What is needed for that the callee holds, encrypted: the From in our Record-Route, the
user part of Contact in its own place. So a UA that compares From and To by their URIs (RFC 2543) finds its dialog.
"""

from sip_guard.proxy.route import Seal
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.message import Request
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri

ANONYMOUS = b'"Anonymous" <sip:anonymous@anonymous.invalid>'
"""RFC 3323 4.1.1.3."""
_NOBODY = b"<sip:anonymous@anonymous.invalid>"
_USER = b"anonymous-"
_TELLING = frozenset(
    b"identity p-preferred-identity remote-party-id x-fs-display-name x-fs-display-number p-charge-info referred-by "
    b"privacy subject call-info organization user-agent reply-to in-reply-to".split()
)
"""Fields that tell who calls, or could (RFC 3323 5.3)."""


def conceal(draft: Draft, seal: Seal) -> bytes:
    """Hide the caller in a request of its own. Gives its From, encrypted, for our Record-Route."""
    message = draft.message
    uri = name_addr(message.value(b"from")).uri
    _hide(draft, seal, message.from_tag)
    for place in message.places(b"from"):
        draft.set_value(place, ANONYMOUS + b";tag=" + message.from_tag)
    draft.below.append(b"Privacy: id")
    return seal.hide(uri, b"from", message.call_id, message.from_tag)


def conceal_answer(draft: Draft, seal: Seal) -> None:
    """Hide the caller in its answer to a request of the callee. Its To is what the callee wrote already."""
    _hide(draft, seal, draft.message.to_tag)


def reveal(draft: Draft, sealed: bytes, seal: Seal) -> None:
    """Name the caller again in a request of the callee. What was not written here stays as it is."""
    message = draft.message
    call_id, tag = message.call_id, message.to_tag
    uri = seal.show(sealed, b"from", call_id, tag)
    if uri:
        for place in message.places(b"to"):
            draft.set_value(place, b"<" + uri + b">;tag=" + tag)
    target = Uri.parse(draft.uri)
    user = b"" if target is None else target.user
    shown = seal.show(user.removeprefix(_USER), b"contact", call_id, tag) if user.startswith(_USER) else b""
    if shown:
        draft.uri = draft.uri.replace(user + b"@", shown + b"@", 1)


def _hide(draft: Draft, seal: Seal, tag: bytes) -> None:
    message = draft.message
    for place, name in enumerate(message.names):
        if name in _TELLING or (name == b"p-asserted-identity" and _is_later(draft)):
            draft.remove(place)
        elif name == b"contact":
            values = split_list(draft.value_at(place))
            draft.set_value(place, b", ".join(_contact(value, seal, message.call_id, tag) for value in values))


def _is_later(draft: Draft) -> bool:
    """Tell whether the callee has had the INVITE that P-Asserted-Identity is meant for."""
    return not isinstance(draft.message, Request) or bool(draft.message.to_tag)


def _contact(value: bytes, seal: Seal, call_id: bytes, tag: bytes) -> bytes:
    address = name_addr(value)
    uri = Uri.parse(address.uri)
    if uri is None or uri.scheme == b"tel":
        return _NOBODY
    text = address.uri.partition(b"?")[0] if uri.headers else address.uri
    if uri.user:
        # The password that may stand behind the user part goes with it.
        user, _, host = text.rpartition(b"@")
        hidden = seal.hide(user.partition(b":")[2], b"contact", call_id, tag)
        text = uri.scheme + b":" + _USER + hidden + b"@" + host
    return b"<" + text + b">" + value[address.start + len(address.uri) :].removeprefix(b">")
