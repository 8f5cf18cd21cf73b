"""RFC 8226 8 and RFC 9118 3: what a certificate's tokens may claim."""

from contextlib import suppress
from pathlib import Path

import pki
import pytest
from calls import CLAIMS, PKI
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.stir.claim_constraints import ENHANCED_OID, MAX_CLAIMS, MAX_VALUES, ClaimConstraints

RFC_9118 = Path(__file__).parents[3] / "shared" / "vectors" / "rfc" / "rfc9118-sec5-cert.pem"

NAMES = st.lists(st.text(st.characters(max_codepoint=127), max_size=9), max_size=4).map(tuple)
VALUES = st.frozensets(st.text(st.characters(codec="utf-8"), max_size=9), min_size=1, max_size=4)
PERMITTED = st.lists(st.tuples(NAMES.filter(bool).map(lambda names: names[0]), VALUES), max_size=4).map(tuple)

ATTEST_B = ClaimConstraints(permitted=(("attest", frozenset(("B", "C"))),))


def of(*allowed: ClaimConstraints) -> ClaimConstraints | None:
    return ClaimConstraints.of(pki.with_constraints(PKI.intermediate, *allowed).certificate)


@pytest.mark.parametrize(
    ("constraints", "good"),
    [
        (ClaimConstraints(("attest", "origid")), True),
        (ClaimConstraints(("attest", "rcd")), False),
        (ClaimConstraints(permitted=(("attest", frozenset("A")),)), True),
        (ATTEST_B, False),
        (ClaimConstraints(permitted=(("attest", frozenset("a")),)), False),
        (ClaimConstraints(permitted=(("crn", frozenset(("A delivery",))),)), True),
        (ClaimConstraints(("crn",), (("crn", frozenset(("A delivery",))),)), False),
        (ClaimConstraints(permitted=(("attest", frozenset("AB")), ("attest", frozenset("BC")))), False),
        (ClaimConstraints(must_exclude=("rcd", "crn")), True),
        (ClaimConstraints(must_exclude=("rcd", "attest")), False),
        (ClaimConstraints(("attest",), must_exclude=("attest",)), False),
    ],
)
def test_a_shaken_token_keeps_to_it_or_not(constraints: ClaimConstraints, good: bool) -> None:
    assert (constraints.fault(CLAIMS) is None) is good


@pytest.mark.parametrize("value", [1, 1.0, True, None, ["1"], {"1": "1"}])
def test_what_is_no_string_is_not_among_the_permitted_values(value: object) -> None:
    permitted = ClaimConstraints(permitted=(("x", frozenset(("1", "True", "None", "null", "['1']"))),))
    assert permitted.fault({"x": value}) is not None
    assert permitted.fault({"x": "1"}) is None


def test_the_claim_is_named_shortly_and_without_control_characters() -> None:
    fault = ClaimConstraints(("a\r\nVia: " + 1000 * "x",)).fault(CLAIMS)
    assert fault is not None
    assert len(fault) < 120
    assert fault.isprintable()


def test_a_certificate_says_nothing_or_one_of_the_two_things() -> None:
    excluding = ClaimConstraints(must_exclude=("rcd",))
    assert of() is None
    assert of(ATTEST_B) == ATTEST_B
    assert of(excluding) == excluding
    with pytest.raises(ValueError, match="RFC 9118 in one certificate"):
        of(ATTEST_B, excluding)


@pytest.mark.parametrize("claim", ["iat", "orig", "dest"])
def test_an_extension_that_excludes_what_every_token_has_counts_as_absent(claim: str) -> None:
    """RFC 9118 3: such a certificate would otherwise sign nothing, and says so by mistake."""
    assert of(ClaimConstraints(("rcd",), must_exclude=("crn", claim))) is None


@given(NAMES, PERMITTED, NAMES)
def test_what_is_written_is_read(
    include: tuple[str, ...], permitted: tuple[tuple[str, frozenset[str]], ...], exclude: tuple[str, ...]
) -> None:
    constraints = ClaimConstraints(include, permitted, exclude)
    read = ClaimConstraints.parse_enhanced if exclude else ClaimConstraints.parse
    if include or permitted or exclude:
        assert read(constraints.der()) == constraints
    else:
        with pytest.raises(ValueError, match="constrains nothing"):
            read(constraints.der())


@pytest.mark.parametrize(
    "der",
    [
        "",
        "3000",
        "0500",
        "3004a0023000",
        "3004a1023000",
        "3010a10e300c300a16066174746573743000",  # values of `attest`: none
        "3006a00430021601",  # cut short
        "3007a0053003160161ff",
        "3005800330016100",  # an implicit tag
        "3007a00530030c0161",  # UTF8String where a claim is an IA5String
        "3007a0053003160180",  # no IA5
        "3080a00530031601610000",  # the indefinite length of BER
        "300ea0053003160161a0053003160161",  # mustInclude twice
        "300ea2053003160161a0053003160161",  # out of order
        "3007a3053003160161",  # no such member
    ],
)
def test_what_the_rfcs_do_not_allow_is_an_error(der: str) -> None:
    for read in (ClaimConstraints.parse, ClaimConstraints.parse_enhanced):
        with pytest.raises(ValueError, match=r".+"):
            read(bytes.fromhex(der))


def test_what_is_to_be_excluded_is_no_part_of_the_older_extension() -> None:
    with pytest.raises(ValueError, match="ExtraData"):
        ClaimConstraints.parse(ClaimConstraints(("a",), must_exclude=("b",)).der())


def test_a_list_without_end_is_an_error() -> None:
    names = tuple(f"claim-{i}" for i in range(MAX_CLAIMS + 1))
    values = frozenset(map(str, range(MAX_VALUES + 1)))
    with pytest.raises(ValueError, match="101 claims"):
        ClaimConstraints.parse(ClaimConstraints(names).der())
    with pytest.raises(ValueError, match=r".+"):
        ClaimConstraints(permitted=(("a", values),)).der()
    with pytest.raises(ValueError, match="101 claims"):
        ClaimConstraints.parse(ClaimConstraints(permitted=tuple((name, frozenset("a")) for name in names)).der())


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_are_an_error(der: bytes) -> None:
    for read in (ClaimConstraints.parse, ClaimConstraints.parse_enhanced):
        with suppress(ValueError):
            read(der).fault(CLAIMS)


@given(st.data())
def test_octets_that_are_nearly_right_are_read_or_are_an_error(data: st.DataObject) -> None:
    der = bytearray(ClaimConstraints(("rcd",), ATTEST_B.permitted, ("crn",)).der())
    for place in data.draw(st.sets(st.integers(0, len(der) - 1), max_size=3)):
        der[place] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        ClaimConstraints.parse_enhanced(bytes(der)).fault(CLAIMS)


@pytest.mark.skipif(not RFC_9118.exists(), reason="no vectors beside the repository")
def test_the_certificate_that_rfc_9118_prints() -> None:
    certificate = x509.load_pem_x509_certificate(RFC_9118.read_bytes())
    extension = certificate.extensions.get_extension_for_oid(ENHANCED_OID).value
    constraints = ClaimConstraints(("confidence",), (("confidence", frozenset(("high", "medium"))),), ("priority",))
    assert ClaimConstraints.of(certificate) == constraints
    assert constraints.der() == extension.public_bytes()
