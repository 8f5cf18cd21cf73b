import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pki import pki

from sip_guard.repository.answer import Validators
from sip_guard.repository.document import MAX_HEAD, Document, file_name, read, write

URL = "https://certs.example.com/a.pem"
PEM = pki().signer.bundle
DOCUMENT = Document(URL, Validators('W/"abc"', "Tue, 14 Nov 2023 22:00:00 GMT"), 1_700_000_000, PEM)

printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60)


def test_it_tells_people_where_it_is_from() -> None:
    head = write(DOCUMENT).partition(b"-----BEGIN")[0].decode().splitlines()
    assert head == [
        "# A signing certificate that sip_guard judged good. It is judged anew before it is used.",
        f"URL: {URL}",
        'ETag: W/"abc"',
        "Last-Modified: Tue, 14 Nov 2023 22:00:00 GMT",
        "Fresh-Until: 2023-11-14T22:13:20Z",
        "",
    ]


def test_openssl_reads_it_too(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(write(DOCUMENT))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tmp_path / "a.pem")
    assert context.cert_store_stats()["x509"] == DOCUMENT.pem.count(b"BEGIN") == 2


@given(st.builds(Validators, printable, printable), printable.filter(bool), st.integers(0, 4_000_000_000), st.binary())
def test_what_was_written_is_read_again(validators: Validators, url: str, until: int, pem: bytes) -> None:
    document = Document(url, validators, until, b"-----BEGIN CERTIFICATE-----" + pem)
    assert read(write(document)) == document


@given(st.data())
def test_what_was_cut_or_changed_in_its_head_is_no_document_or_another_sound_one(data: st.DataObject) -> None:
    octets = write(DOCUMENT)
    place = data.draw(st.integers(0, octets.index(b"-----BEGIN")))
    broken = octets[:place] + data.draw(st.binary(max_size=5)) + octets[place + 1 :]
    found = read(broken)
    assert read(octets[:place]) is None
    assert found is None or write(found) == broken


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"URL: https", b"URL: \nhttps"),
        (b"2023-11-14", b"2023-13-14"),
        (b"2023-11-14", b"0000-11-14"),
        (b"-----BEGIN CERTIFICATE", b"-----BEGIN PRIVATE KEY"),
        (b"ETag: ", b"ETag: " + b"x" * 400),
        (b"# A", b"A"),
        (b"\n", b"\r\n"),
    ],
)
def test_what_is_damaged_is_none(old: bytes, new: bytes) -> None:
    assert read(write(DOCUMENT).replace(old, new)) is None


def test_the_longest_head_is_within_its_bound() -> None:
    validators = Validators("W/" + '"' + "x" * 256 + '"', "x" * 64)
    document = Document("https://" + "x" * 2040, validators, 1_700_000_000, b"-----BEGIN CERTIFICATE-----")
    assert read(write(document)) == document
    assert len(write(document)) < MAX_HEAD


def test_each_url_has_a_file_of_its_own() -> None:
    assert len({file_name(url) for url in (URL, URL + "x", URL.upper(), "../../etc/passwd", "\udc80")}) == 5
    assert "/" not in file_name("../../etc/passwd")
