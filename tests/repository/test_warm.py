"""Certificates over a restart: real files, real certificates and their judge; the clock and the web are the test's."""

from pathlib import Path

from pki import NOW, pki, with_key_usage
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import Clock

from sip_guard.call import Code, Finding
from sip_guard.repository.answer import Answer, Validators
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.disk import Disk
from sip_guard.repository.document import Document, file_name, read
from sip_guard.repository.options import Options
from sip_guard.stir.certificate import Signer, judge

URL = "https://certs.example.com/a.pem"
KNOWN = Validators('"abc"')
DAY = 86_400.0
PKI = pki()


def no_mistake(where: str, error: BaseException | None) -> None:
    raise AssertionError(where) from error


class Guard:
    """A guard's certificates, from one start to the next."""

    def __init__(self, folder: Path, now: float = NOW, options: Options | None = None) -> None:
        self.now = now
        self.clock = Clock()
        self.folder = folder / "certificates"
        self.asked: list[Validators] = []
        self.pem = PKI.signer.bundle
        self.anchors = PKI.anchors
        self.generation = 1
        self.judged = 0
        options = options or Options()
        disk = Disk(self.folder, maybeDeferred, lambda *_: None, max_octets=65_536, mistake=no_mistake)
        self.certificates: Certificates[Signer] = Certificates(
            self._fetch,
            options,
            self._judge,
            self.clock,
            lambda: 0.5,
            generation=lambda: self.generation,
            mistake=no_mistake,
            disk=disk,
        )
        disk.load(options.cache_entries, lambda document: self.certificates.offer(document, self.now), lambda _: None)

    def _judge(self, pem: bytes, when: float) -> Signer | Finding:
        self.judged += 1
        return judge(pem, self.anchors, when)

    def _fetch(self, _: str, validators: Validators) -> Deferred[Answer]:
        self.asked.append(validators)
        return succeed(Answer(self.pem, KNOWN, None))

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.clock.advance(seconds)

    def signer(self, url: str = URL) -> Signer | Finding:
        found = self.certificates.get(url, self.now)
        if not isinstance(found, Deferred):
            return found
        results: list[Signer | Finding] = []
        found.addCallback(results.append)
        return results[0]

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


def is_good(found: Signer | Finding) -> bool:
    return isinstance(found, Signer)


def test_it_is_warm_after_a_restart(tmp_path: Path) -> None:
    assert is_good(Guard(tmp_path).signer())
    second = Guard(tmp_path, NOW + 3600)
    assert is_good(second.signer())
    assert second.asked == []
    assert second.files() == {file_name(URL)}


def test_a_restart_does_not_begin_its_life_anew(tmp_path: Path) -> None:
    Guard(tmp_path).signer()
    second = Guard(tmp_path, NOW + 0.5 * DAY)
    second.passes(0.4 * DAY)
    assert is_good(second.signer())
    assert second.asked == [], "four fifths of the half day that is left are not over"
    second.passes(0.06 * DAY)
    assert is_good(second.signer())
    assert second.asked == [KNOWN], "it is refreshed, and with what is known of it"


def test_a_clock_that_was_put_back_does_not_make_it_live_for_ever(tmp_path: Path) -> None:
    Guard(tmp_path, NOW + 20 * DAY).signer()
    second = Guard(tmp_path, NOW, Options(max_cache_seconds=DAY))
    second.passes(DAY + 1)
    second.signer()
    assert second.asked == [KNOWN]


def test_what_is_on_disk_is_judged_anew_before_it_is_used(tmp_path: Path) -> None:
    Guard(tmp_path).signer()
    path = tmp_path / "certificates" / file_name(URL)
    path.write_bytes(path.read_bytes().replace(PKI.signer.pem, with_key_usage(PKI.intermediate, "key_agreement").pem))
    second = Guard(tmp_path)
    assert is_good(second.signer())
    assert len(second.asked) == 1, "the forged one was not used, and the true one fetched"


def test_anchors_that_are_trusted_no_longer_do_not_live_on_on_disk(tmp_path: Path) -> None:
    Guard(tmp_path).signer()
    second = Guard(tmp_path)
    second.anchors = pki().anchors
    found = second.signer()
    assert isinstance(found, Finding)
    assert found.code is Code.CERTIFICATE_UNTRUSTED
    assert second.files() == set()


def test_what_was_judged_bad_is_never_on_disk(tmp_path: Path) -> None:
    guard = Guard(tmp_path)
    guard.pem = b"<html>maintenance</html>"
    assert not is_good(guard.signer())
    assert guard.files() == set()


def test_what_makes_room_in_memory_makes_room_on_disk(tmp_path: Path) -> None:
    guard = Guard(tmp_path, options=Options(cache_entries=2))
    for i in range(4):
        guard.signer(f"{URL}{i}")
    assert guard.files() == {file_name(f"{URL}2"), file_name(f"{URL}3")}


def test_what_was_fetched_meanwhile_is_not_replaced_by_what_was_on_disk(tmp_path: Path) -> None:
    guard = Guard(tmp_path)
    guard.signer()
    old = Document(URL, Validators(), int(NOW) - 5, b"-----BEGIN CERTIFICATE-----")
    assert guard.certificates.offer(old, NOW), "the file stays: it is the one that was fetched"
    assert is_good(guard.signer())
    assert len(guard.asked) == 1


def test_only_the_certificates_of_an_answer_are_on_disk(tmp_path: Path) -> None:
    guard = Guard(tmp_path)
    guard.pem = b"URL: https://other.example.com/\n" + PKI.signer.bundle + b"<script>"
    assert is_good(guard.signer())
    document = read((guard.folder / file_name(URL)).read_bytes())
    assert document == Document(URL, KNOWN, int(NOW + DAY), PKI.signer.bundle)


def test_each_is_judged_when_it_is_used_and_not_while_it_is_loaded(tmp_path: Path) -> None:
    """Ten thousand chains at once would keep calls waiting."""
    Guard(tmp_path).signer()
    second = Guard(tmp_path)
    assert second.judged == 0
    second.signer()
    second.signer()
    assert second.judged == 1
