"""What stands in a Request-URI, and how it is made of another URI (RFC 3261 19.1.1 and 16.6 step 2)."""

from collections.abc import Collection

from sip_guard.sip.flow import bracketed
from sip_guard.sip.uri import Uri

_OF_THE_WAY = frozenset((b"transport", b"maddr", b"ttl"))
"""Parameters that say how to reach the host that a URI names, and nothing of another one."""


def allowed(text: bytes) -> bytes | None:
    """Give a SIP or tel URI as it may stand in a Request-URI: without a header part, and without `method`.

    None if it is neither, or not well formed. What this gives, `sip.message.parse` takes.
    """
    uri = Uri.parse(text)
    if uri is None:
        return None
    if uri.headers or text.endswith(b"?"):
        text = text[: -len(uri.headers) - 1]
    return without_parameters(text, uri, (b"method",))


def towards(text: bytes, host: str, port: int | None = None) -> bytes:
    """Give a SIP URI with this host (a name or a numeric address) and port instead of its own.

    User part and parameters stay, but for those that say how the old host is reached. A URI without a host, such as
    tel, stays as it is.
    """
    uri = Uri.parse(text)
    if uri is None or not uri.host:
        return text
    # `@` may stand in a parameter too, but in no user part.
    user = text[: text.index(b"@" if uri.user else b":") + 1]
    end = len(text) - len(uri.params)
    place = bracketed(host).encode() + (b":%d" % port if port else b"")
    return user + place + without_parameters(text, uri, _OF_THE_WAY)[end:]


def without_parameters(text: bytes, uri: Uri, names: Collection[bytes]) -> bytes:
    """Give `text`, which has no header part and was read as `uri`, without the parameters `names` (lower case)."""
    if not uri.params:
        return text
    items = uri.params.split(b";")
    kept = [item for item in items if item.partition(b"=")[0].lower() not in names]
    return text[: len(text) - len(uri.params)] + b";".join(kept) if len(kept) < len(items) else text
