"""The day of traffic is what its labels say, and the same each time it is made."""

import csv
import struct
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from day import Labelled, day, each
from generate import CALLS, START, WHERE
from kinds import LEGITIMATE, SPOOFED
from setting import SOURCES
from signers import Signers
from written import CAPTURE, LABELS, SIPP, Writer, scenario

from sip_guard import plans
from sip_guard.sip.message import Request, parse

SIGNERS = Signers.of(1, START, WHERE)


def made(calls: int, seed: int = 1) -> list[Labelled]:
    return list(day(calls, seed, START, SIGNERS))


def octets(calls: list[Labelled]) -> list[bytes]:
    return [each.invite.octets(SOURCES[each.kind.trunk], each.label) for each in calls]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a day of 1000 calls."""
    made_in = tmp_path_factory.mktemp("campaign")
    with Writer(made_in) as writer:
        assert writer.write(day(1000, 1, START, SIGNERS)) == 1000
    return made_in


def packets(capture: bytes) -> list[tuple[float, bytes]]:
    """Read a capture of bare IP packets: the time and the packet of each."""
    assert struct.unpack_from("<I16xI", capture) == (0xA1B2C3D4, 101)
    at, found = 24, []
    while at < len(capture):
        seconds, rest, kept, length = struct.unpack_from("<IIII", capture, at)
        assert kept == length
        found.append((seconds + rest / 1_000_000, capture[at + 16 : at + 16 + kept]))
        at += 16 + kept
    return found


def test_the_same_seed_gives_the_same_calls() -> None:
    again = Signers.of(1, START, WHERE)
    assert octets(made(300)) == octets(list(day(300, 1, START, again)))
    assert octets(made(300)) != octets(made(300, seed=2))


def test_one_call_in_a_thousand_is_spoofed_and_all_kinds_come() -> None:
    kinds = [labelled.kind for labelled in made(CALLS)]
    spoofed = [kind for kind in kinds if kind in SPOOFED]
    assert spoofed == list(SPOOFED)
    assert set(kinds) == {*SPOOFED, *LEGITIMATE}


def test_calls_come_in_their_order_within_a_day() -> None:
    times = [labelled.at for labelled in made(1000)]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + 86_400


def test_each_kind_once_is_a_short_day() -> None:
    assert [labelled.kind for labelled in each(1, START, SIGNERS)] == [*SPOOFED, *LEGITIMATE]


def test_every_call_is_an_invite_that_the_guard_reads() -> None:
    for labelled, raw in zip(each(1, START, SIGNERS), octets(list(each(1, START, SIGNERS))), strict=True):
        message = parse(raw)
        assert isinstance(message, Request)
        assert message.value(b"call-id").startswith(labelled.label.encode() + b"@")


def test_nobodys_number_is_one_that_the_plan_refuses() -> None:
    """What is stopped is so for what the call does, and not for the numbers that the campaign makes up."""
    for labelled in made(1000):
        number = labelled.invite.caller.partition("sip:+")[2].partition("@")[0]
        reading = plans.read(number) if number else None
        assert reading is None or (not reading.fault and reading.originates == "yes"), number


def test_the_capture_holds_each_call_as_it_is_labelled(folder: Path) -> None:
    captured = packets((folder / CAPTURE).read_bytes())
    with (folder / LABELS).open(encoding="utf-8") as file:
        labels = list(csv.DictReader(file))
    assert len(captured) == len(labels) == 1000
    for (at, packet), row in zip(captured, labels, strict=True):
        assert at == pytest.approx(float(row["time"]))
        assert packet[12:16] == bytes(map(int, SOURCES[row["trunk"]].split(".")))
        message = parse(packet[28:])
        assert isinstance(message, Request)
        assert message.value(b"call-id").decode() == row["call_id"]
    assert {row["kind"] for row in labels} >= {kind.name for kind in LEGITIMATE}


def test_sipp_gets_the_lines_of_the_same_calls(folder: Path) -> None:
    for labelled in islice(day(1000, 1, START, SIGNERS), 100):
        text = (folder / SIPP / f"{scenario(labelled)}.xml").read_text("utf-8")
        rows = (folder / SIPP / f"{scenario(labelled)}.csv").read_text("utf-8").splitlines()
        assert rows[0] == "SEQUENTIAL"
        (row,) = [row for row in rows if row.startswith(labelled.label + ";")]
        for place, value in reversed(list(enumerate(row.split(";")))):
            text = text.replace(f"[field{place}]", value)
        for line in labelled.invite.head():
            assert f"\n{line}" in text


def test_a_longer_day_takes_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for calls in (500, 5000):
        tracemalloc.start()
        with Writer(tmp_path) as writer:
            writer.write(day(calls, 1, START, SIGNERS))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
