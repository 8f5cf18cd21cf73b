"""A telephone: a pjsua2 user agent with one line, as a process of its own. SIP and audio on loopback.

    python user_agent.py sip:+12025550142@carrier.example TONE [HOST [TLS]]

It is at HOST (127.0.0.1). SIP goes over UDP, or over TLS with the files TLS.pem, TLS.key and TLS.ca.

Into a call it plays a tone of TONE hertz; its sound card is a null device. It is told what to do by JSON lines on
standard input, {"do": ..., ...}, and ends with standard input:

    call uri fields           call `uri`; `fields` is an object of further header fields
    answer code               answer the call that comes in
    hold / resume             by a re-INVITE
    update                    an UPDATE that changes nothing
    info type body            an INFO
    listen packets            report `heard` as soon as so many more RTP packets came and they are not silence
    hang_up                   CANCEL, BYE or 603, as the state of the call asks for
    idle                      report `idle` as soon as there is no call; hang up if there is one

It says what happens by JSON lines on standard output, {"event": ..., ...}:

    ready port                it listens
    received message          each SIP message that came, once however often it is sent again
    incoming                  somebody calls
    state state code          the call is CALLING, INCOMING, EARLY, CONNECTING, CONFIRMED or DISCONNECTED
    media status              audio is `active`, held by `local hold` or by `remote hold`
    heard packets sent level  RTP packets since `listen`, those sent in all, and how loud it is (1 to 100)
    idle
    refused command reason    pjsip would not, or there is no call
    fault reason              this program is wrong

What pjsip logs goes to standard error. Of pjsip's values only what is kept in a variable lives: the parts of a value
die with the whole.
"""

import json
import os
import queue
import re
import signal
import sys
import threading
from typing import Any, Protocol

import pjsua2

LIFE = 300
"""Seconds after which the system ends the process, whatever it is at."""
STEP = 10
"""Milliseconds of pjsip's loop between two looks at what is asked."""
RATE = 8_000
"""Samples a second, those of G.711."""
RECEIVED = re.compile(r"\.RX \d+ bytes [^\n]*\n(.*)\n--end msg--", re.DOTALL)
"""What pjsip's log says of a message that came."""
STATUS = {
    pjsua2.PJSUA_CALL_MEDIA_NONE: "none",
    pjsua2.PJSUA_CALL_MEDIA_ACTIVE: "active",
    pjsua2.PJSUA_CALL_MEDIA_LOCAL_HOLD: "local hold",
    pjsua2.PJSUA_CALL_MEDIA_REMOTE_HOLD: "remote hold",
    pjsua2.PJSUA_CALL_MEDIA_ERROR: "error",
}


class Say(Protocol):
    """Reports an event."""

    def __call__(self, event: str, **more: object) -> None: ...


class Log(pjsua2.LogWriter):  # type: ignore[misc] # pjsua2 has no types
    """Reads what was received off pjsip's log, the one place that shows every message, and writes the log on."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say
        self._seen: set[str] = set()

    def write(self, entry: Any) -> None:
        sys.stderr.write(entry.msg)
        received = RECEIVED.search(entry.msg)
        if received and received[1] not in self._seen:
            self._seen.add(received[1])
            self._say("received", message=received[1])


class Line(pjsua2.Call):  # type: ignore[misc]
    """One call: says what happens to it."""

    def __init__(self, account: "Account", number: int = pjsua2.PJSUA_INVALID_ID) -> None:
        super().__init__(account, number)
        self._account = account

    def onCallState(self, _: Any) -> None:  # noqa: N802 - pjsua2's name, as those below
        call = self.getInfo()
        if call.state == pjsua2.PJSIP_INV_STATE_DISCONNECTED:
            self._account.line, self._account.past = None, self
        self._account.say("state", state=call.stateText, code=call.lastStatusCode)

    def onCallMediaState(self, _: Any) -> None:  # noqa: N802
        call = self.getInfo()
        status = STATUS[call.media[0].status]
        if status == "active":
            audio = self.getAudioMedia(0)
            self._account.tone.startTransmit(audio)
            audio.startTransmit(pjsua2.Endpoint.instance().audDevManager().getPlaybackDevMedia())
        self._account.say("media", status=status)


class Account(pjsua2.Account):  # type: ignore[misc]
    """Who the telephone is, and the call that it has: a second one finds the line busy."""

    def __init__(self, say: Say, tone: Any) -> None:
        super().__init__()
        self.say = say
        self.tone = tone
        self.line: Line | None = None
        self.past: Line | None = None
        """The call that ended, which must not die before pjsip has returned from telling so."""

    def onIncomingCall(self, invite: Any) -> None:  # noqa: N802
        line = Line(self, invite.callId)
        if self.line is not None:
            line.answer(_parameters(486))
            return
        self.line = line
        self.say("incoming")


class UserAgent:
    """The telephone's buttons."""

    def __init__(self, endpoint: Any, account: Account) -> None:
        self._endpoint = endpoint
        self._account = account
        self._listening: tuple[int, int] | None = None
        """Packets that had been received when it began to listen, and how many more it is waiting for."""
        self._asked_idle = False

    def call(self, uri: str, fields: dict[str, str]) -> None:
        self._account.line = Line(self._account)
        self._line.makeCall(uri, _parameters(fields=fields))

    def answer(self, code: int) -> None:
        self._line.answer(_parameters(code))

    def hold(self) -> None:
        self._line.setHold(_parameters())

    def resume(self) -> None:
        self._line.reinvite(_parameters(flag=pjsua2.PJSUA_CALL_UNHOLD))

    def update(self) -> None:
        self._line.update(_parameters())

    def info(self, type: str, body: str) -> None:  # noqa: A002 - the command's word
        request = pjsua2.CallSendRequestParam()
        request.method = "INFO"
        request.txOption.contentType = type
        request.txOption.msgBody = body
        self._line.sendRequest(request)

    def listen(self, packets: int) -> None:
        self._listening = self._packets()[0], packets

    def hang_up(self) -> None:
        self._line.hangup(pjsua2.CallOpParam())

    def idle(self) -> None:
        self._endpoint.hangupAllCalls()
        self._asked_idle = True

    def obey(self, command: dict[str, Any]) -> None:
        """Do one thing that was asked."""
        name = command.pop("do")
        try:
            getattr(self, name)(**command)
        except pjsua2.Error as error:
            self._account.say("refused", command=name, reason=error.info())
        except LookupError as error:
            self._account.say("refused", command=name, reason=str(error))

    def watch(self) -> None:
        """Report what was asked for and has come true."""
        self._account.past = None
        if self._account.line is None:
            self._listening = None
            if self._asked_idle:
                self._asked_idle = False
                self._account.say("idle")
        elif self._listening:
            before, wanted = self._listening
            received, sent = self._packets()
            # As the conference bridge sees it: what the stream of the call sends into it is what the other side said.
            level = self._line.getAudioMedia(0).getTxLevel()
            if received - before >= wanted and level > 0:
                self._listening = None
                self._account.say("heard", packets=received - before, sent=sent, level=level)

    def _packets(self) -> tuple[int, int]:
        """Give how many RTP packets came and went."""
        statistics = self._line.getStreamStat(0)
        return statistics.rtcp.rxStat.pkt, statistics.rtcp.txStat.pkt

    @property
    def _line(self) -> Line:
        if self._account.line is None:
            raise LookupError("there is no call")
        return self._account.line


def _parameters(code: int = 0, *, flag: int | None = None, fields: dict[str, str] | None = None) -> Any:
    """Say how a call, an answer or a re-INVITE is to be: one stream of audio."""
    parameters = pjsua2.CallOpParam(useDefaultCallSetting=True)
    parameters.statusCode = code
    parameters.opt.audioCount = 1
    parameters.opt.videoCount = 0
    if flag is not None:
        parameters.opt.flag = flag
    headers = pjsua2.SipHeaderVector()
    for name, value in (fields or {}).items():
        header = pjsua2.SipHeader()
        header.hName = name
        header.hValue = value
        headers.append(header)
    parameters.txOption.headers = headers
    return parameters


def _endpoint(say: Say) -> Any:
    """Start pjsip: all of SIP and of the log in this thread, and no sound card."""
    endpoint = pjsua2.Endpoint()
    endpoint.libCreate()
    config = pjsua2.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "sip_guard test user agent"
    config.medConfig.clockRate = config.medConfig.sndClockRate = RATE
    config.medConfig.ecTailLen = 0
    config.medConfig.noVad = True
    log = Log(say)
    config.logConfig.writer = log.__disown__()
    config.logConfig.level = config.logConfig.consoleLevel = 4
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId.startswith("PCMU/") else 0)
    return endpoint


def _listen(endpoint: Any, host: str, tls: str) -> tuple[int, int]:
    """Listen for SIP on a port that the system chooses; give pjsip's number of the transport, and the port."""
    config = pjsua2.TransportConfig()
    config.boundAddress = host
    config.port = 0
    kind = pjsua2.PJSIP_TRANSPORT_UDP
    if tls:
        kind = pjsua2.PJSIP_TRANSPORT_TLS
        config.tlsConfig.certFile = f"{tls}.pem"
        config.tlsConfig.privKeyFile = f"{tls}.key"
        config.tlsConfig.CaListFile = f"{tls}.ca"
        config.tlsConfig.verifyServer = True
    transport = endpoint.transportCreate(kind, config)
    return transport, int(endpoint.transportGetInfo(transport).localName.rsplit(":", 1)[1])


def _tone(hertz: int) -> Any:
    """Play a tone without end."""
    sound = pjsua2.ToneDesc()
    sound.freq1 = hertz
    sound.freq2 = 0
    sound.on_msec = 1_000
    sound.off_msec = 0
    sounds = pjsua2.ToneDescVector()
    sounds.append(sound)
    tone = pjsua2.ToneGenerator()
    tone.createToneGenerator(RATE, 1)
    tone.play(sounds, loop=True)
    return tone


def _account(identity: str, transport: int, host: str, tone: Any, say: Say) -> Account:
    config = pjsua2.AccountConfig()
    config.idUri = identity
    config.sipConfig.transportId = transport
    config.mediaConfig.transportConfig.boundAddress = host
    config.mediaConfig.transportConfig.port = 0
    config.callConfig.timerUse = pjsua2.PJSUA_SIP_TIMER_INACTIVE
    account = Account(say, tone)
    account.create(config)
    return account


def _commands() -> "queue.SimpleQueue[dict[str, Any] | None]":
    """Read standard input in a thread of its own; None is its end."""
    commands: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            commands.put(json.loads(line))
        commands.put(None)

    threading.Thread(target=read, daemon=True).start()
    return commands


def _say() -> Say:
    """Keep standard output for reports: what pjsip prints there goes to standard error."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(event: str, **more: object) -> None:
        out.write(json.dumps({"event": event, **more}) + "\n")
        out.flush()

    return say


def main(identity: str, hertz: str, host: str = "127.0.0.1", tls: str = "") -> None:
    """Be the telephone until standard input ends."""
    signal.alarm(LIFE)
    say = _say()
    sys.excepthook = lambda *fault: say("fault", reason=repr(fault[1]))
    endpoint = _endpoint(say)
    transport, port = _listen(endpoint, host, tls)
    endpoint.libStart()
    account = _account(identity, transport, host, _tone(int(hertz)), say)
    agent = UserAgent(endpoint, account)
    commands = _commands()
    say("ready", port=port)
    while True:
        endpoint.libHandleEvents(STEP)
        agent.watch()
        if not commands.empty():
            command = commands.get()
            if command is None:
                break
            agent.obey(command)
    account.line = None
    account.shutdown()
    account.tone = None
    endpoint.libDestroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
