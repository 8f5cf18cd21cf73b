"""What tells one transaction from another."""

from sip_guard.peer import Target, Trunk
from sip_guard.sip.message import Request

COOKIE = b"z9hG4bK"
"""What the branch of an RFC 3261 transaction begins with (8.1.1.7)."""

Key = tuple[bytes, ...]


def server_key(request: Request, peer: Trunk | Target) -> Key:
    """Give what matches a request to its transaction (RFC 3261 17.2.3); ACK and CANCEL match the INVITE.

    Two peers may choose the same branch, and none can cancel another's call.
    """
    method = b"INVITE" if request.method in (b"ACK", b"CANCEL") else request.method
    via = request.via
    branch = via.branch
    side = b"trunk" if isinstance(peer, Trunk) else b"target"
    name = peer.name.encode()
    if branch.startswith(COOKIE) and len(branch) > len(COOKIE):
        return side, name, method, via.sent_by, branch
    top = request.vias[0]
    return side, name, method, request.uri, request.from_tag, request.value(b"call-id"), b"%d" % request.cseq, top
