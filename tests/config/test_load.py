"""Every way that a configuration can be wrong is said with its line, its path and what was expected."""

import importlib.util

import pytest
from pki import pki
from wrong import GOOD, ROOT, Folder, changed

from sip_guard.journal.options import Server

# Shapes and names.


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("listen:", "lisen:", "1: lisen: there is no option `lisen`; did you mean `listen`?"),
        ("- udp:", "- upd:", "2: listen[0].upd: there is no option `upd`; did you mean `udp`?"),
        ("sources:", "source:", "5: trunks[0].source: there is no option `source`; did you mean `sources`?"),
        ("    address:", "    adress:", "8: targets[0].adress: there is no option `adress`; did you mean `address`?"),
        ("anchors:", "anchor:", "10: verification.anchor: there is no option `anchor`; did you mean `anchors`?"),
        (
            "anchors:",
            "repository: {timeuot: 1.0}\n  anchors:",
            "10: verification.repository.timeuot: there is no option `timeuot`; did you mean `timeout`?",
        ),
        (
            "anchors:",
            "repository: {laboratories: [{hots: x}]}\n  anchors:",
            "10: verification.repository.laboratories[0].hots: there is no option `hots`; did you mean `host`?",
        ),
        (
            "trunks:\n",
            "trunks:\n  - {name: x, sources: [192.0.2.9], dial_plan: {contry: GB}}\n",
            "4: trunks[0].dial_plan.contry: there is no option `contry`; did you mean `country`?",
        ),
        ("trunks:", "emergency: {number: []}\ntrunks:", "3: emergency.number: there is no option `number`; did you"),
        ("trunks:", "log: {level: debug}\ntrunks:", "3: log.level: there is no option `level`, expected one of: file,"),
        (
            "trunks:",
            "limits: {transaction: 9}\ntrunks:",
            "3: limits.transaction: there is no option `transaction`; did",
        ),
        (
            "trunks:",
            "tags: {heeder: X}\ntrunks:",
            "3: tags.heeder: there is no option `heeder`; did you mean `header`?",
        ),
        ("trunks:", "policy: {preste: none}\ntrunks:", "3: policy.preste: there is no option `preste`; did you mean"),
        (
            "trunks:",
            "policy: {rules: [{id: x, then: tag, when: {findings: stale}}]}\ntrunks:",
            "3: policy.rules[0].when.findings: there is no option `findings`; did you mean `finding`?",
        ),
        (
            "sources:",
            "identity: requires\n    sources:",
            "5: trunks[0].identity: there is no choice `requires`; did you mean `require`?",
        ),
        ("trunks:", "policy: {preset: strict}\ntrunks:", "3: policy.preset: there is no choice `strict`, expected one"),
        (
            "trunks:",
            "log: {numbers: hashed}\ntrunks:",
            "3: log.numbers: there is no choice `hashed`; did you mean `hash`",
        ),
    ],
)
def test_a_misspelt_word_suggests_the_right_one(folder: Folder, old: str, new: str, fault: str) -> None:
    assert folder.fault(changed(old, new)).startswith(fault)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  - name: carrier\n    sources:", "  - sources:", "4: trunks[0]: the key `name` is missing"),
        ("    address: 10.0.0.5:5060\n", "", "7: targets[0]: the key `address` is missing"),
        ("  - udp: 192.0.2.1:5060\n", "", "1: listen: expected a list, got nothing"),
        ("[198.51.100.0/24]", "198.51.100.0/24", "5: trunks[0].sources: expected a list, got text: `198.51.100.0/24`"),
        (
            "[198.51.100.0/24]",
            "[10.0]",
            "5: trunks[0].sources[0]: expected text, got a number: `10.0`; put it in quotes",
        ),
        ("sources:", "trusted: 'no'\n    sources:", "5: trunks[0].trusted: expected true or false, got text: `no`"),
        ("sources:", "name:\n    sources:", "5: trunks[0].name: this key stands twice; keep one of them"),
        (
            "trunks:",
            "emergency: {numbers: [112]}\ntrunks:",
            "3: emergency.numbers[0]: expected text, got a whole number: `112`; put it in quotes",
        ),
        (
            "trunks:",
            "limits: {transactions: 1}\ntrunks:",
            "3: limits.transactions: expected a whole number >= 100: `1`",
        ),
        (
            "trunks:",
            "limits: {transactions: true}\ntrunks:",
            "3: limits.transactions: expected a whole number, got true",
        ),
        ("trunks:", "limits:\ntrunks:", "3: limits: expected a mapping, got nothing"),
        ("trunks:", "limits: []\ntrunks:", "3: limits: expected a mapping, got a list"),
        ("anchors:", "max_age: 0.0\n  anchors:", "10: verification.max_age: expected a number > 0.0: `0.0`"),
        ("anchors:", "max_age: 1 min\n  anchors:", "10: verification.max_age: expected a number, got text: `1 min`"),
        (
            "anchors:",
            "replay: {entries: 10}\n  anchors:",
            "10: verification.replay.entries: expected a whole number >= 1000: `10`",
        ),
        ("anchors:", "time_limit: 31\n  anchors:", "10: verification.time_limit: expected a number <= 30.0: `31`"),
    ],
)
def test_a_wrong_shape_says_what_was_expected(folder: Folder, old: str, new: str, fault: str) -> None:
    assert folder.fault(changed(old, new)).startswith(fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: the key `listen` is missing"),
        ("- a\n", "1: expected a mapping, got a list"),
        ("hello\n", "1: expected a mapping, got text: `hello`"),
    ],
)
def test_a_file_of_another_kind_is_refused(folder: Folder, text: str, fault: str) -> None:
    assert folder.fault(text) == fault


def test_all_misspelt_words_are_said_at_once(folder: Folder) -> None:
    text = GOOD.replace("- udp:", "- upd:").replace("sources:", "source:") + "tgas: {}\n"
    assert [fault.split(":")[0] for fault in folder.faults(text)] == ["2", "5", "11"]


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file(folder: Folder) -> None:
    text = GOOD.replace("192.0.2.1:5060", "localhost").replace("198.51.100.0/24", "198.51.100.1/24, x")
    text = text.replace("name: pbx", "name: the pbx").replace("root.pem", "nowhere.pem")
    assert folder.faults(text) == [
        "2: listen[0].udp: `localhost` is no numeric address with a port, such as 192.0.2.1:5060 or [2001:db8::1]:5060",
        "5: trunks[0].sources[0]: `198.51.100.1/24` has bits beyond its mask; did you mean 198.51.100.0/24?",
        "5: trunks[0].sources[1]: `x` is no address or network, such as 192.0.2.7, 198.51.100.0/24 or 192.0.2.7:5062",
        "7: targets[0].name: `the pbx` is no name: up to 64 letters, digits, `_`, `-` and `.`",
        f"10: verification.anchors[0]: {folder.path / 'nowhere.pem'} cannot be read: No such file or directory; "
        "is the path right?",
    ]


# TLS.


def test_tls_needs_a_certificate(folder: Folder) -> None:
    fault = folder.fault(changed("udp: 192.0.2.1:5060", "udp: 192.0.2.1:5060\n  - tls: 192.0.2.1:5061"))
    assert "listen[1].tls: TLS needs a section `tls` with `certificate` and `key`" in fault


def test_a_tls_certificate_that_cannot_be_read_is_named(folder: Folder) -> None:
    text = changed("udp: 192.0.2.1:5060", "tls: 192.0.2.1:5061") + "tls: {certificate: no.pem, key: no.key}\n"
    text = changed("address: 10.0.0.5:5060", "address: 10.0.0.5:5060\n    transport: tls", text)
    assert "no.pem: No such file or directory" in folder.fault(text)


# Verification.


def test_anchors_are_files_and_folders(folder: Folder) -> None:
    (folder.path / "more").mkdir()
    folder.write("more/a.pem", pki().root.pem + pki().root.pem)
    folder.write("more/note.txt", b"not read")
    anchors = folder.load(changed("[root.pem]", "[root.pem, more]")).trust[0].anchors
    assert anchors is not None
    assert len(anchors.subjects) == 3


def test_anchors_are_needed_where_a_trunk_verifies(folder: Folder) -> None:
    text = changed("verification:\n  anchors: [root.pem]\n", "")
    assert folder.fault(text).startswith("1: verification.anchors: trunk `carrier` verifies, so at least one PEM file")
    config = folder.load(changed("sources:", "identity: ignore\n    sources:", text))
    assert config.trust == ()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "cannot be read as PEM certificates"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read as PEM certificates"),
        (b"\x00\xff" * 500, "cannot be read as PEM certificates"),
        (pki().signer.pem, "not a CA certificate: CN=SHAKEN 1234"),
        (pki().signer.key_pem, "cannot be read as PEM certificates"),
        (ROOT[:200], "cannot be read as PEM certificates"),
    ],
)
def test_an_anchor_that_is_none_is_named(folder: Folder, data: bytes, fault: str) -> None:
    (folder.path / "more").mkdir()
    folder.write("more/good.pem", ROOT)
    bad = folder.write("more/bad.pem", data)
    said = folder.fault(changed("[root.pem]", "[root.pem, more]"))
    assert said.startswith(f"10: verification.anchors[1]: {bad}: ")
    assert fault in said


def test_anchors_that_cannot_be_read_are_named(folder: Folder) -> None:
    (folder.path / "empty").mkdir()
    (folder.path / "odd").mkdir()
    (folder.path / "odd" / "folder.pem").mkdir()
    names = ["nowhere.pem", "empty", "odd", "x" * 300, "root.pem/x"]
    faults = folder.faults(changed("[root.pem]", f"[{', '.join(names)}]"))
    assert [fault.rpartition(": ")[2] for fault in faults] == [
        "No such file or directory; is the path right?",
        f"there is no *.pem file in the folder {folder.path / 'empty'}".rpartition(": ")[2],
        "Is a directory; name a file, not a folder",
        "File name too long",
        "Not a directory; what stands before the last `/` must be a folder",
    ]


LABORATORY = "repository:\n    laboratories:\n      - {}\n  anchors:"


def test_a_laboratory_is_a_host_a_port_and_its_own_authority(folder: Folder) -> None:
    text = changed("anchors:", LABORATORY.format("{host: Lab.example, port: 8444, web_ca: root.pem}"))
    (laboratory,) = folder.load(text).repository.laboratories
    assert laboratory.place == ("lab.example", 8444)
    assert laboratory.web_ca == str(folder.path / "root.pem")
    for host in ("127.0.0.1", "'::1'", "'[::1]'"):
        text = changed("anchors:", LABORATORY.format(f"{{host: {host}, private_address: true}}"))
        assert folder.load(text).repository.laboratories[0].private_address


@pytest.mark.parametrize("host", ["https://lab.example", "lab.example:8444", "''", "a b", "0x7f.1", "lab.example/x"])
def test_a_laboratory_that_no_url_could_name_is_refused(folder: Folder, host: str) -> None:
    fault = folder.fault(changed("anchors:", LABORATORY.format(f"{{host: {host}}}")))
    assert fault.startswith("12: verification.repository.laboratories[0].host: `")
    assert fault.endswith("is no host name or address")


@pytest.mark.parametrize("name", ["nowhere.pem", "text.pem", "broken.pem"])
def test_a_web_authority_that_is_none_is_refused(folder: Folder, name: str) -> None:
    folder.write("text.pem", b"hello")
    folder.write("broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    fault = folder.fault(changed("anchors:", LABORATORY.format(f"{{host: lab.example, web_ca: {name}}}")))
    assert fault.startswith(f"12: verification.repository.laboratories[0].web_ca: {folder.path / name}")


@pytest.mark.parametrize(
    "number", ['"1"', '"+112"', '"11 2"', '"sos"', '""', '"1234567890123456"', '"\u0661\u0661\u0662"']
)
def test_an_emergency_number_that_nobody_dials_is_refused(folder: Folder, number: str) -> None:
    fault = folder.fault(f"{GOOD}emergency: {{numbers: [{number}]}}\n")
    assert fault.startswith("11: emergency.numbers[0]: `")


# Tags, log and state.


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ("{header: 'X A'}", "11: tags.header: `X A` is no name of a header field"),
        ('{header: "X-\u00dc"}', "11: tags.header: `X-\u00dc` is no name of a header field"),
        ("{header: 'X:'}", "11: tags.header: `X:` is no name of a header field"),
        ("{header: From}", "11: tags.header: `From` has a meaning of its own in SIP; take a private name"),
        ("{header: f}", "11: tags.header: `f` has a meaning of its own in SIP; take a private name"),
        ("{header: p-asserted-identity}", "11: tags.header: `p-asserted-identity` has a meaning of its own in SIP"),
        ("{attestation_headers: [y]}", "11: tags.attestation_headers: `y` has a meaning of its own in SIP"),
        ("{origid_headers: [Via]}", "11: tags.origid_headers: `Via` has a meaning of its own in SIP"),
        ("{origid_headers: ['']}", "11: tags.origid_headers: `` is no name of a header field"),
        ("{header: p-origination-id}", "11: tags.origid_headers: `P-Origination-ID` is written already, with another"),
    ],
)
def test_a_tag_under_a_name_that_means_something_else_is_refused(folder: Folder, tags: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}tags: {tags}\n").startswith(fault)


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ("{verstat: true}", "11: tags.verstat: there is no choice `true`, expected one of: level, none, standard"),
        ("{verstat: levels}", "11: tags.verstat: there is no choice `levels`; did you mean `level`?"),
        ("{reason: STIR}", "11: tags.reason: there is no choice `STIR`, expected one of: both, none, sip, stir"),
        ("{no_tn_validation: 1}", "11: tags.no_tn_validation: expected true or false, got a whole number: `1`"),
    ],
)
def test_a_tag_of_another_form_is_refused(folder: Folder, tags: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}tags: {tags}\n") == fault


def test_tags_can_be_left_out(folder: Folder) -> None:
    tags = folder.load(f'{GOOD}tags: {{header: "", attestation_headers: [], origid_headers: []}}\n').tags
    assert tags.names == frozenset()


def test_paths_are_relative_to_the_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.path / "state").mkdir()
    monkeypatch.chdir("/")
    config = folder.load(f"{GOOD}log: {{file: guard.log}}\nstate_directory: state\n")
    assert config.log.file == str(folder.path / "guard.log")
    assert config.state_directory == folder.path / "state"
    assert folder.load(f"{GOOD}log: {{file: /var/log/guard.log}}\n").log.file == "/var/log/guard.log"
    assert folder.load(GOOD).log.file == "-"


@pytest.mark.parametrize("name", ["nowhere", "root.pem", "x" * 300])
def test_a_state_directory_that_is_none_is_refused(folder: Folder, name: str) -> None:
    assert folder.fault(f"{GOOD}state_directory: {name}\n").startswith("11: state_directory: ")


def test_the_record_is_in_the_state_directory_or_where_it_is_said(folder: Folder) -> None:
    (folder.path / "state").mkdir()
    (folder.path / "elsewhere").mkdir()
    state = f"{GOOD}state_directory: state\n"
    there = folder.load(state).record
    assert there is not None
    assert (there.place, there.days, there.max_octets) == (folder.path / "state" / "decisions.sqlite3", 90.0, 2**30)
    assert folder.load(GOOD).record is None
    assert folder.load(f'{state}record: {{file: ""}}\n').record is None
    whole = folder.path / "elsewhere" / "calls.sqlite3"
    for name, expected in (("calls.sqlite3", "state/calls.sqlite3"), (str(whole), str(whole))):
        found = folder.load(f"{state}record: {{file: {name}, days: 7, max_octets: 20000000, queue: 500}}\n").record
        assert found is not None
        assert (found.place, found.days, found.queue) == (folder.path / expected, 7.0, 500)
    assert folder.load(f"{GOOD}record: {{file: {whole}}}\n").record is not None


def test_the_record_may_be_in_a_database_instead(folder: Folder) -> None:
    (folder.path / "password").write_text("secret\n")
    found = folder.load(f"{GOOD}record: {{days: 7, postgresql: {{}}}}\n").record
    assert found is not None
    assert (found.place, found.days, found.max_octets) == (Server(), 7.0, None)
    assert str(found.place) == "postgresql://sip_guard@/sip_guard?host=/run/postgresql&port=5432"
    there = "{host: db.example.com, port: 5433, database: calls, user: guard, password_file: password, ca: root.pem}"
    found = folder.load(f"{GOOD}record: {{postgresql: {there}}}\n").record
    assert found is not None
    assert isinstance(found.place, Server)
    assert (found.place.password_file, found.place.ca) == (str(folder.path / "password"), str(folder.path / "root.pem"))
    assert str(found.place) == "postgresql://guard@db.example.com:5433/calls"


def test_it_is_said_what_to_install_for_a_database(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert folder.fault(f"{GOOD}record: {{postgresql: {{}}}}\n") == (
        "11: record.postgresql: the driver pg8000 is not installed: pip install 'sip-guard[postgresql]', "
        "for the guard's own Python"
    )


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ("file: calls.sqlite3", "11: record.file: `calls.sqlite3` would be in `state_directory`, which is not set; "),
        ("file: /nowhere/calls.sqlite3", "11: record.file: /nowhere/calls.sqlite3 is a folder, or in one that is not"),
        (f"file: /{'x' * 300}", "11: record.file: "),
        ("max_octets: 1000", "11: record.max_octets: "),
        ("days: 0", "11: record.days: "),
        (
            "postgresql: {}, file: a.sqlite3",
            "11: record.file: decisions are kept in a file or with `postgresql`, not in both; leave one out",
        ),
        ("postgresql: {}, max_octets: 20000000", "11: record.max_octets: it bounds a file; in PostgreSQL `days` alone"),
        (
            "postgresql: {ca: root.pem}",
            "11: record.postgresql.ca: there is no TLS here: `host` is the folder of a Unix",
        ),
        ("postgresql: {host: db, password_file: none}", "11: record.postgresql.password_file: "),
        ("postgresql: {port: 0}", "11: record.postgresql.port: "),
        ("postgresql: {password: secret}", "11: record.postgresql.password: there is no option `password`"),
        ("keep: 9", "11: record.keep: there is no option `keep`"),
    ],
)
def test_a_record_that_cannot_be_kept_is_told_with_its_line(folder: Folder, record: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}record: {{{record}}}\n").startswith(fault)


def test_a_name_that_is_too_long_for_a_file_is_a_fault(folder: Folder) -> None:
    assert folder.fault(f"{GOOD}log: {{file: {'x' * 300}}}\n").startswith("11: log.file: ")


REPOSITORIES = "repository:\n    repositories:\n      - certs.example.com\n      - {}\n  anchors:"


@pytest.mark.parametrize("name", ["certs.example.net", '"*.example.net"', "8.8.8.8", '"2606:4700::1"', "CERTS.example"])
def test_repositories_are_listed_by_host_or_domain(folder: Folder, name: str) -> None:
    config = folder.load(changed("anchors:", REPOSITORIES.format(name)))
    assert config.repository.repositories == ("certs.example.com", name.strip('"'))


@pytest.mark.parametrize(
    "name", ["https://a.example", "a.example/b", "a.example:443", '"*"', '"a.*.example"', '""', "0x7f.1"]
)
def test_what_is_no_repository_is_told_with_its_line(folder: Folder, name: str) -> None:
    fault = folder.fault(changed("anchors:", REPOSITORIES.format(name)))
    shown = name.strip('"')
    assert fault.startswith(f"13: verification.repository.repositories[1]: `{shown}` is no host name, such as ")


def test_a_cache_whose_bounds_contradict_each_other_is_a_fault(folder: Folder) -> None:
    text = changed("anchors:", "repository: {cache_seconds: 90000.0, max_cache_seconds: 80000.0}\n  anchors:")
    assert folder.fault(text) == "10: verification.repository: `max_cache_seconds` is less than `cache_seconds`"


def test_tokens_of_diverted_calls_may_be_as_old_as_any(folder: Folder) -> None:
    freshness = folder.load(changed("anchors:", "max_age: 3600\n  anchors:")).freshness
    assert (freshness.max_age, freshness.max_diverted_age) == (3600, 3600)
    assert folder.load(GOOD).freshness.max_diverted_age == 300
