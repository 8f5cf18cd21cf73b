"""The user agent of a probe, a process of its own: a ProbeCall on standard input, Seen on standard output.

pjsip runs in this one thread. Of its values only what is kept in a variable lives: the parts die with the whole.
"""

import os
import signal
import sys
import time
from typing import Any, Final

import msgspec
import pjsua2

from sip_guard.desk.probe.call import ProbeCall, Seen

STEP: Final = 10
"""Milliseconds of pjsip's loop between two looks at the clock."""
FAREWELL: Final = 1.0
"""Seconds that BYE or CANCEL have to be answered."""
SPARE: Final = 5
"""Seconds beside those of the call after which the system ends the process, whatever it is at."""


class Probe:
    """The call, and what is seen of it."""

    def __init__(self, wanted: ProbeCall) -> None:
        self.wanted = wanted
        self.answers: list[str] = []
        self.arrived = ""
        self.lines: list[Line] = []
        """Both ends, where both are here. They live as long as this does: pjsip tells them how they end."""
        self.ringing: float | None = None

    def place(self, endpoint: Any) -> Seen:
        """Call, hang up as soon as there is something to tell, and wait for the end."""
        account = Account(self, endpoint, self.wanted.caller, self.wanted.local, tcp=self.wanted.tcp)
        callee = None
        if self.wanted.callee is not None:
            # pjsip gives a call to the account that it names.
            callee = Account(self, endpoint, self.wanted.uri, self.wanted.callee, tcp=self.wanted.tcp)
            callee.setDefault()
        endpoint.libStart()
        caller = Line(self, account)
        self.lines.append(caller)
        caller.makeCall(self.wanted.uri, _parameters(fields=self.wanted.fields))
        begun = time.monotonic()
        while not (caller.over or caller.answered or self._too_long(begun)):
            endpoint.libHandleEvents(STEP)
            for line in self.lines[1:]:
                line.take()
        endpoint.hangupAllCalls()
        end = time.monotonic() + (FAREWELL if self.answers else 0.0)
        while not all(line.over for line in self.lines) and time.monotonic() < end:
            endpoint.libHandleEvents(STEP)
        self.lines.clear()
        for each in (account, callee):
            if each is not None:
                each.shutdown()
        return Seen(answers=tuple(self.answers), arrived=self.arrived)

    def _too_long(self, begun: float) -> bool:
        now = time.monotonic()
        if self.ringing is not None:
            return now - self.ringing > self.wanted.ring
        return now - begun > self.wanted.patience


class Line(pjsua2.Call):  # type: ignore[misc] # pjsua2 has no types
    """One end of the call."""

    def __init__(self, probe: Probe, account: Any, number: int = pjsua2.PJSUA_INVALID_ID) -> None:
        super().__init__(account, number)
        self._probe = probe
        self._untaken = number != pjsua2.PJSUA_INVALID_ID
        self.answered = False
        self.over = False

    def take(self) -> None:
        """Answer a call that came in."""
        if self._untaken:
            self._untaken = False
            self.answer(_parameters(200))

    def onCallState(self, told: Any) -> None:  # noqa: N802 - pjsua2's name, as those below
        """Take note of how far the call is. What ends it is told here alone."""
        self._keep(told)
        state = self.getInfo().state
        self.answered = state == pjsua2.PJSIP_INV_STATE_CONFIRMED
        self.over = state == pjsua2.PJSIP_INV_STATE_DISCONNECTED
        if state == pjsua2.PJSIP_INV_STATE_EARLY and self._probe.ringing is None:
            self._probe.ringing = time.monotonic()

    def onCallTsxState(self, told: Any) -> None:  # noqa: N802
        """Take note of an answer that changes nothing, such as 100."""
        self._keep(told)

    def _keep(self, told: Any) -> None:
        """Keep the answer that is told of, if it is one, and not kept yet."""
        event = told.e
        body = event.body
        state = body.tsxState
        if event.type != pjsua2.PJSIP_EVENT_TSX_STATE or state.type != pjsua2.PJSIP_EVENT_RX_MSG:
            return
        source = state.src
        received = source.rdata
        text = received.wholeMsg
        if text.startswith("SIP/2.0 ") and text not in self._probe.answers:
            self._probe.answers.append(text)


class Account(pjsua2.Account):  # type: ignore[misc]
    """Who is at one end."""

    def __init__(self, probe: Probe, endpoint: Any, identity: str, address: tuple[str, int], *, tcp: bool) -> None:
        super().__init__()
        self._probe = probe
        transport = pjsua2.TransportConfig()
        transport.boundAddress, transport.port = address
        kind = pjsua2.PJSIP_TRANSPORT_TCP if tcp else pjsua2.PJSIP_TRANSPORT_UDP
        config = pjsua2.AccountConfig()
        config.idUri = identity
        config.sipConfig.transportId = endpoint.transportCreate(kind, transport)
        config.mediaConfig.transportConfig.boundAddress = address[0]
        config.mediaConfig.transportConfig.port = 0
        config.callConfig.timerUse = pjsua2.PJSUA_SIP_TIMER_INACTIVE
        self.create(config)

    def onIncomingCall(self, invite: Any) -> None:  # noqa: N802
        """Keep the INVITE, and have the call answered; any other finds the line busy."""
        line = Line(self._probe, self, invite.callId)
        if self._probe.wanted.callee is None or self._probe.arrived:
            line.answer(_parameters(486))
        else:
            received = invite.rdata
            self._probe.arrived = received.wholeMsg
        self._probe.lines.append(line)


def _parameters(code: int = 0, fields: tuple[tuple[str, str], ...] = ()) -> Any:
    """Say how a call or an answer is to be: one stream of audio."""
    parameters = pjsua2.CallOpParam(useDefaultCallSetting=True)
    parameters.statusCode = code
    parameters.opt.audioCount = 1
    parameters.opt.videoCount = 0
    headers = pjsua2.SipHeaderVector()
    for name, value in fields:
        header = pjsua2.SipHeader()
        header.hName, header.hValue = name, value
        headers.append(header)
    parameters.txOption.headers = headers
    return parameters


def _endpoint() -> Any:
    """Start pjsip without sound card."""
    endpoint = pjsua2.Endpoint()
    endpoint.libCreate()
    config = pjsua2.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "sip-guard probe"
    config.logConfig.level = config.logConfig.consoleLevel = 1
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    return endpoint


def main() -> None:
    """Place the call."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what pjsip prints is none of ours
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=ProbeCall)
    signal.alarm(int(wanted.ring + wanted.patience + FAREWELL) + SPARE)
    endpoint = _endpoint()
    try:
        seen = Probe(wanted).place(endpoint)
    except pjsua2.Error as error:
        seen = Seen(fault=error.reason)
    out.write(msgspec.json.encode(seen))
    out.flush()
    # pjsip would stay until all that nobody answers has run out of time.
    os._exit(0)


if __name__ == "__main__":
    main()
