"""The demonstration runs the real command."""

from pathlib import Path

import pytest

from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory

pytestmark = pytest.mark.end_to_end


def test_a_guard_that_does_not_start_says_why(tmp_path: Path) -> None:
    path = tmp_path / "guard.yaml"
    path.write_text("lisen: []\n")
    with pytest.raises(RuntimeError, match="there is no option `lisen`; did you mean `listen`"):
        Guard(path)


def test_a_guard_runs_until_it_is_closed(tmp_path: Path) -> None:
    with Laboratory(tmp_path) as laboratory, Guard(laboratory.config) as guard:
        while_open = guard.running
        assert guard.port > 0
        assert guard.decisions() == []
        call_id, final = laboratory.carrier.call(guard.port, "<sip:+12025550142@x>", "12025550199", [])
        decision = guard.decision(call_id)
        assert decision is not None
        assert (final.code, decision["rule"]) == (200, "unsigned")
        assert guard.decisions() == [decision]
        assert guard.wait(lambda event: event["event"] == "nothing", 0) is None
    assert (while_open, guard.running) == (True, False)
    assert guard.events[-1]["event"] == "stopped"
    assert [event for event in guard.events if event["event"] == "mistake"] == []
