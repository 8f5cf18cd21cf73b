"""What a trunk may begin in a second, and have at a time: the surplus gets 503, all else goes on."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from interconnection import Interconnection
from sipp import Sipp, free_port

pytestmark = pytest.mark.end_to_end

QUICK = "127.0.0.2"
LONG = "127.0.0.3"
RATE = 5
CALLS = 40
BOB = "+12025550199"

CONFIG = """\
listen:
  - udp: {host}:0
trunks:
  - name: quick
    sources: [127.0.0.2]
    identity: ignore
    calls_per_second: 5
  - name: long
    sources: [127.0.0.3]
    identity: ignore
    concurrent_calls: 2
targets:
  - name: pbx
    address: 127.0.0.1:{pbx}
emergency: {{numbers: ["112"]}}
"""


class Burst:
    """Calls of one trunk, placed as fast as SIPp can."""

    def __init__(
        self, interconnection: Interconnection, folder: Path, host: str, called: list[str], pause: int
    ) -> None:
        numbers = folder / f"{host}.csv"
        numbers.write_text("\n".join(["SEQUENTIAL", *called, ""]))
        options = ("-inf", str(numbers), "-cid_str", f"%u-{uuid4()}", "-r", "400", "-d", f"{pause}")
        count = len(called)
        with Sipp(
            "limited", (host, free_port(host)), folder, *options, remote=interconnection.address, calls=count
        ) as sipp:
            sipp.wait()
            finals = [
                m for m in sipp.messages() if not m.sent and m.value("CSeq") == "1 INVITE" and m.start > "SIP/2.0 2"
            ]
            self.outcome = {int(m.value("Call-ID").partition("-")[0]): m.start.removeprefix("SIP/2.0 ") for m in finals}
            assert len(self.outcome) == count

    def numbers(self, outcome: str) -> list[int]:
        """Give which calls had this outcome, the first one being 1."""
        return sorted(number for number, each in self.outcome.items() if each == outcome)


@pytest.fixture(scope="module")
def interconnection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interconnection]:
    with Interconnection(tmp_path_factory.mktemp("limits"), config=CONFIG) as made:
        yield made


def test_of_a_burst_the_surplus_gets_503_the_rest_is_served_and_an_emergency_call_passes(
    interconnection: Interconnection, tmp_path: Path
) -> None:
    emergency = CALLS
    burst = Burst(interconnection, tmp_path, QUICK, [BOB] * (CALLS - 1) + ["112"], 0)
    served, refused = burst.numbers("200 OK"), burst.numbers("503 Call Rate Exceeded")
    assert served[:RATE] == list(range(1, RATE + 1))
    assert emergency in served
    assert len(refused) > CALLS / 2
    assert len(served) + len(refused) == CALLS
    assert interconnection.guard.wait(
        lambda event: event["event"] == "refused" and event["reason"].startswith("INVITE 503")
    )
    assert interconnection.guard.wait(lambda event: event["event"] == "decision" and event["target"] == "112")
    decided = [event for event in interconnection.guard.decisions() if event["trunk"] == "quick"]
    assert len(decided) == len(served)
    assert decided[-1]["target"] == "112"


def test_a_trunk_has_no_more_calls_at_a_time_than_it_may_and_new_ones_when_they_end(
    interconnection: Interconnection, tmp_path: Path
) -> None:
    burst = Burst(interconnection, tmp_path, LONG, [BOB] * 4 + ["112"], 400)
    assert burst.numbers("200 OK") == [1, 2, 5]
    assert burst.numbers("503 Too Many Calls") == [3, 4]
    again = Burst(interconnection, tmp_path, LONG, [BOB] * 2, 0)
    assert again.numbers("200 OK") == [1, 2]
