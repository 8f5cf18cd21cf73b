"""ATIS-1000074 5.3.1 and ATIS-1000080: URLs that a certificate may be fetched from."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.stir.x5u import MAX_URL, fault, host


@pytest.mark.parametrize(
    "url",
    [
        "https://cert.example.org/passport.pem",
        "HTTPS://Cert.Example.ORG/Passport.pem",
        "https://cert.example.org",
        "https://cert.example.org/",
        "https://cert.example.org:443/a",
        "https://cert.example.org:8443/a/b-c_d~e.f,g=h:i@j%20",
        "https://192.0.2.1/a",
        "https://[2001:db8::1]:8443/a",
        "https://xn--bcher-kva.example/a",
        "https://certificates.3gpp/a",
    ],
)
def test_a_url_in_order(url: str) -> None:
    assert fault(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://cert.example.org/a", "https"),
        ("ftp://cert.example.org/a", "https"),
        ("file:///etc/passwd", "https"),
        ("cert.example.org/a", "https"),
        (" https://cert.example.org/a", "https"),
        ("", "https"),
        ("https:/cert.example.org/a", "https"),
        ("https://cert.example.org:80/a", "port 80"),
        ("https://cert.example.org:444/a", "port 444"),
        ("https://cert.example.org:65979/a", "port 65979"),
        ("https://cert.example.org:0443/a", "well-formed"),
        ("https://cert.example.org:/a", "well-formed"),
        ("https://cert.example.org:443443/a", "well-formed"),
        ("https://cert.example.org:٤٤٣/a", "well-formed"),
        ("https://user@cert.example.org/a", "user information"),
        ("https://user:password@cert.example.org/a", "user information"),
        ("https://cert.example.org@evil.example/a", "user information"),
        ("https://cert.example.org/a?b", "query"),
        ("https://cert.example.org/a?", "query"),
        ("https://cert.example.org?a", "query"),
        ("https://cert.example.org/a#b", "fragment"),
        ("https://cert.example.org/a#", "fragment"),
        ("https://cert.example.org/a;b", "path parameters"),
        ("https://cert.example.org/a;b/c", "path parameters"),
        ("https:///a", "well-formed"),
        ("https://:443/a", "well-formed"),
        ("https://cert.example.org\\@evil.example/a", "user information"),
        ("https://cert.example.org\\a", "well-formed"),
        ("https://cert.example.org/a b", "well-formed"),
        ("https://cert.example.org/a\r\nHost: b", "well-formed"),
        ("https://cert.example.org/ä", "well-formed"),
        ("https://bücher.example/a", "well-formed"),
        ("https://cert%2Eexample.org/a", "well-formed"),
        ("https://[::1%25eth0]/a", "well-formed"),
        ("https://-a.example/a", "no host"),
        ("https://a-.example/a", "no host"),
        ("https://a..example/a", "no host"),
        ("https://.example/a", "no host"),
        ("https://cert.example.org./a", "no host"),
        ("https://" + "a" * 64 + ".example/a", "no host"),
        ("https://" + "a." * 127 + "a/a", "no host"),
        ("https://[192.0.2.1]/a", "no host"),
        ("https://[::g]/a", "well-formed"),
        ("https://[:::]/a", "no host"),
        ("https://2130706433/a", "no host"),
        ("https://0x7f.0.0.1/a", "no host"),
        ("https://127.0.0.0x1/a", "no host"),
        ("https://0177.0.0.1/a", "no host"),
        ("https://127.1/a", "no host"),
        ("https://256.0.0.1/a", "no host"),
        ("https://cert.example.org/" + "a" * MAX_URL, "limit"),
    ],
)
def test_what_is_wrong_with_a_url(url: str, why: str) -> None:
    assert why in (fault(url) or "")


def test_a_laboratory_is_allowed_by_host_and_port() -> None:
    laboratories = frozenset({("localhost", 4443), ("::1", 4443)})
    assert fault("https://localhost:4443/a", laboratories) is None
    assert fault("https://LOCALHOST:4443/a", laboratories) is None
    assert fault("https://[::1]:4443/a", laboratories) is None
    assert fault("https://localhost:4444/a", laboratories) == "has port 4444"
    assert fault("https://elsewhere.example:4443/a", laboratories) == "has port 4443"
    assert fault("http://localhost:4443/a", laboratories) == "is not an https URL"


@given(
    st.from_regex(r"https://[a-z0-9.:@\[\]%-]{0,20}([/?#;][a-z/?#;@%]{0,8})?", fullmatch=True) | st.text(max_size=60)
)
def test_a_url_in_order_is_read_in_the_same_way_by_others(url: str) -> None:
    if fault(url) is None:
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname
        assert parts.port in (None, 443, 8443)
        assert (parts.username, parts.password, parts.query, parts.fragment) == (None, None, "", "")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Certs.Example.com/a.pem", "certs.example.com"),
        ("https://certs.example.com:8443/a", "certs.example.com"),
        ("https://[2001:DB8::1]/a", "[2001:db8::1]"),
        ("ftp://x", ""),
    ],
)
def test_a_repository_is_told_by_its_host(url: str, name: str) -> None:
    assert host(url) == name
