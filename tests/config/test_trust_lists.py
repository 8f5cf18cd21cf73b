"""The lists of trust groups: where they are, and who signs them."""

from pathlib import Path

import pytest
from signed_lists import list_authority
from wrong import GOOD, Folder, changed

from sip_guard.config.trust import Group
from sip_guard.repository.published import Source

LISTED = changed(
    "  anchors: [root.pem]\n",
    """\
  trust:
    - name: us
      trust_list: {url: "https://sti-pa.example/list", certificate: crl.pem, refresh: 60}
      revocation:
        lists:
          - {file: some.crl, anchor: crl.pem}
          - {url: "http://sti-pa.example:8080/crl?x=1", anchor: crl.pem}
        unavailable: hard
        refresh: 600
""",
)


@pytest.fixture
def lists(folder: Folder) -> Folder:
    """Give a folder with a certificate that signs lists."""
    folder.write("crl.pem", list_authority().pem)
    return folder


def group(folder: Folder, text: str) -> Group:
    (only,) = folder.load(text).trust
    return only


def test_a_group_may_go_by_lists(lists: Folder) -> None:
    found = group(lists, LISTED)
    assert found.anchors is None
    assert found.trust_list is not None
    assert found.trust_list.source == Source("https://sti-pa.example/list", False, 60.0)  # noqa: FBT003
    assert found.trust_list.pinned.subjects[0][0].startswith("CN=STI-PA CRL")
    assert found.revocation is not None
    assert found.revocation.hard
    assert [each.source for each in found.revocation.lists] == [
        Source(str(lists.path / "some.crl"), True, 600.0),  # noqa: FBT003
        Source("http://sti-pa.example:8080/crl?x=1", False, 600.0),  # noqa: FBT003
    ]


def test_the_lists_themselves_need_not_be_there(lists: Folder) -> None:
    assert not Path(lists.path / "some.crl").exists()
    assert group(lists, LISTED).revocation is not None


def test_an_outage_of_revocation_is_soft_unless_it_is_said_to_be_hard(lists: Folder) -> None:
    found = group(lists, changed("        unavailable: hard\n        refresh: 600\n", "", LISTED)).revocation
    assert found is not None
    assert not found.hard
    assert {each.source.refresh for each in found.lists} == {3600.0}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("name: us", "name: us\n      anchors: [root.pem]", "11: verification.trust[0]: one of `anchors` and"),
        (
            'trust_list: {url: "https://sti-pa.example/list", certificate: crl.pem, refresh: 60}',
            "anchors: []",
            "11: verification.trust[0]: one of `anchors` and `trust_list`",
        ),
        ("file: some.crl, ", "", "15: verification.trust[0].revocation.lists[0]: one of `url` and `file`"),
        ("file: some.crl", "url: 'https://a.example', file: some.crl", "lists[0]: one of `url` and `file`"),
        ("certificate: crl.pem", "certificate: no.pem", "12: verification.trust[0].trust_list.certificate: "),
        ("some.crl, anchor: crl.pem", "some.crl, anchor: root.txt", "lists[0].anchor: "),
        (
            "https://sti-pa.example/list",
            "ftp://sti-pa.example/list",
            "trust_list.url: the URL is neither http nor https",
        ),
        ("http://sti-pa.example:8080/crl?x=1", "http://u@a.example/", "lists[1].url: the URL has user information"),
        ("refresh: 600", "refresh: 0", "revocation.refresh: "),
        ("unavailable: hard", "unavailable: no", "revocation.unavailable: "),
        ('url: "http://sti-pa.example:8080/crl?x=1"', "file: some.crl", "stands twice; keep one of them"),
    ],
)
def test_what_is_wrong_is_named(lists: Folder, old: str, new: str, fault: str) -> None:
    assert fault in lists.fault(changed(old, new, LISTED))


def test_a_pinned_certificate_that_is_none_is_named(lists: Folder) -> None:
    lists.write("crl.pem", b"rubbish")
    text = changed("  anchors: [root.pem]\n", LISTED.partition("verification:\n")[2], GOOD)
    assert all("crl.pem: no certificates in PEM" in fault for fault in lists.faults(text))
    assert len(lists.faults(text)) == 3
