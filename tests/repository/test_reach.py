import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.repository.reach import Configured, Laboratory, Public, configured_fault, place_of


@pytest.mark.parametrize(
    "url",
    [
        "http://ca.example.com/a.crl",
        "https://ca.example.com/a.crl?x=y&z=;",
        "HTTPS://CA.example.com:9443/",
        "http://10.0.0.1:8080/crl/1",
        "https://[fd00::1]/a",
        "http://localhost",
        "http://crl_server/a",
    ],
)
def test_the_operator_may_name_any_web_server(url: str) -> None:
    assert configured_fault(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is neither http nor https"),
        ("ftp://ca.example.com/", "is neither http nor https"),
        ("ldap://ca.example.com/", "is neither http nor https"),
        ("http://a:b@ca.example.com/", "has user information"),
        ("http://ca.example.com/#a", "has a fragment"),
        ("http:///a", "is not a well-formed URL"),
        ("http://ca.example.com:0/", "is not a well-formed URL"),
        ("http://ca.example.com:99999/", "is not a well-formed URL"),
        ("http://ca.example.com/a b", "is not a well-formed URL"),
        ("http://ca.example.com/\r\nX: y", "is not a well-formed URL"),
        ("http://[::1/", "is not a well-formed URL"),
        ("http://[:::1]/", "is not a well-formed URL"),
        ("http://b\u00fccher.example/", "is not a well-formed URL"),
        ("http://ca.example.com/" + "x" * 2048, "has 2070 octets where 2048 are the limit"),
    ],
)
def test_what_the_operator_cannot_have_meant_is_told(url: str, reason: str) -> None:
    assert configured_fault(url) == reason


@given(st.one_of(st.text(), st.from_regex(r"https?://[\[\]a:.0-9@]{0,12}[/?#:]?[0-9]{0,9}", fullmatch=True)))
def test_what_has_no_fault_names_a_place(url: str) -> None:
    if configured_fault(url) is None:
        host, port = place_of(url)
        assert host == host.lower()
        assert 0 < port < 65_536


@pytest.mark.parametrize("address", ["8.8.8.8", "10.0.0.1", "127.0.0.1", "fd00::1", "169.254.1.1"])
def test_what_the_operator_names_may_be_anywhere(address: str) -> None:
    assert Configured().allows(("ca.example.com", 80), address)


def test_a_place_has_one_spelling() -> None:
    assert place_of("https://CERTS.example.com:443/a") == place_of("https://certs.example.com/b")
    assert place_of("http://certs.example.com/") == ("certs.example.com", 80)
    assert place_of("https://[2001:DB8::1]:8443/") == ("2001:db8::1", 8443)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("certs.example.com", True),
        ("CERTS.example.com", True),
        ("certs.example.com:8443", True),
        ("other.example.com", False),
        ("xcerts.example.com", False),
        ("a.example.net", True),
        ("A.b.Example.net", True),
        ("example.net", False),
        ("badexample.net", False),
        ("example.net.example.org", False),
        ("8.8.8.8", True),
        ("8.8.4.4", False),
        ("[2606:4700::1]", True),
        ("lab.example.org", True),
    ],
)
def test_where_repositories_are_listed_no_other_is_asked(host: str, allowed: bool) -> None:
    listed = ("Certs.example.com", "*.EXAMPLE.net", "8.8.8.8", "2606:4700::1")
    reach = Public((Laboratory("lab.example.org"),), listed)
    name = host.lower().partition(":")[0]
    assert reach.fault(f"https://{host}/a") == (None if allowed else f"names {name}, which is not under `repositories`")


def test_without_a_list_every_repository_may_be_asked() -> None:
    assert Public().fault("https://anywhere.example/a") is None


def test_the_list_does_not_widen_the_rules() -> None:
    reach = Public((), ("*.example.com", "10.0.0.1"))
    assert reach.fault("http://certs.example.com/") == "is not an https URL"
    assert reach.fault("https://certs.example.com:22/") == "has port 22"
    assert not reach.allows(("10.0.0.1", 443), "10.0.0.1")


@given(st.from_regex(r"(?i:https)://[A-Za-z0-9\-.\[\]:]{1,20}(:8443)?(/[a-z%]*)?", fullmatch=True))
def test_what_a_stranger_may_name_has_a_place(url: str) -> None:
    if PUBLIC.fault(url) is None:
        assert place_of(url)[1] in (443, 8443)


PUBLIC = Public()
