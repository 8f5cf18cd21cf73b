"""What tells one transaction from another, and an answer's from others'."""

import pytest
from messages import read_request, request, response
from scene import OTHER_TRUNK, TARGET, TRUNK

from sip_guard.proxy.key import answered_key, server_key
from sip_guard.sip.message import Response, parse

VIA = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK7"


def answer(via: str, method: str = "INVITE") -> Response:
    read = parse(response(via=via, cseq=f"1 {method}"))
    assert isinstance(read, Response)
    return read


def test_an_answer_has_the_key_of_its_request() -> None:
    key = server_key(read_request(request(via=VIA)), TRUNK)
    assert answered_key(answer(f"{VIA};received=198.51.100.7;rport=5060"), TRUNK) == key


@pytest.mark.parametrize("peer", [OTHER_TRUNK, TARGET])
def test_no_other_peer_can_mean_it(peer: object) -> None:
    assert isinstance(peer, type(TRUNK) | type(TARGET))
    assert answered_key(answer(VIA), peer) != server_key(read_request(request(via=VIA)), TRUNK)


def test_another_branch_or_method_is_another_request() -> None:
    key = server_key(read_request(request(via=VIA)), TRUNK)
    assert answered_key(answer(f"{VIA}8"), TRUNK) != key
    assert answered_key(answer(VIA, "BYE"), TRUNK) != key


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_a_branch_that_is_not_unique_does_not_say(branch: str) -> None:
    assert answered_key(answer(f"SIP/2.0/UDP 198.51.100.7:5060{branch}"), TRUNK) is None
