"""Two guards: one signs the calls of its PBX as they leave, the other verifies them, and fetches the certificate."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from interconnection import TRUNKS, Interconnection
from sipp import Message, Sipp, free_port

from sip_guard.demo.calls import ALICE, BANK, BOB
from sip_guard.demo.guard import Event, Guard

pytestmark = pytest.mark.end_to_end

OURS = "127.0.0.30"
"""Where the PBX is whose calls go out."""
CONFIG = """\
listen:
  - udp: {host}:0
trunks:
  - name: carrier
    identity: ignore
    signing:
      key: ours.key
      certificate: ours.pem
      url: {url}
      attest:
        - {{numbers: "+{alice}", level: A}}
        - {{numbers: "+1", level: B}}
        - {{level: C}}
targets:
  - {{name: pbx, address: "{ours}:{pbx}"}}
  - {{name: carrier, address: "127.0.0.1:{carrier}", trunk: carrier}}
routes:
  - trunks: carrier
verification:
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}}}
"""


class Both:
    """The guard that signs, before the one that verifies."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder = folder
        self.theirs = running.enter_context(Interconnection(folder))
        signer = self.theirs.signer
        (folder / "ours.key").write_bytes(signer.key_pem)
        (folder / "ours.pem").write_bytes(signer.bundle)
        self._local = (OURS, free_port(OURS))
        config = folder / "ours.yaml"
        config.write_text(
            CONFIG.format(
                host=TRUNKS["carrier"],
                url=self.theirs.repository.url("signer.pem"),
                alice=ALICE,
                ours=OURS,
                pbx=self._local[1],
                carrier=self.theirs.guard.port,
                repository=self.theirs.repository.port,
            )
        )
        self.ours = running.enter_context(Guard(config))

    def call(self, caller: str, *lines: str) -> tuple[Event, Message]:
        """Place a call of our PBX; give the decision of the other side, and the INVITE as its PBX got it."""
        call_id = f"{uuid4()}"
        uri = f"sip:+{BOB}@{TRUNKS['carrier']}:{self.ours.port}"
        keys = {
            "uri": uri,
            "caller": f"<sip:{caller}@pbx.example>",
            "callee": f"<{uri}>",
            "contact": f"<sip:{OURS}:{self._local[1]}>",
            "more": "\r\n".join(("User-Agent: SIPp", *lines)),
        }
        guard = TRUNKS["carrier"], self.ours.port
        with Sipp(
            "answered", self._local, self._folder, "-cid_str", call_id, "-nr", remote=guard, calls=1, keys=keys
        ) as sipp:
            sipp.wait()
        decision = self.theirs.guard.decision(call_id)
        assert decision is not None

        def arrived(message: Message) -> bool:
            return message.start.startswith("INVITE ") and message.value("Call-ID") == call_id

        return decision, self.theirs.pbx.gets(arrived, "INVITE at the other PBX")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with ExitStack() as running:
        yield Both(tmp_path_factory.mktemp("signed"), running)


@pytest.mark.parametrize(("caller", "level"), [(ALICE, "A"), ("12125550123", "B"), (BANK, "C")])
def test_a_call_that_is_signed_here_passes_there_with_its_level(both: Both, caller: str, level: str) -> None:
    decision, invite = both.call(f"+{caller}")
    assert (decision["rule"], decision["reason"]) == ("attested", "passed")
    assert invite.value("P-Attestation-Indicator") == level
    assert invite.value("From").startswith(f"<sip:+{caller};verstat=TN-Validation-Passed@pbx.example>")
    assert str(UUID(invite.value("P-Origination-ID"))) == invite.value("P-Origination-ID")
    assert "signer.pem" in both.theirs.repository.fetched


def test_a_caller_without_a_number_gets_through_unsigned(both: Both) -> None:
    decision, invite = both.call("anonymous")
    assert decision["rule"] == "unsigned"
    assert invite.values("Identity") == []
    assert both.ours.wait(lambda event: event["event"] == "unsigned" and event["trunk"] == "carrier")


def test_what_the_pbx_has_signed_itself_is_not_signed_again(both: Both) -> None:
    theirs = both.theirs.identity(attest="B")
    decision, invite = both.call(f"+{ALICE}", theirs)
    assert decision["rule"] == "attested"
    assert invite.values("Identity") == [theirs.partition(": ")[2]]


def test_until_when_it_signs_is_said_at_the_start(both: Both) -> None:
    event = both.ours.wait(lambda event: event["event"] == "signing")
    assert event is not None
    assert (event["trunk"], event["url"]) == ("carrier", both.theirs.repository.url("signer.pem"))
