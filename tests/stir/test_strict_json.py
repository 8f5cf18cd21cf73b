"""RFC 8225 4 and 9: JSON that two readers could read in two ways is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.stir.strict_json import MAX_NESTS, members


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":[{"b":1,"b":2}]}',
        b'{ "a": 1, "b": {"c": {"d": 1, "d": 2}} }',
        rb'{"a":1,"\u0061":2}',
        rb'{"dest":{"t\u006e":["1"],"tn":["2"]}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":1.}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1}{"b":2}',
        b'{"a":1} x',
        b'{"a":"\xff"}',
        b'{"\xff":1}',
        b'{"a":"\xed\xa0\x80"}',
        rb'{"a":"\ud800"}',
        rb'{"a":"\ud800xxxxxxxx"}',
        b'{"a":"\x00"}',
        b'{"a":"\n"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1/*b*/}',
        b"",
        b"[]",
        b'"a"',
        b"1",
        b"null",
        b'{"a":' + b"[" * MAX_NESTS + b"]" * MAX_NESTS + b"}",
        b"[" * 16_000,
        b'{"a":' * 4_000,
        b'{"a":' + b"9" * 16_000 + b"}",
    ],
    ids=lambda text: text[:30].decode("latin-1"),
)
def test_what_is_not_one_strict_object_is_refused(text: bytes) -> None:
    assert members(text) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (b"{}", {}),
        (b' {"b" : [1, 2],\n"a":{"b":null}} ', {"b": [1, 2], "a": {"b": None}}),
        (rb'{"\u0061":"\/"}', {"a": "/"}),
        (b'{"a":1.0,"b":1e3,"c":-0}', {"a": 1.0, "b": 1000.0, "c": 0}),
        ('{"a":"\u00e4\u4e2d"}'.encode(), {"a": "\u00e4\u4e2d"}),
        (rb'{"a":"\ud83d\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":{"x":1},"b":{"x":1}}', {"a": {"x": 1}, "b": {"x": 1}}),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
    ],
)
def test_the_usual_spellings_are_read(text: bytes, meaning: dict[str, object]) -> None:
    assert members(text) == meaning


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), _JSON, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_every_object_without_duplicates_is_read_however_it_is_written(
    value: dict[str, object], escaped: bool, indent: int | None
) -> None:
    assert members(json.dumps(value, ensure_ascii=escaped, indent=indent).encode()) == value


@given(st.dictionaries(st.sampled_from("ab"), _JSON, min_size=1, max_size=2), _JSON, st.sampled_from(["", " "]))
def test_no_object_with_a_duplicate_is_read(value: dict[str, object], again: object, space: str) -> None:
    name = next(iter(value))
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    more = f',{space}"{name}":{json.dumps(again, ensure_ascii=False, separators=(",", ":"))}'
    assert members((text[:-1] + more + "}").encode()) is None
    assert members(('{"c":[' + text[:-1] + more + "}]}").encode()) is None


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:ab01e.-\\u ', max_size=40).map(str.encode))
def test_any_octets_are_members_or_nothing(text: bytes) -> None:
    found = members(text)
    assert found is None or isinstance(found, dict)
