"""What cannot be seen in one call may be seen in many: a spoofed number that calls a range from end to end."""

from pathlib import Path

import setting
from day import Labelled
from generate import START, WHERE
from invite import Invite
from kinds import SPOOFED
from outcome import Came, Desk
from signers import Signers

UNSEEN = next(kind for kind in SPOOFED if kind.name.startswith("number of somebody"))


def test_a_range_that_is_dialled_is_tagged_from_the_tenth_call_on(tmp_path: Path) -> None:
    desk = Desk(setting.write(tmp_path, Signers.of(1, START, WHERE)))
    came = []
    for number in range(12):
        invite = Invite(f"+44161000{number:04d}", "<sip:+442007000000@carrier.example>")
        came.append(desk.screen(Labelled(f"c{number:07d}", START + 2 * number, UNSEEN, invite)))
    assert came == [Came("tagged", "unsigned")] * 9 + [Came("tagged", "campaign")] * 3
