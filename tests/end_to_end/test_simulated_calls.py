"""The same calls, in line and out of a capture of them, get the same verdict: certificates are fetched for both."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from captures import ETHERNET, ethernet, pcap, udp
from interconnection import Interconnection, PlacedCall, running, tampered

from sip_guard.demo.calls import ALICE, BANK, OTHER

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)


def placed(world: Interconnection) -> list[PlacedCall]:
    """Place calls of every kind, one after the other."""
    again = world.identity()
    calls = [
        world.place(),
        world.place(again),
        world.place(again),
        world.place(world.identity(attest="C")),
        world.place(tampered(world.identity(attest="C")), scenario="refused"),
        world.place(world.identity(caller=BANK), scenario="refused"),
        world.place(world.identity(callee=OTHER), scenario="refused"),
        world.place(world.identity(age=300), scenario="refused"),
        world.place(world.identity(certificate="stranger.pem"), scenario="refused"),
        world.place(world.identity(certificate="no_list.pem"), scenario="refused"),
        world.place(world.identity(certificate=world.nowhere)),
        world.place(world.identity(certificate=world.nowhere), trunk="no-outage", scenario="refused"),
        world.place(trunk="signed-only", scenario="refused"),
        world.place(world.identity(), f"P-Asserted-Identity: <sip:+{OTHER}@carrier.example>"),
        world.place(called="112"),
    ]
    return [call.end() for call in calls]


def captured(folder: Path, calls: list[PlacedCall]) -> Path:
    """Write a capture of the INVITEs that SIPp sent, at the moments when the guard decided about them."""
    made = []
    for call in calls:
        decision = call.decision
        sent = next(m for m in call.caller.messages() if m.sent and m.start.startswith("INVITE "))
        moment = datetime.fromisoformat(decision["ts"]).timestamp()
        made.append((moment, ethernet(udp(sent.octets, call.caller.local))))
    parts = [pcap(folder / f"{i}.pcap", [frame], at=at).read_bytes() for i, (at, frame) in enumerate(sorted(made))]
    path = folder / "calls.pcap"
    head = len(pcap(path, [], link=ETHERNET).read_bytes())
    path.write_bytes(parts[0] + b"".join(part[head:] for part in parts[1:]))
    return path


def test_calls_get_the_same_verdict_in_line_and_simulated(interconnection: Interconnection, tmp_path: Path) -> None:
    calls = placed(interconnection)
    lines = tmp_path / "decisions"
    capture = captured(tmp_path, calls)
    command = [sys.executable, "-m", "sip_guard", "simulate", "--capture", str(capture), "--fetch", "--workers", "1"]
    command += ["--policy", str(interconnection.config), "--decisions", str(lines)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    simulated = {}
    for line in lines.read_text().splitlines():
        told = json.loads(line)
        simulated[told["call_id"]] = (told["new"]["action"], told["new"]["rule"], told["reason"], told["trunk"])
    in_line = {
        call.call_id: tuple(call.decision[name] for name in ("action", "rule", "reason", "trunk")) for call in calls
    }
    assert simulated == in_line
    assert len({rule for _, rule, *_ in in_line.values()}) >= 10
    assert f"{len(calls)} new calls of trunks" in ended.stdout


def test_a_call_of_the_real_record_is_explained(interconnection: Interconnection, tmp_path: Path) -> None:
    call = interconnection.place(interconnection.identity(caller=BANK), scenario="refused").end()
    record = tmp_path / "guard.log"
    record.write_text(f"{json.dumps(call.decision)}\n")
    command = [sys.executable, "-m", "sip_guard", "explain", call.call_id, "--record", str(record), "--json"]
    command += ["--config", str(interconnection.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1, ended.stderr
    explained = json.loads(ended.stdout)
    assert (explained["rule"], explained["reason"], explained["from"]) == ("mismatch", "orig-mismatch", ALICE)
    assert explained["problems"] == []
