"""What tells one transaction from another."""

from sip_guard.peer import Target, Trunk
from sip_guard.sip.message import Request, Response

COOKIE = b"z9hG4bK"
"""What the branch of an RFC 3261 transaction begins with (8.1.1.7)."""

Key = tuple[bytes | str, ...]


def server_key(request: Request, peer: Trunk | Target) -> Key:
    """Give what matches a request to its transaction (RFC 3261 17.2.3); ACK and CANCEL match the INVITE.

    Two peers may choose the same branch, and none can cancel another's call.
    """
    via, method = request.via, request.method
    if method in (b"ACK", b"CANCEL"):
        method = b"INVITE"
    branch = via.branch
    if branch.startswith(COOKIE) and branch != COOKIE:
        return peer.side, peer.name, method, via.sent_by, branch
    top, cseq = request.vias[0], b"%d" % request.cseq
    return peer.side, peer.name, method, request.uri, request.from_tag, request.call_id, cseq, top


def answered_key(response: Response, peer: Trunk | Target) -> Key | None:
    """Give the `server_key` of the request of `peer` that a response to it answers; None: its branch does not say."""
    via = response.via
    branch = via.branch
    if branch.startswith(COOKIE) and branch != COOKIE:
        return peer.side, peer.name, response.method, via.sent_by, branch
    return None
