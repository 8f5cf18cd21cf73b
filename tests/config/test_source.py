"""YAML to values: every way to be wrong has a line, and nothing takes long."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from wrong import GOOD, Folder, changed

from sip_guard.config import ConfigError, load
from sip_guard.config.source import MAX_DEPTH, MAX_FAULTS, MAX_OCTETS, MAX_VALUES, Source


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-7", -7),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("null", None),
        ("", None),
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("True", "True"),
        ("0123", "0123"),
        ("00", "00"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("'112'", "112"),
        ("!!str 112", "112"),
        ("192.0.2.7:5062", "192.0.2.7:5062"),
        ("{a: [1, {b: c}]}", {"a": [1, {"b": "c"}]}),
    ],
)
def test_a_value_is_what_a_person_would_take_it_for(text: str, value: object) -> None:
    assert Source("x", f"key: {text}").values == {"key": value}


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert Source("x", "").values == {}
    assert Source("x", "# nothing\n").values == {}


def test_an_alias_stands_for_what_it_names() -> None:
    assert Source("x", "a: &a [1, 2]\nb: *a\n").values == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a:\n\tb: 1\n", "2: this is not YAML: while scanning for the next token, found character '\\t'"),
        ("a: [1\nb: 2\n", "2: this is not YAML: while parsing a flow sequence"),
        ("a: 1\n--- \nb: 2\n", "2: this is not YAML: expected a single document"),
        ("a: 1\nb: *c\n", "2: this is not YAML: found undefined alias"),
        ("a: 1\nb: \x07\n", "2: this is not YAML: the character U+0007"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', "2: this is not YAML: an escape that is no character"),
        ('a: 1\nb: "\\ud800"\n', "2: b: holds a character that cannot be printed"),
        ('a: 1\nb: "x\\0y"\n', "2: b: holds a character that cannot be printed"),
        ("a: 1\nb: 2\na: 3\n", "3: a: this key stands twice; keep one of them"),
        ("a:\n  b: 1\n  b: 1\n", "3: a.b: this key stands twice; keep one of them"),
        ("? [a, b]\n: c\n", "1: ?: this key is no word"),
        ("x: 1\n" + "k" * 65 + ": 1\n", "2: ?: this key is no word"),
        ("a: 1\nb: !!python/object:os.system x\n", "2: b: the tag `tag:yaml.org,2002:python/object:os.system` means"),
        ("a: !!timestamp abc\n", "1: a: the tag `tag:yaml.org,2002:timestamp` means nothing here"),
        ("a: !!set {b}\n", "1: a: the tag `tag:yaml.org,2002:set` means nothing here"),
        ("a: !!seq b\n", "1: a: the tag `tag:yaml.org,2002:seq` means nothing here"),
        ('a: !!int ""\n', "1: a: cannot read ``"),
        ("a: !!bool maybe\n", "1: a: cannot read `maybe`"),
        ("a: !!int " + "9" * 5000 + "\n", "1: a: cannot read `99999"),
    ],
)
def test_what_is_not_read_has_a_line(folder: Folder, text: str, fault: str) -> None:
    assert folder.fault(text).startswith(fault)


def test_octets_that_are_not_utf_8_have_a_line(folder: Folder) -> None:
    assert folder.fault(b"a: 1\nb: \xff\n") == "2: this is not UTF-8; save the file in that encoding"


def test_a_fault_is_one_line_however_the_file_is_written(folder: Folder) -> None:
    fault = folder.fault(GOOD.replace("192.0.2.1:5060", '"' + "x" * 100_000 + '\u00e9"'))
    assert fault.startswith("2: listen[0].udp: `xxx")
    assert len(fault) < 600


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{b: " * 50_000, "- " * 50_000, "a: &a [*a]", "? " * 50_000])
def test_nesting_without_end_is_refused(folder: Folder, text: str) -> None:
    assert "nested too deeply" in folder.fault(text)


def test_nesting_is_bounded(folder: Folder) -> None:
    assert Source("x", "[" * MAX_DEPTH + "]" * MAX_DEPTH).values
    deep = "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)
    assert folder.fault(deep).endswith("[0]: nested too deeply")


def test_a_billion_laughs_are_refused(folder: Folder) -> None:
    lines = ["a0: &a0 [" + "x, " * 9 + "x]"]
    lines += [f"a{i}: &a{i} [" + f"*a{i - 1}, " * 9 + f"*a{i - 1}]" for i in range(1, 10)]
    with pytest.raises(ConfigError) as caught:
        folder.load("\n".join(lines))
    assert str(caught.value) == f"{folder.path / 'guard.yaml'}: more than {MAX_VALUES} values"


def test_aliases_that_name_each_other_are_refused(folder: Folder) -> None:
    assert folder.faults("a: &a [*a, *a]")[0].endswith("nested too deeply")


def test_a_file_without_end_is_not_read_to_its_end(folder: Folder) -> None:
    with pytest.raises(ConfigError, match=f"larger than {MAX_OCTETS} octets"):
        load(Path("/dev/zero"))


def test_of_many_faults_the_first_are_shown(folder: Folder) -> None:
    text = "".join(f"x{i}: 1\n" for i in range(MAX_FAULTS + 7))
    with pytest.raises(ConfigError) as caught:
        folder.load(text)
    assert len(caught.value.lines) == MAX_FAULTS + 1
    assert caught.value.lines[-1].endswith("guard.yaml: and 7 more")


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: path / "nowhere.yaml", "No such file or directory; is the path right?"),
        (lambda path: path, "Is a directory; name a file, not a folder"),
        (lambda path: path / "guard.yaml" / "x", "Not a directory; what stands before the last `/` must be a folder"),
        (lambda path: path / ("x" * 5000), "File name too long"),
        (lambda path: path / "a\0b", "embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder: Folder, make: object, fault: str) -> None:
    folder.write("guard.yaml", b"")
    assert callable(make)
    path = make(folder.path)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: cannot be read: {fault}"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.text().map(str.encode) | st.text("[]{}&*!?:-, \n\"'\\|>%@`#~ax0Uu").map(str.encode))
@example(b"%YAML 99.9\n---\n")
@example(b"\xef\xbb\xbfa: 1")
@example(b"a: |\r  b\n")
@example(b"<<: {a: 1}")
@example(b"!<%ff> a")
def test_any_octets_load_or_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "guard.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.lines


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_change_of_a_good_file_loads_or_is_refused(folder: Folder, data: st.DataObject) -> None:
    text = changed(
        "verification:",
        "    probe: {every: 15}\n  - {name: sbc, address: 'sbc.example:5070', trunk: carrier, sources: [10.0.0.8/29]}\n"
        "routes:\n  - {header: X-Out, value: a, trunks: carrier}\n  - {prefixes: ['+', '0'], trunks: [carrier]}\n"
        "verification:",
        GOOD + 'policy: {rules: [{id: x, when: {finding: [unsigned]}, then: reject 403}]}\ntags: {header: "X-A"}\n',
    )
    folder.load(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    other = text[:start] + data.draw(st.text(max_size=12) | st.sampled_from(["[]", "{}", "~", "0", "\n"])) + text[end:]
    with suppress(ConfigError):
        folder.load(other.encode("utf-8", "surrogatepass"))
