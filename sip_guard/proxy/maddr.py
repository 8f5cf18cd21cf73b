"""The `maddr` of a Request-URI, where it leads to us (RFC 3261 16.4)."""

import msgspec

from sip_guard.proxy.route import addressed
from sip_guard.sip.flow import End, Flow
from sip_guard.sip.request_uri import towards
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri


def take_own(draft: Draft, flow: Flow) -> bool:
    """Remove a `maddr` that has done its work, for it led the request here along `flow`. Gives whether there was one.

    With it go a port and a transport that are not the usual ones, for they were ours. The next element would send the
    request back here.
    """
    if draft.start.lower().find(b"maddr") < 0:
        return False
    uri = Uri.parse(draft.uri)
    maddr = None if uri is None else uri.parameter(b"maddr")
    if uri is None or not uri.host or not maddr or not maddr.isascii():
        return False
    if addressed(msgspec.structs.replace(uri, host=maddr)) != End(flow.transport, flow.local):
        return False
    usual = 5061 if uri.scheme == b"sips" else 5060
    draft.uri = towards(draft.uri, uri.address, usual if uri.port == usual else None)
    return True
