"""A target to which large requests go by TCP, so that no network has to carry fragments (RFC 3261 18.1.1)."""

from pathlib import Path

import pytest
from interconnection import ANSWERED, Interconnection

pytestmark = pytest.mark.end_to_end

LARGE = 1300
"""Octets."""
TARGET = """\
  - name: pbx
    address: 127.0.0.1:{pbx}
    transport: udp
    large_requests: tcp
"""


def test_a_large_invite_reaches_a_pbx_by_tcp(tmp_path: Path) -> None:
    with Interconnection(tmp_path, targets=TARGET, pbx_transport="tcp") as interconnection:
        call = interconnection.place(interconnection.identity()).end()
        assert call.answers == ANSWERED
        assert call.decision["rule"] == "attested"
        assert len(call.invite.octets) > LARGE
        assert [via.split()[0] for via in call.invite.values("Via")] == ["SIP/2.0/TCP", "SIP/2.0/UDP"]


def test_a_large_invite_goes_in_fragments_where_tcp_is_refused_and_a_small_one_as_ever(tmp_path: Path) -> None:
    with Interconnection(tmp_path, targets=TARGET) as interconnection:
        calls = [interconnection.place(interconnection.identity()).end(), interconnection.place().end()]
        for call in calls:
            assert call.answers == ANSWERED
            assert [via.split()[0] for via in call.invite.values("Via")] == ["SIP/2.0/UDP", "SIP/2.0/UDP"]
        large, small = (len(call.invite.octets) for call in calls)
        assert small < LARGE < large
        (undelivered,) = [event for event in interconnection.guard.events if event["event"] == "undelivered"]
        assert "refused" in undelivered["reason"]
        assert not [event for event in interconnection.guard.events if event["event"] == "target_down"]
