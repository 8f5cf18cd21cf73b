"""What tells one transaction from another."""

from sip_guard.peer import Target, Trunk
from sip_guard.sip.message import Message, Request, Response

COOKIE = b"z9hG4bK"
"""What the branch of an RFC 3261 transaction begins with (8.1.1.7)."""

Key = tuple[bytes, ...]


def server_key(request: Request, peer: Trunk | Target) -> Key:
    """Give what matches a request to its transaction (RFC 3261 17.2.3); ACK and CANCEL match the INVITE.

    Two peers may choose the same branch, and none can cancel another's call.
    """
    method = b"INVITE" if request.method in (b"ACK", b"CANCEL") else request.method
    if _is_unique(request):
        return *_of(peer), method, request.via.sent_by, request.via.branch
    top, cseq = request.vias[0], b"%d" % request.cseq
    return *_of(peer), method, request.uri, request.from_tag, request.value(b"call-id"), cseq, top


def answered_key(response: Response, peer: Trunk | Target) -> Key | None:
    """Give the `server_key` of the request of `peer` that a response to it answers; None: its branch does not say."""
    if not _is_unique(response):
        return None
    return *_of(peer), response.method, response.via.sent_by, response.via.branch


def _is_unique(message: Message) -> bool:
    branch = message.via.branch
    return branch.startswith(COOKIE) and len(branch) > len(COOKIE)


def _of(peer: Trunk | Target) -> tuple[bytes, bytes]:
    return b"trunk" if isinstance(peer, Trunk) else b"target", peer.name.encode()
