"""RFC 8224 6.2: every token is judged, one good token is enough, and nothing waits longer than it must."""

from itertools import permutations

import pytest
from incoming import ALICE_NUMBER, BOB_NUMBER, ORIGID, call
from pki import NOW, pki
from scene import TRUNK, trunk
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TimeLimitPassed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from sip_guard.call import Call, Code, Finding
from sip_guard.checks import MAX_IDENTITIES
from sip_guard.checks.identity import IdentityCheck
from sip_guard.peer import Trunk
from sip_guard.stir.conclude import combined
from sip_guard.stir.sign import sign
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Judgement, Trust, Trusts

URL = "https://certs.example.com/signer.pem"
OTHER_URL = "https://certs.example.net/other.pem"
THIRD_URL = "https://certs.example.org/third.pem"
PKI = pki()
TRUSTS = Trusts([Trust("lab", PKI.anchors)])
DOWN = Finding(Code.REPOSITORY_UNAVAILABLE, "certs.example.com answered 503")
Found = Judgement | Finding


def good() -> Judgement:
    judgement = TRUSTS.judge(PKI.signer.bundle, NOW)
    assert isinstance(judgement, Judgement)
    return judgement


SIGNER = good()


def token(
    *, orig: str = ALICE_NUMBER, dest: str = BOB_NUMBER, iat: float = NOW, url: str = URL, attest: str = "A"
) -> str:
    value = sign(
        attest=attest, dest_tn=[dest], iat=int(iat), orig_tn=orig, origid=ORIGID, key=PKI.signer.signing_key, x5u=url
    )
    return value.decode()


GOOD = token()
STALE = token(iat=NOW - 1000)
MISMATCH = token(orig="442079460000")
UNSUPPORTED = GOOD.replace("ppt=shaken", "ppt=div-o")
GARBAGE = "x;info=<https://certs.example.com/a.pem>;alg=ES256;ppt=shaken"


def tampered(value: str) -> str:
    """Change the signature."""
    head, _, rest = value.partition(";")
    return head[:-10] + ("A" if head[-10] != "A" else "B") + head[-9:] + ";" + rest


TAMPERED = tampered(GOOD)


class Repository:
    """Certificates that are there, and others that come when the test says so."""

    def __init__(self, **there: Found) -> None:
        self.there: dict[str, Found] = {URL: there.get("url", SIGNER)}
        self.asked: list[str] = []
        self.waiting: dict[str, Deferred[Found]] = {}
        self.left: list[str] = []

    def get(self, url: str, when: float) -> Found | Deferred[Found]:
        assert when == NOW
        self.asked.append(url)
        found: Found | None = self.there.get(url)
        if found is not None:
            return found
        self.waiting[url] = Deferred(lambda _: self.left.append(url))
        return self.waiting[url]


def check_of(repository: Repository) -> IdentityCheck:
    return IdentityCheck(repository.get, Terms(), TRUSTS)


def signed(*tokens: str, trunk: Trunk = TRUNK) -> Call:
    return call(*(f"Identity: {value}" for value in tokens), trunk=trunk)


def at_once(*tokens: str, repository: Repository | None = None) -> list[Finding]:
    """Judge a call that need not wait."""
    found = check_of(repository or Repository()).check(signed(*tokens))
    assert isinstance(found, list)
    return found


def codes(found: list[Finding]) -> list[tuple[str, int, bool]]:
    return [(finding.code.value, finding.token, finding.weighs) for finding in found]


# One token.


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (GOOD, "passed"),
        (STALE, "iat-stale"),
        (MISMATCH, "orig-mismatch"),
        (TAMPERED, "signature-invalid"),
        (UNSUPPORTED, "ppt-unsupported"),
        (GARBAGE, "passport-malformed"),
        ("", "no-identity"),
        (GOOD.replace("https", "http", 1).replace("<https", "<http"), "info-invalid"),
    ],
)
def test_a_token_gives_one_finding(value: str, code: str) -> None:
    found = at_once(value)
    assert codes(found) == [(code, 0 if code == "no-identity" else 1, True)]


def test_a_call_without_a_token_is_unsigned() -> None:
    assert codes(at_once()) == [("no-identity", 0, True)]


def test_a_trunk_can_ignore_tokens() -> None:
    repository = Repository()
    assert check_of(repository).check(signed(GOOD, trunk=trunk(identity="ignore"))) == []
    assert check_of(repository).check(signed(trunk=trunk(identity="ignore"))) == []
    assert repository.asked == []


def test_what_the_repository_says_is_what_is_found() -> None:
    untrusted = Finding(Code.CERTIFICATE_UNTRUSTED, "no way to an anchor")
    assert codes(at_once(GOOD, repository=Repository(url=untrusted))) == [("certificate-untrusted", 1, True)]


@pytest.mark.parametrize("value", [STALE, MISMATCH, GARBAGE, UNSUPPORTED])
def test_no_certificate_is_fetched_for_a_token_that_fails_anyway(value: str) -> None:
    repository = Repository()
    at_once(value, repository=repository)
    assert repository.asked == []


# Several tokens.


@pytest.mark.parametrize("others", list(permutations([GOOD, STALE, TAMPERED, UNSUPPORTED], 4)))
def test_one_good_token_is_enough_wherever_it_stands(others: tuple[str, ...]) -> None:
    found = at_once(*others)
    assert [finding.token for finding in found] == [1, 2, 3, 4]
    assert [finding.code.value for finding in found if finding.weighs] == ["passed"]


@pytest.mark.parametrize("form", ["two fields", "one field"])
def test_tokens_are_counted_however_they_are_written(form: str) -> None:
    fields = [f"Identity: {STALE}", f"y: {GOOD}"] if form == "two fields" else [f"Identity: {STALE} , {GOOD}"]
    found = check_of(Repository()).check(call(*fields))
    assert isinstance(found, list)
    assert codes(found) == [("iat-stale", 1, False), ("passed", 2, True)]


def test_a_call_fails_only_if_all_its_tokens_do() -> None:
    assert codes(at_once(STALE, MISMATCH)) == [("iat-stale", 1, True), ("orig-mismatch", 2, True)]


def test_an_outage_beside_a_failure_is_an_outage() -> None:
    repository = Repository(url=DOWN)
    expected = [("repository-unavailable", 1, True), ("iat-stale", 2, False)]
    assert codes(at_once(GOOD, STALE, repository=repository)) == expected


def test_a_type_that_is_not_verified_counts_only_alone() -> None:
    assert codes(at_once(UNSUPPORTED, STALE)) == [("ppt-unsupported", 1, False), ("iat-stale", 2, True)]
    assert codes(at_once(UNSUPPORTED, UNSUPPORTED)) == [("ppt-unsupported", 1, True), ("ppt-unsupported", 2, True)]


def test_eight_tokens_are_looked_at_and_no_more() -> None:
    assert codes(at_once(*[STALE] * (MAX_IDENTITIES - 1), GOOD))[-1] == ("passed", MAX_IDENTITIES, True)
    repository = Repository()
    found = at_once(*[STALE] * MAX_IDENTITIES, GOOD, repository=repository)
    assert codes(found) == [("too-many-identities", 0, True)]
    assert found[0].detail == "9 tokens, at most 8"
    assert repository.asked == []


@pytest.mark.parametrize(
    ("found", "weighing"),
    [
        ([Code.PRESENTED_NOT_ATTESTED, Code.PASSED], [2]),
        ([Code.PASSED, Code.PASSED, Code.IAT_STALE], [1, 2]),
        ([Code.PRESENTED_NOT_ATTESTED, Code.REPOSITORY_UNAVAILABLE], [1]),
        ([Code.REPOSITORY_UNAVAILABLE, Code.PPT_UNSUPPORTED, Code.DEST_MISMATCH], [1]),
        ([Code.PPT_UNSUPPORTED, Code.REPOSITORY_FORBIDDEN], [2]),
        ([Code.DEST_MISMATCH, Code.SIGNATURE_INVALID], [1, 2]),
    ],
)
def test_the_best_outcome_counts_alone(found: list[Code], weighing: list[int]) -> None:
    for order in permutations(range(len(found))):
        result = combined({place: Finding(found[i]) for place, i in enumerate(order, 1)})
        assert [order[finding.token - 1] + 1 for finding in result if finding.weighs] == [
            order[place] + 1 for place in range(len(order)) if order[place] + 1 in weighing
        ]


# Certificates that have to be fetched.


class Later:
    """A call whose certificates are not all there."""

    def __init__(self, *tokens: str, repository: Repository | None = None) -> None:
        self.repository = repository or Repository(url=DOWN)
        self.repository.there.pop(URL, None)
        self._found: list[Finding] = []
        self._failures: list[BaseException] = []
        result = check_of(self.repository).check(signed(*tokens))
        assert isinstance(result, Deferred)
        self.result = result
        result.addCallbacks(self._found.extend, lambda failure: self._failures.append(failure.value))

    def found(self) -> list[tuple[str, int, bool]]:
        """Give what was found so far."""
        return codes(self._found)

    def failure(self) -> BaseException:
        """Give how it failed."""
        (only,) = self._failures
        return only

    def gives(self, found: Found, url: str = URL) -> None:
        self.repository.waiting[url].callback(found)


def test_a_token_whose_certificate_is_fetched_is_judged_when_it_is_there() -> None:
    later = Later(GOOD)
    assert later.found() == []
    later.gives(SIGNER)
    assert later.found() == [("passed", 1, True)]


def test_a_certificate_that_does_not_come_is_an_outage() -> None:
    later = Later(GOOD)
    later.gives(DOWN)
    assert later.found() == [("repository-unavailable", 1, True)]


def test_all_tokens_are_waited_for_while_none_passed() -> None:
    later = Later(GOOD, token(url=OTHER_URL), STALE)
    later.gives(DOWN)
    assert later.found() == []
    later.gives(DOWN, OTHER_URL)
    assert later.found() == [
        ("repository-unavailable", 1, True),
        ("repository-unavailable", 2, True),
        ("iat-stale", 3, False),
    ]


def test_nothing_is_waited_for_once_a_token_has_passed() -> None:
    later = Later(GOOD, token(url=OTHER_URL), token(url=THIRD_URL))
    later.gives(SIGNER, OTHER_URL)
    assert later.found() == [("passed", 2, True)]
    assert later.repository.left == [URL, THIRD_URL]


def test_a_token_that_passes_at_once_ends_the_waiting_wherever_it_stands() -> None:
    for tokens in ((GOOD, token(url=OTHER_URL)), (token(url=OTHER_URL), GOOD)):
        repository = Repository()
        repository.there = {OTHER_URL: SIGNER}
        result = check_of(repository).check(signed(*tokens))
        assert isinstance(result, Deferred)
        found: list[list[Finding]] = []
        result.addCallback(found.append)
        assert [finding.code for finding in found[0]] == [Code.PASSED]
        assert repository.left == [URL]


def test_a_failure_is_no_reason_to_stop_waiting() -> None:
    later = Later(GOOD, TAMPERED, MISMATCH)
    assert later.found() == []


def test_cancelling_leaves_every_fetch() -> None:
    later = Later(GOOD, token(url=OTHER_URL), STALE)
    later.result.cancel()
    assert later.repository.left == [URL, OTHER_URL]
    assert isinstance(later.failure(), CancelledError)


def test_a_mistake_of_the_repository_is_passed_on_and_ends_the_waiting() -> None:
    later = Later(GOOD, token(url=OTHER_URL))
    later.repository.waiting[URL].errback(RuntimeError("a mistake"))
    assert isinstance(later.failure(), RuntimeError)
    assert later.repository.left == [OTHER_URL]


def test_a_second_mistake_is_nobodys_concern() -> None:
    later = Later(GOOD, token(url=OTHER_URL))

    def leave(_: Failure) -> Found:
        raise RuntimeError("while leaving")

    later.repository.waiting[OTHER_URL].addErrback(leave)
    later.repository.waiting[URL].errback(RuntimeError("a mistake"))
    assert str(later.failure()) == "a mistake"


@pytest.mark.parametrize("tokens", [(GOOD,), (GOOD, STALE), (GOOD, token(url=OTHER_URL))])
def test_a_time_limit_is_told_from_a_mistake(tokens: tuple[str, ...]) -> None:
    clock = Clock()
    repository = Repository()
    repository.there = {}
    result = check_of(repository).check(signed(*tokens))
    assert isinstance(result, Deferred)
    failures: list[BaseException] = []
    result.addTimeout(3, clock).addCallbacks(pytest.fail, lambda failure: failures.append(failure.value))
    clock.advance(3)
    assert [type(failure) for failure in failures] == [TimeLimitPassed]
