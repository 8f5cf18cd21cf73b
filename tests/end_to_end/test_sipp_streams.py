"""Calls over TCP on either side, with the transport changed on the way."""

from collections.abc import Iterator

import pytest
from interconnection import ANSWERED, Interconnection, tampered

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module", params=["udp", "tcp"])
def interconnection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Interconnection]:
    """Give a guard whose PBX is reached over UDP, and one whose is over TCP."""
    folder = tmp_path_factory.mktemp(f"pbx-{request.param}")
    with Interconnection(folder, pbx_transport=request.param) as made:
        yield made


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_an_attested_call_passes_whatever_the_transports(interconnection: Interconnection, transport: str) -> None:
    call = interconnection.place(interconnection.identity(), transport=transport)
    call.end()
    assert call.answers == ANSWERED
    assert call.decision["rule"] == "attested"
    assert "verstat=TN-Validation-Passed" in call.invite.value("From")
    pbx_transport = call.invite.values("Via")[0].split()[0].removeprefix("SIP/2.0/")
    sides = {transport, pbx_transport}
    assert len(call.invite.values("Record-Route")) == len(sides)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_a_refused_call_is_refused_whatever_the_transports(interconnection: Interconnection, transport: str) -> None:
    identity = tampered(interconnection.identity(attest="C"))
    call = interconnection.place(identity, scenario="refused", transport=transport).end()
    assert call.answers == ["100 Trying", "438 Invalid Identity Header"]
    assert call.decision["rule"] == "bad-signature"
    assert call.invites == []
