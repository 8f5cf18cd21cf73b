"""Signing of calls out: keys that fit their certificates, and callers who are attested once."""

import time
from collections.abc import Callable

import pytest
from pki import NOW, Pki, expired, not_yet_valid, pki, without_tn_auth_list
from wrong import GOOD, Folder, changed

from sip_guard.demo.pki import Issued, Window, constraints, end_entity, issue, tn_auth_list
from sip_guard.stir.authentication import Attest
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.tn_auth_list import TnAuthList

CLOCK = time.time()
SIGNING = """\
    signing:
      key: ours.key
      certificate: ours.pem
      url: https://certificates.example/ours.pem
      attest:
        - {numbers: ["+4420794600", "+442079461234"], level: A}
        - {numbers: "+44", level: B}
        - {level: C}
"""
OUT = changed("verification:", "  - {name: sbc, address: 203.0.113.7, trunk: carrier}\nverification:")
TEXT = changed("targets:\n", f"{SIGNING}targets:\n", OUT)
"""With `signing` on lines 6 to 13."""


@pytest.fixture(scope="module")
def authority() -> Pki:
    return pki(CLOCK)


@pytest.fixture
def ours(folder: Folder, authority: Pki) -> Folder:
    """Give a folder with a key and its certificate."""
    put(folder, authority.signer)
    return folder


def put(folder: Folder, issued: Issued) -> None:
    folder.write("ours.key", issued.key_pem)
    folder.write("ours.pem", issued.bundle)


def test_a_trunk_signs_with_its_key_and_by_the_first_entry_that_fits(ours: Folder, authority: Pki) -> None:
    signing = ours.load(TEXT).signing["carrier"]
    assert signing.credential.url == "https://certificates.example/ours.pem"
    assert signing.credential.key.public_key() == authority.signer.key.public_key()
    assert signing.credential.valid(CLOCK)
    assert signing.attest == (Attest("A", ("4420794600", "442079461234")), Attest("B", ("44",)), Attest("C"))


def test_without_it_nothing_is_signed(folder: Folder) -> None:
    assert folder.load(OUT).signing == {}


def test_a_trunk_that_no_call_leaves_by_has_nothing_to_sign(ours: Folder) -> None:
    text = changed("targets:\n", f"{SIGNING}targets:\n", GOOD)
    assert ours.fault(text).startswith("6: trunks[0].signing: no target has `trunk: carrier`")


def test_files_that_are_not_there_are_named(folder: Folder) -> None:
    key, certificate = folder.faults(TEXT)
    said = "cannot be read: No such file or directory; is the path right?"
    assert key == f"7: trunks[0].signing.key: {folder.path}/ours.key {said}"
    assert certificate.startswith("8: trunks[0].signing.certificate: ")


def test_a_key_has_to_be_that_of_the_certificate(ours: Folder, authority: Pki) -> None:
    ours.write("ours.key", authority.intermediate.key_pem)
    assert ours.fault(TEXT) == (
        f"7: trunks[0].signing.key: {ours.path}/ours.key: not the key of the first certificate in {ours.path}/ours.pem"
    )


def test_a_key_that_cannot_sign_is_refused(ours: Folder) -> None:
    ours.write("ours.key", b"none")
    assert "7: trunks[0].signing.key: " in ours.fault(TEXT)
    assert "not a private key in PEM form" in ours.fault(TEXT)


def test_a_certificate_that_cannot_sign_calls_is_refused(folder: Folder, authority: Pki) -> None:
    put(folder, without_tn_auth_list(authority.intermediate, CLOCK))
    assert folder.fault(TEXT).endswith("/ours.pem: it cannot sign calls: it has no TNAuthList")


@pytest.mark.parametrize("make", [expired, not_yet_valid])
def test_a_certificate_has_to_be_in_its_time(
    folder: Folder, authority: Pki, make: Callable[[Issued, float], Issued]
) -> None:
    put(folder, make(authority.intermediate, CLOCK + (1000 if make is not_yet_valid else 0)))
    fault = folder.fault(TEXT)
    assert fault.startswith(f"8: trunks[0].signing.certificate: {folder.path}/ours.pem: valid from 20")
    assert fault.endswith("get a new one, or leave `signing` out")


def test_so_do_those_above_it(folder: Folder) -> None:
    old = pki(NOW)
    window = Window.around(CLOCK)
    put(folder, issue("x", old.intermediate, window, [*end_entity(), tn_auth_list(TnAuthList(("1234",)))]))
    assert "8: trunks[0].signing.certificate: " in folder.fault(TEXT)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://certificates.example/ours.pem", "is not an https URL"),
        ("https://certificates.example:8444/ours.pem", "has port 8444"),
        ("https://certificates.example/ours.pem?x", "has a query"),
    ],
)
def test_a_url_that_no_verifier_would_ask_is_refused(ours: Folder, url: str, why: str) -> None:
    text = changed("https://certificates.example/ours.pem", url, TEXT)
    assert ours.fault(text).startswith(f"9: trunks[0].signing.url: the URL {why}: ")


def test_a_laboratory_may_have_another_port(ours: Folder) -> None:
    text = changed("https://certificates.example/", "https://certificates.example:8444/", TEXT)
    lab = "  repository:\n    laboratories:\n      - {host: certificates.example, port: 8444}\n"
    assert ours.load(text + lab).signing["carrier"].credential.url == "https://certificates.example:8444/ours.pem"


@pytest.mark.parametrize("number", ["442079460000", "+0", "+", "", "+44 20", "02079460000", "+1234567890123456"])
def test_numbers_are_international(ours: Folder, number: str) -> None:
    text = changed('"+442079461234"', f'"{number}"', TEXT)
    assert ours.fault(text) == (
        f"11: trunks[0].signing.attest[0].numbers[1]: `{number}` is no international number, or what such begin with: "
        '"+442079460000"'
    )


def test_numbers_are_as_they_stand_in_tokens(ours: Folder) -> None:
    text = changed("    signing:", "    dial_plan: {country: GB}\n    signing:", TEXT)
    text = changed('"+442079461234"', '"+4402079461234"', text)
    assert ours.fault(text).endswith(": `+4402079461234` is written +442079461234 in tokens; write it so")


@pytest.mark.parametrize(
    ("entry", "whom"),
    [('{numbers: "+4420794600999", level: none}', "+4420794600999"), ('{numbers: "+44", level: C}', "+44")],
)
def test_an_entry_that_would_never_count_is_refused(ours: Folder, entry: str, whom: str) -> None:
    text = changed("        - {level: C}\n", f"        - {entry}\n", TEXT)
    assert ours.fault(text) == (
        f"13: trunks[0].signing.attest[2]: an entry above is for {whom} already, and the first that fits counts"
    )


def test_nothing_comes_after_the_entry_for_all(ours: Folder) -> None:
    text = changed("        - {level: C}\n", "        - {level: C}\n        - {level: B}\n", TEXT)
    assert ours.fault(text) == (
        "14: trunks[0].signing.attest[3]: an entry above is for all callers already, and the first that fits counts"
    )


@pytest.mark.parametrize("attest", ["[]", "[{level: D}]", "[{numbers: [], level: A}]", "[{numbers: '+44'}]"])
def test_an_entry_has_a_level_and_numbers_only_if_there_are_some(ours: Folder, attest: str) -> None:
    text = TEXT[: TEXT.index("      attest:")] + f"      attest: {attest}\n" + TEXT[TEXT.index("targets:") :]
    assert ours.fault(text).startswith("10: trunks[0].signing.attest")


def test_a_level_that_the_certificate_rules_out_is_refused(folder: Folder, authority: Pki) -> None:
    only_b = constraints(ClaimConstraints(permitted=(("attest", frozenset(("B", "C"))),)))
    listed = tn_auth_list(TnAuthList(("1234",)))
    window = Window.around(CLOCK)
    put(folder, issue("x", authority.intermediate, window, [*end_entity(), listed, only_b]))
    assert folder.fault(TEXT) == (
        "11: trunks[0].signing.attest[0].level: no token of this level can be made: "
        "the claim 'attest' has a value that the certificate does not permit"
    )
