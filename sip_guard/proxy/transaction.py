"""One request and its answers, and what is sent again until when (RFC 3261 17, with RFC 6026 for 2xx)."""

from enum import Enum, auto

from sip_guard.peer import Target, Trunk
from sip_guard.proxy.hops import Hop
from sip_guard.proxy.key import Key
from sip_guard.proxy.route import Seal
from sip_guard.proxy.timers import LATE, T1, T2, T4, TIMER_C, TRANSACTION, Entry
from sip_guard.sip.flow import Address, Flow
from sip_guard.sip.message import Request, Response
from sip_guard.sip.rewrite import Draft, answer
from sip_guard.value import Value

LARGE = 8192
"""Octets of a request above which it counts as more than one."""


class State(Enum):
    """The states of RFC 3261 figures 5 to 8 and RFC 6026 figures 1 and 2."""

    SCREENING = auto()
    """An INVITE that waits for its verdict: Proceeding, and nothing was sent on."""
    TRYING = auto()
    """Nothing but 100 was answered; called Calling for an INVITE client."""
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Final(Value):
    """A final answer that was not passed on yet, and where it came from."""

    response: Response
    client: "ClientTransaction"


class ServerTransaction:
    """A request that came, and what was answered to it."""

    __slots__ = (
        "_seal",
        "asking",
        "back",
        "cancelled",
        "clients",
        "digest",
        "draft",
        "entry",
        "expire_at",
        "failure",
        "finals",
        "flow",
        "hidden",
        "hops",
        "interval",
        "invite",
        "key",
        "last",
        "mark",
        "open",
        "peer",
        "reasons",
        "redirected",
        "request",
        "resend_at",
        "size",
        "state",
        "telling",
        "tried",
        "via",
    )

    def __init__(
        self,
        key: Key,
        request: Request,
        draft: Draft,
        peer: Trunk | Target,
        flow: Flow,
        *,
        back: Address,
        via: bytes,
        seal: Seal,
    ) -> None:
        self.key = key
        self.request = request
        self.draft = draft
        """What is sent on of it."""
        self.peer = peer
        self.flow = flow
        """Along which answers go back."""
        self.back = back
        """Where they go if the connection of `flow` is closed."""
        self.via = via
        """The first Via line as answers carry it."""
        self._seal = seal
        self.invite = request.method == b"INVITE"
        self.size = 1 + request.size // LARGE
        """What it counts where requests in progress are bounded."""
        self.state = State.TRYING
        self.open = True
        """No final answer was given."""
        self.last = b""
        self.interval = T1
        self.resend_at: float | None = None
        self.expire_at: float | None = None
        self.entry: Entry | None = None
        self.clients: list[ClientTransaction] = []
        self.cancelled = False
        """Whether whoever sent it has given up."""
        self.asking = b""
        """What its answers ask of a sender that offers to send less (RFC 7339)."""
        self.digest = b""
        """What a loop is told by (RFC 5393)."""
        self.redirected: list[bytes] = []
        """Request-URIs that answers led to."""
        self.hidden = b""
        """Who calls, encrypted, if the callee may not learn it; empty: it may."""
        self.mark = b""
        """What our Record-Route carries of it."""
        self.hops: list[Hop] = []
        """Where it may still go."""
        self.tried: list[Hop] = []
        self.finals: list[Final] = []
        """What was answered, and is not passed on while there is hope for better."""
        self.failure = 500
        """What it is answered if nobody answers it."""
        self.reasons: tuple[bytes, ...] = ()
        """Values of Reason that its sender is told (RFC 9410)."""
        self.telling: tuple[int, bytes, bytes] | None = None
        """The answer that tells them."""

    @property
    def tag(self) -> bytes:
        """To tag of the answers that the guard gives itself."""
        return self._seal.tag(self.request)

    def begin(self, now: float) -> bytes:
        """Take the request. Gives the 100 that is sent at once, as it is for an INVITE; or nothing.

        For any other request it is sent only when no answer has come for long (RFC 4320 4.1).
        """
        if self.invite:
            self._trying()
        else:
            self.resend_at = now + LATE
        return self.last

    def _trying(self) -> None:
        self.state = State.PROCEEDING
        self.last = answer(self.request, 100, tag=b"", top_via=self.via)

    def screen(self, now: float) -> None:
        """Wait for a verdict."""
        self.state = State.SCREENING
        self.expire_at = now + TRANSACTION

    def proceed(self) -> None:
        """There is a verdict."""
        self.state = State.PROCEEDING
        self.expire_at = None

    def again(self) -> bytes:
        """Give what is answered to the request sent again; empty for nothing."""
        return self.last if self.state in (State.SCREENING, State.PROCEEDING, State.COMPLETED) else b""

    def answer(self, code: int, octets: bytes, now: float) -> bool:
        """Take an answer. False if it comes too late to be sent (RFC 3261 17.2, RFC 6026 7.1)."""
        if not self.open:
            return self.invite and 200 <= code < 300 and self.state is State.ACCEPTED
        if code < 200:
            self.last = octets
            return True
        self.open = False
        if self.invite and code < 300:
            self.state = State.ACCEPTED
            self.last = b""
            self.expire_at = now + TRANSACTION
            return True
        self.state = State.COMPLETED
        self.last = octets
        self.expire_at = now + (TRANSACTION if self.invite or not self.flow.reliable else 0.0)
        self.resend_at = now + T1 if self.invite and not self.flow.reliable else None
        return True

    def tells(self, code: int, tag: bytes, rseq: bytes = b"") -> tuple[bytes, ...]:
        """Give what an answer tells in Reason: the first one that is not 100, and that very one when it comes again.

        The callee sends a 2xx again until it is acknowledged, and so a provisional answer with an RSeq (RFC 3262).
        """
        self.telling = self.telling or (code, tag, rseq)
        return self.reasons if self.telling == (code, tag, rseq) else ()

    def acknowledge(self, now: float) -> bool:
        """Take an ACK. True if it ends here, False if it is for the callee (RFC 6026 7.1)."""
        if self.state is State.COMPLETED:
            self.state = State.CONFIRMED
            self.resend_at = None
            self.expire_at = now + (0.0 if self.flow.reliable else T4)
        return self.state is not State.ACCEPTED

    def resend(self, now: float) -> bytes:
        """Timer G: give the final answer again. Or the first 100, to a request other than INVITE."""
        if self.invite:
            self.interval = min(2 * self.interval, T2)
            self.resend_at = now + self.interval
        else:
            self._trying()
            self.resend_at = None
        return self.last

    def stay_silent(self, now: float) -> None:
        """Never answer a request other than INVITE: a 408 would come too late to be of use (RFC 4320 4.2)."""
        self.state = State.COMPLETED
        self.open = False
        self.last = b""
        self.resend_at = None
        self.expire_at = now + TRANSACTION

    def end(self) -> None:
        """Take it that it is over."""
        self.state = State.TERMINATED
        self.open = False
        self.resend_at = self.expire_at = None


class ClientTransaction:
    """A request that was sent on, and how far it was answered."""

    __slots__ = (
        "abandoned",
        "began",
        "cancel_sent",
        "cancelled",
        "draft",
        "entry",
        "expire_at",
        "flow",
        "hop",
        "interval",
        "invite",
        "key",
        "open",
        "resend_at",
        "sent",
        "server",
        "state",
    )

    def __init__(
        self,
        key: Key,
        draft: Draft,
        sent: bytes,
        flow: Flow,
        now: float,
        *,
        hop: Hop,
        server: ServerTransaction | None = None,
        patience: float = TRANSACTION,
    ) -> None:
        """`patience`: seconds until it is looked at whether there is any answer."""
        self.key = key
        self.draft = draft
        """The request as it was sent; of a CANCEL, the INVITE's."""
        self.sent = sent
        self.flow = flow
        self.hop = hop
        self.server = server
        """Whose answers these are; None for a CANCEL or an OPTIONS of our own."""
        self.invite = key[1] == b"INVITE"
        self.state = State.TRYING
        self.open = True
        """No final answer was received."""
        self.cancelled = False
        """A CANCEL was sent, or will be as soon as there is a provisional answer."""
        self.cancel_sent = False
        self.abandoned = False
        """It had no answer in time, and another target is tried."""
        self.began = now
        self.interval = T1
        self.resend_at: float | None = None if flow.reliable else now + T1
        self.expire_at: float | None = now + min(patience, TRANSACTION)
        self.entry: Entry | None = None

    def response(self, code: int, now: float) -> bool:
        """Take a response. True if it is passed on."""
        if not self.open:
            return self.invite and 200 <= code < 300 and self.state is State.ACCEPTED
        if code < 200:
            first = self.state is State.TRYING
            self.state = State.PROCEEDING
            if self.invite:
                self.resend_at = None
                if (first or code > 100) and not self.cancelled:
                    self.expire_at = now + TIMER_C
            # RFC 4320 4.1: a proxy passes no provisional answer to a request other than INVITE.
            return self.invite and code > 100
        self.open = False
        self.resend_at = None
        if self.invite and code < 300:
            self.state = State.ACCEPTED
            self.expire_at = now + TRANSACTION
        else:
            self.state = State.COMPLETED
            self.expire_at = now + (0.0 if self.flow.reliable else TRANSACTION if self.invite else T4)
        return True

    def abandon(self) -> None:
        """Send it no more, and cancel it if there is an answer after all."""
        self.abandoned = self.cancelled = True
        self.resend_at = None
        self.expire_at = self.began + TRANSACTION

    def cancel(self, now: float) -> bool:
        """Want it cancelled. True if the CANCEL is due: there was a provisional answer (RFC 3261 9.1)."""
        self.cancelled = True
        if self.state is not State.PROCEEDING or self.cancel_sent:
            return False
        self.cancel_sent = True
        self.expire_at = now + TRANSACTION
        return True

    def resend(self, now: float) -> bytes:
        """Timers A and E: give the request again."""
        self.interval *= 2
        if not self.invite:
            self.interval = T2 if self.state is State.PROCEEDING else min(self.interval, T2)
        self.resend_at = now + self.interval
        return self.sent

    def end(self) -> None:
        """Take it that it is over."""
        self.state = State.TERMINATED
        self.open = False
        self.resend_at = self.expire_at = None
