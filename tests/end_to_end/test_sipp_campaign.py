"""The campaign by SIPp against the running guard: each call has the verdict that `simulate` gives."""

import time
from pathlib import Path

import pytest
import setting
from day import Labelled, each
from outcome import Came
from setting import CERTIFICATES, SOURCES
from signers import Signers
from sipp import Sipp, free_port
from written import CAPTURE, SIPP, Writer, scenario

from sip_guard.config import load
from sip_guard.demo.guard import Guard
from sip_guard.demo.phones import Pbx
from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.demo.repository import Repository
from sip_guard.desk.simulate.command import Wanted, simulate

pytestmark = pytest.mark.end_to_end


def test_each_kind_of_call_has_the_same_verdict_by_sipp_and_simulated(tmp_path: Path) -> None:
    now = time.time()
    web = web_root(Window.around(now))
    (tmp_path / "web_ca.pem").write_bytes(web.pem)
    with Repository(web_server(web, Window.around(now)), tmp_path) as repository:
        signers = Signers.of(1, now, f"https://127.0.0.1:{repository.port}")
        for name, issued in signers.issued.items():
            repository.add(f"{name}.pem", issued.bundle)
        calls = list(each(1, now - 60, signers))
        with Writer(tmp_path) as writer:
            writer.write(calls)
        pbx = Pbx()
        try:
            path = setting.write(tmp_path, signers, port=0, pbx=f"127.0.0.1:{pbx.port}", repository=repository.port)
            wanted = {labelled.label: _simulated(labelled, path) for labelled in calls}
            with Guard(path) as guard:
                assert guard.wait(lambda event: event["event"] == "list_loaded") is not None
                for labelled in calls:
                    _place(labelled, tmp_path, guard.port)
                # Lines of the log come a moment after their calls.
                assert guard.wait(lambda event: event.get("call_id", "").startswith(calls[-1].label)) is not None
                decided = {event["call_id"].partition("///")[0]: event for event in guard.decisions()}
        finally:
            pbx.close()
        assert {label: Came.of(event["action"], event["rule"]) for label, event in decided.items()} == wanted
        reached = {call_id.partition("///")[0] for call_id in pbx.calls}
        assert reached == {label for label, came in wanted.items() if came.action != "stopped"}


def _simulated(labelled: Labelled, config: Path) -> Came:
    """Take a call, captured by itself, through the configuration."""
    folder = config.parent / labelled.label
    folder.mkdir()
    with Writer(folder) as writer:
        writer.write([labelled])
    wanted = Wanted(
        captures=(folder / CAPTURE,),
        policy=(config, load(config)),
        against=None,
        trunk="",
        certificates=config.parent / CERTIFICATES,
        fetch=False,
        workers=0,
    )
    report = simulate(wanted, lambda _, __: None)
    assert report.problems == ()
    ((fate, count),) = report.tally.fates[0].items()
    assert count == 1
    return Came.of(fate.action, fate.rule)


def _place(labelled: Labelled, folder: Path, guard: int) -> None:
    """Let SIPp place a call, whose scenario has it alone."""
    source = SOURCES[labelled.kind.trunk]
    name = folder / SIPP / scenario(labelled)
    with Sipp(
        str(name), (source, free_port(source)), folder, "-inf", f"{name}.csv", remote=("127.0.0.1", guard), calls=1
    ) as sipp:
        sipp.wait()
