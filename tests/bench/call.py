"""What a whole call costs the guard without its sockets: a signed INVITE and its answers, ACK and BYE, by message.

The certificate is in the cache, the checks are those of a configuration that names trust anchors and nothing else, and
decisions are logged to a file and queued for the record, which a thread would write.

With `--in-progress`, `--rules`, `--signers` or `--protected`, a guard that has as many of them runs in turn with one
that has none, and the ratio says by how much a call costs more.
"""

import argparse
import cProfile
import pstats
import random
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile
from typing import NamedTuple

from messages import ALICE, BOB, octets
from protected import compiled, rows
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sip_guard.checking import checks_of
from sip_guard.config import load
from sip_guard.demo.pki import Issued, Window, sti_intermediate, sti_root, sti_signer
from sip_guard.journal.journal import Journal
from sip_guard.journal.options import Options as Record
from sip_guard.lists.keeper import Keeper
from sip_guard.log import logger
from sip_guard.memory import settle
from sip_guard.peer import Peers
from sip_guard.policy.rules import Rules
from sip_guard.proxy.core import Proxy
from sip_guard.record import Masking
from sip_guard.repository.answer import NO_VALIDATORS, Answer
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.options import Options
from sip_guard.runtime import Edition, Runtime
from sip_guard.screen import Screening
from sip_guard.sip.flow import Address, End, Flow
from sip_guard.stir.sign import sign
from sip_guard.stir.trust import Trusts

GUARD: Address = ("127.0.0.1", 5060)
CARRIER: Address = ("127.0.0.2", 5060)
PBX: Address = ("127.0.0.3", 5060)
CONFIG = """
listen: [{udp: 127.0.0.1:5060}]
trunks: [{name: carrier, sources: [127.0.0.2]}]
targets: [{name: pbx, address: 127.0.0.3:5060}]
verification: {anchors: [anchors]}
"""
URL = "https://certificates.carrier.example/shaken/{}.pem"
RARE = "{finding: certificate-expired, trunk: carrier}"
LISTS = "lists: [{name: protected, file: protected.csv}]\n"
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 49170 RTP/AVP 8 0 101\r\n"
    b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
LAST = 200
"""Calls of which the transactions are not over yet, as at some calls a second."""


class Size(NamedTuple):
    """How much a guard has."""

    in_progress: int = 0
    """Calls that go on."""
    rules: int = 0
    """Rules that no call here can be about."""
    signers: int = 1
    """Whose calls come in turn."""
    protected: int = 0
    """Numbers on a list, none of which calls here."""
    callers: int = 1
    """Numbers that call in turn, 10,000 at most."""


class Guard:
    """The guard between a carrier and a PBX that are only octets."""

    def __init__(self, folder: Path, size: Size, *, signed: bool) -> None:
        window = Window.around(time.time())
        root = sti_root(window)
        intermediate = sti_intermediate(root, window)
        self._signers = [sti_signer(intermediate, window, str(1000 + number)) for number in range(size.signers)]
        self._callers = [f"{ALICE[:-4]}{number:04}" for number in range(size.callers)]
        self._signed = signed
        folder.mkdir()
        (folder / "anchors").mkdir()
        (folder / "anchors" / "root.pem").write_bytes(root.pem)
        path = folder / "guard.yaml"
        more = "".join(f"\n    - {{id: rule-{number}, when: {RARE}, then: tag}}" for number in range(size.rules))
        if size.protected:
            with (folder / "protected.csv").open("w") as file:
                file.writelines(rows(size.protected))
        path.write_text(CONFIG + (f"policy:\n  rules:{more}\n" if more else "") + (LISTS if size.protected else ""))
        config = load(path)
        clock = self._clock = Clock()
        trusts = Trusts(group.trust() for group in config.trust)
        certificates = Certificates(
            lambda url, _known: succeed(Answer(self._signer_at(url).bundle, NO_VALIDATORS, None)),
            Options(),
            trusts.judge,
            clock,
            random.random,
            generation=lambda: trusts.generation,
            mistake=_raise,
        )
        end = End("UDP", GUARD)
        proxy = Proxy(Peers(config.trunks, config.targets), [end], bytes(32), random.randbytes, routes=config.routes)
        for source in config.lists:
            compiled(source, folder)
        lists = Keeper(config.lists, folder, lambda _: Deferred(), clock, _told_of_list) if config.lists else None
        screening = Screening(
            tuple(checks_of(config, clock, trusts, lambda: certificates.get, lists)),
            Rules(config.rules, bytes(32)),
            clock,
            emergency=config.emergency,
            tags=config.tags,
            time_limit=config.time_limit,
            mistake=_raise,
        )
        self._log = TemporaryFile()  # noqa: SIM115 - gone with the process
        log = logger(self._log, clock=clock)
        self._proxy = proxy
        self._runtime = Runtime(
            proxy,
            Edition(screening, Masking(config.log.numbers, bytes(32))),
            clock,
            log,
            wall=time.time,
            kept=Journal(Record(folder / "decisions.sqlite3"), clock, log, _raise),
        )
        self._runtime.connect({end: self._carry})
        self._sent: list[bytes] = []
        self._carrier = Flow("UDP", GUARD, CARRIER)
        self._pbx = Flow("UDP", GUARD, PBX)
        self.taken: dict[str, list[int]] = {}
        for number in range(size.in_progress):
            self.call(number, hang_up=False)

    def _signer_at(self, url: str) -> Issued:
        return self._signers[int(url.rpartition("/")[2].removesuffix(".pem"))]

    def _carry(self, data: bytes, _flow: Flow, _back: Address | None) -> None:
        self._sent.append(data)

    def _take(self, what: str, data: bytes, flow: Flow) -> bytes:
        """Let the guard take a datagram; give what it sends last."""
        self._sent.clear()
        began = time.perf_counter_ns()
        self._runtime.received(data, flow)
        self.taken.setdefault(what, []).append(time.perf_counter_ns() - began)
        return self._sent[-1] if self._sent else b""

    def call(self, number: int, *, hang_up: bool = True) -> None:
        """Let one call pass, and the time that it takes at some calls a second."""
        caller = self._callers[number % len(self._callers)]
        of = {"From": f'"Alice" <sip:{caller}@carrier.example>;tag=a{number}', "Call-ID": f"{number}@carrier.example"}
        invite = self._from_carrier("INVITE", 1, of, f"<sip:{BOB}@guard.example>")
        out = self._take("INVITE", invite, self._carrier)
        self._take("100", _answer(out, "100 Trying", ""), self._pbx)
        self._take("180", _answer(out, "180 Ringing", ";tag=b"), self._pbx)
        assert out.startswith(b"INVITE"), (number, out, (self._log.seek(0), self._log.read()[-1500:]))
        ok = self._take("200 to INVITE", _answer(out, "200 OK", ";tag=b", SDP), self._pbx)
        route = next(line[14:] for line in ok.decode().split("\r\n") if line.startswith("Record-Route: "))
        callee = f"<sip:{BOB}@guard.example>;tag=b"
        self._take("ACK", self._from_carrier("ACK", 1, of, callee, route), self._carrier)
        if not hang_up:
            return
        bye = self._take("BYE", self._from_carrier("BYE", 2, of, callee, route), self._carrier)
        last = self._take("200 to BYE", _answer(bye, "200 OK", ""), self._pbx)
        assert last.startswith(b"SIP/2.0 200"), last
        began = time.perf_counter_ns()
        self._clock.advance(32 / LAST)
        # The heartbeat does this, far more often than there are calls here.
        self._proxy.tick(self._clock.seconds())
        self.taken.setdefault("timers", []).append(time.perf_counter_ns() - began)

    def _from_carrier(self, method: str, cseq: int, of: dict[str, str], to: str, route: str = "") -> bytes:
        fields = {
            "Via": f"SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK-{method if route else ''}{of['Call-ID'][:9]}",
            **({"Route": route} if route else {}),
            "From": of["From"],
            "To": to,
            "Call-ID": of["Call-ID"],
            "CSeq": f"{cseq} {method}",
            "Contact": f"<sip:{ALICE}@127.0.0.2:5060>",
            "Max-Forwards": "70",
        }
        uri = f"sip:{BOB}@127.0.0.3:5060" if route else f"sip:{BOB}@127.0.0.1:5060"
        if method != "INVITE":
            return octets(f"{method} {uri} SIP/2.0", fields | {"Content-Length": "0"})
        fields |= {"User-Agent": "Carrier SBC 9.1", "Allow": "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK"}
        fields |= {"Supported": "100rel, timer, replaces", "Session-Expires": "1800;refresher=uac"}
        number = int(of["Call-ID"].split("@")[0])
        if self._signed:
            fields["Identity"] = sign(
                attest="A",
                dest_tn=[BOB[1:]],
                iat=int(time.time()),
                orig_tn=self._callers[number % len(self._callers)][1:],
                origid=f"{number:08x}-e89b-12d3-a456-426655440000",
                key=self._signers[number % len(self._signers)].signing_key,
                x5u=URL.format(number % len(self._signers)),
            ).decode()
        fields |= {"Content-Type": "application/sdp", "Content-Length": str(len(SDP))}
        return octets(f"INVITE {uri} SIP/2.0", fields, body=SDP)


def _answer(request: bytes, status: str, tag: str, body: bytes = b"") -> bytes:
    """Answer a request as the PBX does: what stands in both is copied."""
    head = request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
    kept = ("Via:", "Record-Route:", "From:", "To:", "Call-ID:", "CSeq:")
    lines = [line + tag if line.startswith("To:") else line for line in head if line.startswith(kept)]
    more = ["Contact: <sip:127.0.0.3:5060>", "User-Agent: PBX", f"Content-Length: {len(body)}"]
    return "\r\n".join([f"SIP/2.0 {status}", *lines, *more, "", ""]).encode() + body


def warm(folder: Path, sizes: Sequence[Size], *, signed: bool) -> tuple[list[Guard], int]:
    """Make guards of these sizes that have had calls already; give them, and the number of the next call."""
    guards = [Guard(folder / str(at), size, signed=signed) for at, size in enumerate(sizes)]
    begin = max(size.in_progress for size in sizes)
    end = begin + max(LAST, *(2 * size.signers for size in sizes))
    for guard in guards:
        for number in range(begin, end):
            guard.call(number)
        guard.taken.clear()
    settle()
    return guards, end


def in_turn(guards: Sequence[Guard], numbers: Iterable[int]) -> None:
    """Let each have each call, and none always be the first."""
    for number in numbers:
        for guard in guards if number % 2 else guards[::-1]:
            guard.call(number)


def main() -> None:
    """Print a line for each message, and their sum."""
    parser = argparse.ArgumentParser(prog="scripts/bench call", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=2000, metavar="CALLS")
    parser.add_argument("--unsigned", action="store_true", help="calls without a token")
    parser.add_argument("--in-progress", type=int, default=0, metavar="N", help="beside so many calls that go on")
    parser.add_argument("--rules", type=int, default=0, metavar="N", help="with so many rules that cannot apply")
    parser.add_argument("--signers", type=int, default=1, metavar="N", help="of so many signers in turn")
    parser.add_argument("--protected", type=int, default=0, metavar="N", help="with so many protected numbers")
    parser.add_argument("--profile", action="store_true", help="print what cProfile says of it, too")
    given = parser.parse_args()
    size = Size(given.in_progress, given.rules, given.signers, given.protected)
    with TemporaryDirectory() as folder:
        sizes = [Size()] if size == Size() else [Size(), size]
        guards, number = warm(Path(folder), sizes, signed=not given.unsigned)
        if given.profile:
            _profiled(guards[-1], number, given.count)
            return
        in_turn(guards, range(number, number + given.count))
    totals = [_told(guard) for guard in guards]
    if len(totals) > 1:
        sys.stdout.write(f"{'ratio':14} {totals[1] / totals[0]:7.3f}\n")


def _told(guard: Guard) -> float:
    """Print a line for each message; give the microseconds of a call."""
    least = total = 0.0
    for what, taken in guard.taken.items():
        taken.sort()
        low, middle = taken[len(taken) // 50] / 1000, median(taken) / 1000
        least, total = least + low, total + middle
        sys.stdout.write(f"{what:14} {middle:7.1f} us  (one in fifty: {low:.1f})\n")
    sys.stdout.write(f"{'a call':14} {total:7.1f} us  ({least:.1f})\n")
    return total


def _profiled(guard: Guard, begin: int, count: int) -> None:
    profile = cProfile.Profile()
    take = guard._runtime.received
    guard._runtime.received = lambda *each: profile.runcall(take, *each)  # type: ignore[method-assign]
    for number in range(begin, begin + count):
        guard.call(number)
    pstats.Stats(profile).sort_stats("cumtime").print_stats("sip_guard", 110)


def _told_of_list(name: str, report: object) -> None:
    raise AssertionError(name, report)


def _raise(_where: str, error: BaseException | None) -> None:
    raise error or AssertionError


if __name__ == "__main__":
    main()
