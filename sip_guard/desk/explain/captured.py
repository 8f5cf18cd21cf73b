"""A call out of a capture, with all that a guard would remember of the calls before it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sip_guard.call import Call, Finding
from sip_guard.desk.bad_input import BadInput, about
from sip_guard.desk.capture.messages import Captured, Messages
from sip_guard.desk.fetch import Fetching
from sip_guard.desk.guard import DeskGuard
from sip_guard.desk.simulate.arrivals import Arrivals, Counts
from sip_guard.sip.flow import written

NAMED: Final = 5
"""Frames that are named where another one was asked for."""


def captured_call(
    path: Path, number: int | None, guard: DeskGuard, fetching: Fetching | None
) -> tuple[Call, list[Finding]]:
    """Give the call that a frame begins, and what checks with a history find about it. Raises BadInput."""
    with about(path):
        messages = Messages(path)
    there: list[Captured] = []

    def watched() -> Iterator[Captured]:
        for message in messages:
            if message.frame == number:
                there.append(message)
            yield message

    others: list[int] = []
    try:
        for _, captured, request, (call,) in Arrivals((guard,), Counts()).of(watched()):
            if call is None:
                continue
            remembered = guard.remember(call)
            if captured.frame == number:
                if fetching is not None:
                    fetching.certify(request.values(b"identity"))
                return call, remembered
            if len(others) < NAMED:
                others.append(captured.frame)
    finally:
        messages.frames.close()
    if others:
        advice = f"new calls of trunks are in {', '.join(f'#{frame}' for frame in others)} ..."
    else:
        advice = "there is no new call of a trunk in it; --trunk NAME takes every call for one of that trunk"
    raise BadInput(f"{_wrong(number, messages, there, guard)}; {advice}")


def _wrong(number: int | None, messages: Messages, there: list[Captured], guard: DeskGuard) -> str:
    """Say what is in a frame, if it is no call that is screened."""
    if number is None:
        return "which call? Say FILE#FRAME"
    if not 0 < number <= messages.read:
        return f"there is no frame {number}: it has {messages.read} frames"
    if not there:
        return f"frame {number} completes no SIP message over UDP or TCP"
    first = there[0].octets.partition(b"\r\n")[0][:80].decode("utf-8", "replace")
    if not any(message.octets.startswith(b"INVITE ") for message in there):
        return f"frame {number} holds `{first}`, which begins no call"
    flow = there[0].flow
    if guard.trunk(flow) is None:
        side = "our side" if guard.ours(flow) else "nobody's address"
        return f"the INVITE in frame {number} comes from {written(flow.remote)}, which is {side} in the configuration"
    return f"the INVITE in frame {number} was sent again, is within a call, or cannot be read"
