"""Many calls at once."""

from pathlib import Path
from uuid import uuid4

import pytest
from interconnection import TRUNKS, Interconnection, running
from sipp import Sipp, free_port

from sip_guard.demo.calls import BOB

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

CALLS = 700
SECONDS = 10


def test_700_calls_of_distinct_callers_in_10_seconds_all_pass(interconnection: Interconnection, tmp_path: Path) -> None:
    callers = [f"1202555{number:04}" for number in range(CALLS)]
    lines = (f"{caller};{interconnection.identity(caller).removeprefix('Identity: ')}" for caller in callers)
    injected = tmp_path / "callers.csv"
    injected.write_text("\n".join(["SEQUENTIAL", *lines, ""]))
    run = f"{uuid4()}"
    host = TRUNKS["carrier"]
    options = ("-inf", str(injected), "-s", BOB, "-cid_str", f"%u-{run}", "-r", f"{CALLS}", "-rp", f"{SECONDS}s")
    with Sipp(
        "load", (host, free_port(host)), tmp_path, *options, remote=interconnection.address, calls=CALLS, seconds=30
    ) as sipp:
        sipp.wait()
    assert interconnection.guard.decision(f"{CALLS}-{run}")
    decided = [event for event in interconnection.guard.decisions() if event["call_id"].endswith(run)]
    assert {event["rule"] for event in decided} == {"attested"}
    assert sorted(event["from"] for event in decided) == callers
    assert interconnection.repository.fetched.count("signer.pem") == 1
