"""What nobody honest sends is refused or dropped, counted, and logged sparingly; the calls in progress go on."""

import socket
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from interconnection import ANSWERED, TRUNKS, Interconnection, running
from sipp import WAIT, Message

from sip_guard.demo.calls import ALICE, BANK, BOB
from sip_guard.demo.guard import Event, Guard
from sip_guard.sip.flow import Address
from sip_guard.stir.sign import base64url, canonical_json

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

# Tokens.


def _claims(iat: object = None) -> bytes:
    claims = {"attest": "A", "dest": {"tn": [BOB]}, "orig": {"tn": ALICE}, "origid": f"{uuid4()}"}
    return canonical_json(claims | {"iat": int(time.time()) if iat is None else iat})


def _raw(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32) + s.to_bytes(32)


def _token(world: Interconnection, claims: bytes, signature: Callable[[bytes], bytes] = _raw) -> bytes:
    """Sign any claims; `signature` writes the signature, which comes in DER, in another form."""
    jose = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": world.repository.url("signer.pem")}
    signed = base64url(canonical_json(jose)) + b"." + base64url(claims)
    return signed + b"." + base64url(signature(world.signer.signing_key.sign(signed, ec.ECDSA(hashes.SHA256()))))


def _identity(world: Interconnection, token: bytes) -> str:
    return f"Identity: {token.decode()};info=<{world.repository.url('signer.pem')}>;alg=ES256;ppt=shaken"


def _genuine(world: Interconnection) -> bytes:
    return _token(world, _claims())


def _name_twice(world: Interconnection) -> bytes:
    """Make what is genuine for whoever lets the last member of a name count."""
    return _token(world, _claims().replace(b'"orig":', b'"orig":{"tn":"%s"},"orig":' % BANK.encode()))


def _iat_true(world: Interconnection) -> bytes:
    return _token(world, _claims(iat=True))


def _der(world: Interconnection) -> bytes:
    return _token(world, _claims(), bytes)


def _dots(world: Interconnection) -> bytes:
    return b"." * 12_000


def test_a_genuine_token_by_the_same_maker_passes(interconnection: Interconnection) -> None:
    call = interconnection.place(_identity(interconnection, _genuine(interconnection))).end()
    assert call.decision["rule"] == "attested"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (_name_twice, "passport-malformed"),
        (_iat_true, "claim-invalid"),
        (_der, "signature-malformed"),
        (_dots, "passport-malformed"),
    ],
)
def test_a_token_that_is_none_is_refused(
    interconnection: Interconnection, token: Callable[[Interconnection], bytes], reason: str
) -> None:
    identity = _identity(interconnection, token(interconnection))
    call = interconnection.place(identity, scenario="refused").end()
    assert call.answers == ["100 Trying", "438 Invalid Identity Header"]
    assert (call.decision["rule"], call.decision["reason"]) == ("malformed", reason)
    assert call.invites == []


@pytest.mark.parametrize("line", ["Subject: " + "a" * 60_000, "Identity: " + "." * 60_000])
def test_an_invite_with_a_header_field_as_long_as_a_datagram_is_refused(
    interconnection: Interconnection, line: str
) -> None:
    call = interconnection.place(line, scenario="refused").end()
    (answer,) = call.answers
    assert answer.startswith("400 Bad Request")
    assert call.decisions == []
    assert call.invites == []


# Datagrams.

BAD = {
    "one octet": b"I",
    "not SIP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "HTTP": b"GET / HTTP/1.1\r\nHost: guard\r\n\r\n",
    "a datagram of dots": b"." * 65_507,
    "an INVITE and nothing else": b"INVITE sip:+12025550199@127.0.0.1 SIP/2.0\r\n\r\n",
    "a header field of a whole datagram": b"INVITE sip:+12025550199@127.0.0.1 SIP/2.0\r\nSubject: ".ljust(65_507, b"a"),
    "an answer to nothing that is none": b"SIP/2.0 2000 OK\r\n\r\n",
}


class Stray:
    """A socket that speaks to the guard without SIPp's manners."""

    def __init__(self, guard: Address, host: str) -> None:
        self._guard = guard
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._asked = 0
        self.sent = 0
        """Datagrams, those that ask for an answer not counted."""

    def sends(self, octets: bytes) -> None:
        self._socket.sendto(octets, self._guard)
        self.sent += 1

    def asks(self) -> str:
        """Send OPTIONS, and give its Call-ID."""
        self._asked += 1
        host, port = self._socket.getsockname()
        lines = (
            f"OPTIONS sip:{self._guard[0]}:{self._guard[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{port}-{self._asked};rport",
            "Max-Forwards: 70",
            f"From: <sip:stray@{host}>;tag=stray",
            f"To: <sip:{self._guard[0]}>",
            f"Call-ID: {port}-{self._asked}",
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
        )
        self._socket.sendto("\r\n".join([*lines, "", ""]).encode(), self._guard)
        return f"{port}-{self._asked}"

    def is_answered(self) -> None:
        """Ask, and get the answer to that and to nothing else: so all that was sent before has been read."""
        call_id = self.asks()
        self._socket.settimeout(WAIT)
        answer = Message(sent=False, octets=self._socket.recv(65_535))
        assert answer.start == "SIP/2.0 200 OK"
        assert answer.value("Call-ID") == call_id

    def got_nothing(self) -> bool:
        self._socket.settimeout(0)
        try:
            self._socket.recv(65_535)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def stray(interconnection: Interconnection) -> Iterator[Stray]:
    """One at the address of a trunk."""
    made = Stray(interconnection.address, TRUNKS["signed-only"])
    yield made
    made.close()


@pytest.fixture
def stranger(interconnection: Interconnection) -> Iterator[Stray]:
    """One at an address that the guard does not know."""
    made = Stray(interconnection.address, "127.0.0.99")
    yield made
    made.close()


def _complaints(guard: Guard) -> list[Event]:
    return [event for event in guard.events if event["event"] == "malformed"]


def _complaint(stray: Stray, guard: Guard) -> Event:
    """Send nonsense until the guard complains again, which it does not within a second of the last time."""
    known = len(_complaints(guard))
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        stray.sends(b"nonsense")
        stray.is_answered()
        if guard.wait(lambda _: len(_complaints(guard)) > known, 0.05):
            return _complaints(guard)[known]
    raise AssertionError(f"the guard complains no more: {guard.events[-20:]}")


def test_what_is_no_sip_is_counted_and_logged_once_a_second_and_a_call_in_progress_goes_on(
    interconnection: Interconnection, stray: Stray
) -> None:
    guard = interconnection.guard
    call = interconnection.place(interconnection.identity(), duration=3)
    call.is_talking()
    first = _complaint(stray, guard)
    known = len(_complaints(guard))
    begin = time.monotonic()
    for octets in [*BAD.values()] * 20:
        stray.sends(octets)
        stray.is_answered()
    seconds = time.monotonic() - begin
    assert call.caller.running
    assert len(_complaints(guard)) - known <= seconds + 1
    last = _complaint(stray, guard)
    assert 20 * len(BAD) < last["count"] - first["count"] <= stray.sent
    call.end()
    assert call.answers == ANSWERED
    assert [event for event in guard.events if event["event"] in {"mistake", "text"}] == []


def test_what_keeps_a_nat_open_is_no_fault(interconnection: Interconnection, stray: Stray) -> None:
    guard = interconnection.guard
    first = _complaint(stray, guard)
    for octets in [b"", b"\r\n\r\n", b"\0"] * 10:
        stray.sends(octets)
        stray.is_answered()
    last = _complaint(stray, guard)
    assert last["count"] - first["count"] <= stray.sent - 30


def test_a_stranger_gets_no_answer_and_is_logged(
    interconnection: Interconnection, stray: Stray, stranger: Stray
) -> None:
    stranger.asks()
    stranger.sends(b"nonsense")
    assert interconnection.guard.wait(
        lambda event: event["event"] == "stranger" and event["source"].startswith("127.0.0.99:")
    )
    stray.is_answered()
    assert stranger.got_nothing()
