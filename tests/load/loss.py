"""A tenth of all datagrams is lost, in each direction and on both sides of the guard."""

from network import losing
from processes import eventually
from report import Report
from world import World, target

RATE = 300
SHARE = 0.1
DURATION = 1.0
"""Seconds from the ACK to the BYE."""
LINGER = 32.0
"""Seconds for which a caller answers a BYE that comes again."""
TAIL = 100.0
"""Seconds after the last call has begun: its INVITE, its answer and its BYE may each take 32."""


def run(world: World, report: Report, *, short: bool) -> None:
    """Place calls at 300 a second. Each must be answered and ended."""
    calls = RATE * (3 if short else 20)
    limit = calls / RATE + TAIL
    callees = world.callees("callee_over_loss", duration=DURATION, seconds=limit + LINGER)
    guard = world.guard(target("pbx", callees.local))
    before = guard.cpu()
    with losing(SHARE):
        callers = world.callers(
            guard, "caller_over_loss", rate=RATE, calls=calls, duration=LINGER, seconds=limit + LINGER
        )
        eventually(lambda: callees.counts.over == calls or not callers.running, limit)
        caller, callee = callers.counts, callees.counts
    times = callers.answer_times()
    report.row("calls", caller.begun)
    report.row("ended as they should", callee.ended)
    report.row("failed at the caller, at the callee", f"{caller.failed}, {callee.failed}")
    report.row("shed", caller.shed)
    report.row("messages that SIPp sent again", caller.repeated + callee.repeated)
    report.times("answered within", times)
    report.row("guard's CPU per call, ms", (guard.cpu() - before) / calls * 1000)
    report.expect(callee.ended == calls, f"{calls - callee.ended} calls did not end as they should")
    report.expect(caller.failed == 0, f"{caller.failed} calls failed at the caller\n{callers.errors}")
    report.expect(callee.failed == 0, f"{callee.failed} calls failed at the callee\n{callees.errors}")
