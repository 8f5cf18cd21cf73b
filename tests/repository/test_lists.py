"""The lists of a trust group, from their octets to what the group says of a signer, and what the log says of them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pki import NOW, pki
from signed_lists import HOUR, list_authority, pinned, revocation_list, trust_list
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from sip_guard.call import Finding
from sip_guard.log import logger
from sip_guard.repository.answer import NO_VALIDATORS, Answer, Validators
from sip_guard.repository.endpoint import Unavailable
from sip_guard.repository.published import Means, Source
from sip_guard.repository.revocation_lists import Revoking, Signed, revocation_lists
from sip_guard.repository.trust_list import trust_list as followed
from sip_guard.stir.trust import Trust, Trusts

US, OTHER = pki(), pki()
AUTHORITY = list_authority()
CRL, LIST = "http://sti-pa.example/crl", "http://sti-pa.example/list"


class House:
    """A web with one page, and a log."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.page: bytes | None = None
        self.log = BytesIO()
        self.means = Means(
            self._fetch,
            self.clock,
            self.clock.seconds,
            lambda: 0.0,
            maybeDeferred,
            logger(self.log),
            self._mistake,
            folder,
        )

    def _fetch(self, _url: str, _validators: Validators) -> Deferred[Answer]:
        def got() -> Answer:
            if self.page is None:
                raise Unavailable("sti-pa.example gave no answer within 30 s")
            return Answer(self.page, NO_VALIDATORS, None)

        return maybeDeferred(got)

    def _mistake(self, where: str, error: BaseException | None) -> None:
        raise AssertionError(where, error)

    def said(self) -> list[dict[str, Any]]:
        lines = [msgspec.json.decode(line) for line in self.log.getvalue().splitlines()]
        self.log.seek(0)
        self.log.truncate()
        return lines


def signed(url: str) -> Signed:
    return Signed(Source(url, False, HOUR), pinned(AUTHORITY))  # noqa: FBT003


class Group:
    """A trust group with a revocation list, and with a trust list or anchors of its own."""

    def __init__(self, house: House, *, hard: bool = True) -> None:
        self.house = house
        revoking = Revoking(lists=(signed(CRL),), hard=hard)
        revocation = revoking.revocation()
        self.trusts = Trusts([Trust("us", US.anchors, revocation)])
        (self.list,) = revocation_lists("us", revocation, revoking.lists, house.means)

    def says(self) -> str:
        return _says(self.trusts, self.house.clock.seconds())


def _says(trusts: Trusts, when: float) -> str:
    judgement = trusts.judge(US.signer.bundle, when)
    signer = judgement if isinstance(judgement, Finding) else judgement.by(())
    if isinstance(signer, Finding):
        return str(signer.code.value)
    found = trusts.revoked(signer, when)
    return "good" if found is None else str(found.code.value)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_certificate_is_revoked_within_one_refresh(house: House) -> None:
    group = Group(house)
    house.page = revocation_list(AUTHORITY)
    group.list.start()
    assert group.says() == "good"
    house.page = revocation_list(AUTHORITY, [US.signer], when=NOW + 60)
    house.clock.advance(HOUR - 1)
    assert group.says() == "good"
    house.clock.advance(1)
    assert group.says() == "certificate-revoked"
    first, second = house.said()
    assert (first["event"], first["group"], first["source"], first["entries"]) == ("revocation_list", "us", CRL, 0)
    assert (second["entries"], second["age"], second["level"]) == (1, HOUR - 60, "info")


@pytest.mark.parametrize(("hard", "says"), [(True, "revocation-unavailable"), (False, "revocation-unchecked")])
def test_an_outage_counts_once_the_last_list_has_ended(house: House, hard: bool, says: str) -> None:
    group = Group(house, hard=hard)
    group.list.start()
    assert group.says() == says
    (line,) = house.said()
    assert (line["event"], line["in_force"], line["level"]) == ("revocation_list_not_renewed", False, "error")
    assert line["reason"] == "sti-pa.example gave no answer within 30 s"
    house.page = revocation_list(AUTHORITY, lasts=2 * HOUR)
    house.clock.advance(10)
    assert group.says() == "good"
    house.page = None
    house.clock.advance(HOUR)
    assert group.says() == "good"
    line = house.said()[-1]
    assert (line["event"], line["in_force"], line["level"]) == ("revocation_list_not_renewed", True, "warning")
    assert (line["issued"], line["until"]) == ("2023-11-14T22:13:20+00:00", "2023-11-15T00:13:20+00:00")
    house.clock.pump([HOUR / 4] * 5)
    assert group.says() == says
    assert house.said()[-1]["in_force"] is False


def test_an_older_list_takes_nothing_back(house: House) -> None:
    group = Group(house)
    house.page = revocation_list(AUTHORITY, [US.signer])
    group.list.start()
    house.page = revocation_list(AUTHORITY, when=NOW - 60)
    house.clock.advance(HOUR)
    assert group.says() == "certificate-revoked"
    assert house.said()[-1]["reason"].startswith("an old list, issued at 2023-11-14T22:12:20+00:00")


def test_after_a_restart_in_an_outage_the_last_good_list_is_asked(house: House) -> None:
    group = Group(house)
    house.page = revocation_list(AUTHORITY, [US.signer])
    group.list.start()
    group.list.stop()
    house.page = None
    restarted = Group(house)
    restarted.list.start()
    assert restarted.says() == "certificate-revoked"


class Listed:
    """A trust group whose anchors come from a trust list."""

    def __init__(self, house: House) -> None:
        self.house = house
        trust = Trust("us", None)
        self.trusts = Trusts([trust])
        self.list = followed(trust, signed(LIST), house.means)

    def says(self) -> str:
        return _says(self.trusts, self.house.clock.seconds())


def test_a_trust_list_makes_the_anchors_of_its_group(house: House) -> None:
    group = Listed(house)
    group.list.start()
    assert group.says() == "trust-list-unavailable"
    house.page = trust_list(AUTHORITY, US.root)
    house.clock.advance(10)
    assert group.says() == "good"
    failed, renewed = house.said()
    assert (failed["event"], failed["in_force"]) == ("trust_list_not_renewed", False)
    assert (renewed["event"], renewed["sequence"], renewed["anchors"]) == ("trust_list", 7, 1)
    house.page = trust_list(AUTHORITY, OTHER.root, sequence=8)
    house.clock.advance(HOUR)
    assert group.says() == "certificate-untrusted"


def test_a_trust_list_never_goes_back(house: House) -> None:
    group = Listed(house)
    house.page = trust_list(AUTHORITY, OTHER.root, sequence=8)
    group.list.start()
    group.list.stop()
    house.page = trust_list(AUTHORITY, US.root, sequence=7)
    restarted = Listed(house)
    restarted.list.start()
    assert restarted.says() == "certificate-untrusted"
    line = house.said()[-1]
    assert (line["event"], line["sequence"], line["in_force"]) == ("trust_list_not_renewed", 8, True)
    assert line["reason"] == "an old list: its sequence is 7, and 8 was seen"


def test_past_its_end_a_trust_list_is_an_outage_and_not_a_verdict(house: House) -> None:
    group = Listed(house)
    house.page = trust_list(AUTHORITY, US.root, lasts=HOUR)
    group.list.start()
    house.page = None
    house.clock.pump([HOUR / 10] * 10)
    assert group.says() == "good"
    house.clock.advance(1)
    assert group.says() == "trust-list-unavailable"
    assert house.said()[-1]["in_force"] is True
    house.clock.advance(HOUR)
    assert house.said()[-1]["in_force"] is False


def test_an_end_beyond_all_calendars_can_be_told(house: House) -> None:
    group = Listed(house)
    house.page = trust_list(AUTHORITY, US.root, exp=10**18)
    group.list.start()
    assert house.said()[0]["until"] == f"{10**18}"
