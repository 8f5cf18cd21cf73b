"""One call of the campaign, and how it is written: the first INVITE, in the form that SIPp sends."""

from typing import NamedTuple

GUARD = "127.0.0.1"
"""Where the guard stands: everything is on loopback."""
PORT = 5060

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n"


class Invite(NamedTuple):
    """What is particular about a call. Values are text as it stands in the message."""

    called: str
    """User part of the Request-URI."""
    caller: str
    """From without its tag."""
    lines: tuple[str, ...] = ()
    """Further header lines, whole."""
    to: str = ""
    """User part of To; empty: as the Request-URI."""

    def head(self) -> tuple[str, ...]:
        """Give the header lines that differ from call to call."""
        return (f"From: {self.caller}", f"To: <sip:{self.to or self.called}@{GUARD}>", *self.lines)

    def octets(self, source: str, label: str) -> bytes:
        """Write the INVITE of a trunk at `source`; `label` names the call in Call-ID, tag and branch."""
        caller, *others = self.head()
        lines = [
            f"INVITE sip:{self.called}@{GUARD} SIP/2.0",
            f"Via: SIP/2.0/UDP {source}:{PORT};branch=z9hG4bK-{label};rport",
            "Max-Forwards: 70",
            f"{caller};tag={label}",
            *others,
            f"Call-ID: {label}@{source}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{source}:{PORT}>",
            "Content-Type: application/sdp",
            f"Content-Length: {len(SDP)}",
            "",
            SDP,
        ]
        return "\r\n".join(lines).encode()
