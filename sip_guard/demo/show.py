"""The demonstration: places the calls and shows what becomes of each."""

import signal
import sys
import tempfile
from pathlib import Path
from threading import Event
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from sip_guard.demo.calls import CALLS, DemoCall
from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory
from sip_guard.demo.phones import seen

SCENARIO = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="a call through a record-routing proxy">
  <send retrans="500"><![CDATA[

    INVITE sip:+[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:+12025550142@[local_ip]>;tag=[call_number]
    To: <sip:+[service]@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:[local_ip]:[local_port]>
    Content-Length: 0

  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[

    ACK [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    [routes]
    From: <sip:+12025550142@[local_ip]>;tag=[call_number]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Content-Length: 0

  ]]></send>
  <pause milliseconds="500"/>
  <send retrans="500"><![CDATA[

    BYE [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    [routes]
    From: <sip:+12025550142@[local_ip]>;tag=[call_number]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"""
"""A call for SIPp that follows the Record-Route, as its built-in ones do not."""


class Outcome(NamedTuple):
    """What became of a call."""

    title: str
    right: bool
    """Whether it was treated as it should be."""
    code: int = 0
    """Of the answer; 0: there was none."""
    phrase: str = ""
    arrived: str = ""
    """What the PBX saw of it."""
    rule: str = ""
    why: str = ""


def demo(console: Console, *, stay: bool) -> list[Outcome]:
    """Show it; with `stay` everything keeps running until it is interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="sip_guard-demo-") as name, Laboratory(Path(name)) as laboratory:
        console.print(f"Configuration: {laboratory.config}", highlight=False, soft_wrap=True)
        with Guard(laboratory.config) as guard:
            console.print(
                f"Caller 127.0.0.1:{laboratory.carrier.port}  ->  guard 127.0.0.1:{guard.port}  ->  "
                f"PBX {laboratory.pbx.host}:{laboratory.pbx.port},   certificates at {laboratory.repository.url('')}\n",
                highlight=False,
                soft_wrap=True,
            )
            outcomes = _table_of_calls(console, laboratory, guard)
            console.print(_afterwards(guard), highlight=False, soft_wrap=True)
            if stay:
                _stay(console, laboratory, guard)
    wrong = sum(not outcome.right for outcome in outcomes)
    if wrong:
        console.print(f"[bold red]{wrong} of {len(CALLS)} calls were not treated as they should be.[/]")
    return outcomes


def _table_of_calls(console: Console, laboratory: Laboratory, guard: Guard) -> list[Outcome]:
    """Place the calls one after the other."""
    table = Table("call, and why", "answer, and rule", "at the PBX", show_lines=True)
    table.columns[2].no_wrap = True
    outcomes = []
    with Live(table, console=console, refresh_per_second=8):
        for call in CALLS:
            outcome = _place(call, laboratory, guard)
            outcomes.append(outcome)
            table.add_row(
                f"{outcome.title}\n[dim]{escape(outcome.why)}[/]",
                f"{_answer(outcome)}\n[dim]{outcome.rule}[/]",
                outcome.arrived,
            )
    return outcomes


def _answer(outcome: Outcome) -> str:
    if not outcome.code:
        return "[red]no answer[/]"
    colour = "green" if outcome.code < 300 else "yellow"
    in_log = "" if outcome.rule else "\n[red]not in the log[/]"
    return f"[{colour}]{outcome.code} {escape(outcome.phrase)}[/]{in_log}"


def _place(call: DemoCall, laboratory: Laboratory, guard: Guard) -> Outcome:
    caller = laboratory.wholesale if call.strict else laboratory.carrier
    try:
        call_id, final = caller.call(guard.port, call.presented, call.called, call.fields(laboratory))
    except TimeoutError:
        return Outcome(call.title, right=False)
    phrase = final.phrase.decode("utf-8", "replace")
    decision = guard.decision(call_id)
    if decision is None:
        return Outcome(call.title, right=False, code=final.code, phrase=phrase)
    invite = laboratory.pbx.calls.get(call_id)
    return Outcome(
        call.title,
        right=(final.code, decision["rule"]) == call.expected,
        code=final.code,
        phrase=phrase,
        arrived="nothing" if invite is None else seen(invite),
        rule=decision["rule"],
        why=decision["findings"][0]["detail"] if decision["findings"] else "",
    )


def _afterwards(guard: Guard) -> str:
    return f"""
Each call was a real SIP call over UDP through `sip-guard run`; its log has one JSON line for each
({len(guard.decisions())} now).

To put the guard in front of your own PBX:
  1. copy configs/quickstart.yaml and set three addresses: where the guard listens, where your carrier's
     calls come from, where your PBX is; put the roots of your STI authority into the folder `anchors`;
  2. sip-guard check FILE      says what it understood;
  3. sip-guard run --config FILE
  4. let the carrier send its calls to the guard, and let the PBX believe X-SIP-Guard from the guard only.
"""


def _stay(console: Console, laboratory: Laboratory, guard: Guard) -> None:
    scenario = laboratory.config.with_name("call.xml")
    scenario.write_text(SCENARIO)
    console.print(
        f"""Everything keeps running until Ctrl-C. Aim a softphone or SIPp on this machine at it:
  sipp -sf {scenario} -m 1 -s 12025550199 127.0.0.1:{guard.port}
(SIPp's built-in calls carry no Route, so what follows their INVITE is in no call that the guard knows.)
Decisions appear below.
""",
        highlight=False,
        soft_wrap=True,
    )
    seen = len(guard.decisions())
    pause = Event()
    try:
        while guard.running:
            pause.wait(0.2)
            for decision in guard.decisions()[seen:]:
                seen += 1
                console.print(
                    f"{decision['ts']}  from {decision['from'] or '-'} to {decision['target'] or '-'}: "
                    f"{decision['action']} by rule {decision['rule']} ({decision['reason']})",
                    highlight=False,
                )
    except KeyboardInterrupt:
        console.print("stopped")
