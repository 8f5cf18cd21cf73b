"""YAML to plain values, with the line that each of them stands on."""

import re
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from sip_guard.config.fault import ConfigError, Fault, Placed, unknown
from sip_guard.config.files import why

MAX_OCTETS = 1024 * 1024
"""Of a configuration file."""
MAX_VALUES = 100_000
"""Of its keys and values, each alias counted as what it stands for."""
MAX_DEPTH = 12
"""Of lists and mappings within each other."""
MAX_KEY = 64
"""Characters of a key."""
MAX_FAULTS = 50
"""Faults that are shown."""
MAX_PROBLEM = 500
"""Characters that are shown of one."""

S = TypeVar("S")

_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[]+)")
_QUOTED = re.compile(r"`([^`]*)`")
_TAG = "tag:yaml.org,2002:"
_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": {"true": True, "false": False}.__getitem__,
    "null": lambda _: None,
}
_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
"""msgspec's words in those of the file."""


class _Loader(yaml.SafeLoader):
    """YAML without dates, octal and sexagesimal numbers, and without `yes` for true."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(_TAG + "null", re.compile(r"(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver(_TAG + "bool", re.compile(r"(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(_TAG + "int", re.compile(r"-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver(_TAG + "float", re.compile(r"-?[0-9]+\.[0-9]+$"), list("-0123456789"))


class Source:
    """One file: its values, and where they stand."""

    def __init__(self, name: str, text: str) -> None:
        """Read `text` of the file `name`. Raises ConfigError."""
        self.name = name
        self._lines: dict[str, int] = {}
        self._faults: list[Fault] = []
        node = self._node(text)
        self.values: Any = {} if node is None else self._plain(node, "", 0)
        self.refuse(self._faults)

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Read a file. Raises ConfigError."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_OCTETS + 1)
        except (OSError, ValueError) as error:
            raise ConfigError([Placed(f"cannot be read: {why(error)}", str(path))]) from None
        if len(data) > MAX_OCTETS:
            what = f"larger than {MAX_OCTETS} octets; put long lists into files of their own (`lists`, `numbers`)"
            raise ConfigError([Placed(what, str(path))])
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise ConfigError([Placed("this is not UTF-8; save the file in that encoding", str(path), line)]) from None
        return cls(str(path), text)

    def refuse(self, faults: list[Fault]) -> None:
        """Raise ConfigError if there is any fault, in the order of the file."""
        if faults:
            raise self._error(faults)

    def convert(self, shape: type[S]) -> S:
        """Give the values as `shape`, a msgspec type. Raises ConfigError."""
        self.refuse(_misspelt(self.values, shape, ""))
        try:
            return msgspec.convert(self.values, shape, strict=True)
        except msgspec.ValidationError as error:
            message = str(error)
            at = _AT.search(message)
            path = at["path"] if at else ""
            raise self._error([Fault(path.lstrip("."), _in_words(_AT.sub("", message), self._value(path)))]) from None

    def _node(self, text: str) -> yaml.Node | None:
        line = 0
        try:
            loader = _Loader(text)
            try:
                return loader.get_single_node()
            finally:
                line = loader.line
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line if error.problem_mark else line
            said = ", ".join(filter(None, (error.context, error.problem)))
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position)
            said = f"the character U+{error.character:04X}"
        except RecursionError:
            said = "nested too deeply"
        except (ValueError, OverflowError):
            said = "an escape that is no character"
        raise ConfigError([Placed(f"this is not YAML: {said}", self.name, line + 1)]) from None

    def _error(self, faults: list[Fault]) -> ConfigError:
        placed = sorted(((self._line(fault.path), fault) for fault in faults), key=lambda pair: pair[0])
        shown = [Placed(_shown(fault.problem), self.name, line, fault.path) for line, fault in placed[:MAX_FAULTS]]
        if len(placed) > MAX_FAULTS:
            shown.append(Placed(f"and {len(placed) - MAX_FAULTS} more", self.name))
        return ConfigError(shown)

    def _line(self, path: str) -> int:
        """Give the line of a path, or of the nearest thing around it that is in the file."""
        while path and path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._lines.get(path, 1)

    def _value(self, path: str) -> object:
        """Give what stands at a path as msgspec writes it."""
        value = self.values
        if path.endswith("[...]"):
            # msgspec does not say which key of a mapping it was.
            return None
        for index, key in _STEP.findall(path):
            value = value[int(index)] if index else value[key]
        return value

    def _plain(self, node: yaml.Node, path: str, depth: int) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if len(self._lines) > MAX_VALUES:
            raise ConfigError([Placed(f"more than {MAX_VALUES} values", self.name)])
        if depth > MAX_DEPTH:
            return self._fault(path, "nested too deeply")
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self._plain(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        read = _SCALARS.get(node.tag.removeprefix(_TAG))
        if read is None or not isinstance(node, yaml.ScalarNode):
            return self._fault(path, f"the tag `{node.tag}` means nothing here")
        if not node.value.isprintable():
            return self._fault(path, "holds a character that cannot be printed")
        try:
            return read(node.value)
        except (ValueError, KeyError):
            return self._fault(path, f"cannot read `{node.value}`")

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            is_word = isinstance(key, str) and len(key) <= MAX_KEY and key.isprintable()
            below = f"{path}.{key if is_word else '?'}".lstrip(".")
            self._lines[below] = key_node.start_mark.line + 1
            if not is_word:
                self._fault(below, "this key is no word")
                continue
            if key in values:
                self._fault(below, "this key stands twice; keep one of them")
            values[key] = self._plain(value_node, below, depth + 1)
        return values

    def _fault(self, path: str, problem: str) -> None:
        self._faults.append(Fault(path, problem))


def _shown(problem: str) -> str:
    """Give it on one line, whatever the file holds."""
    text = problem if len(problem) <= MAX_PROBLEM else problem[:MAX_PROBLEM] + " ..."
    return "".join(c if c.isprintable() else "?" for c in text)


def _in_words(message: str, value: object) -> str:
    """Give what msgspec says of a value in the words of the file."""
    missing = message.removeprefix("Object missing required field ")
    if missing != message:
        return f"the key {missing} is missing"
    said = _QUOTED.sub(lambda m: " or ".join(_WORDS.get(word, f"`{word}`") for word in m[1].split(" | ")), message)
    said = said[:1].lower() + said[1:]
    if isinstance(value, (dict, list)) or value is None:
        return said
    in_quotes = "; put it in quotes" if said.startswith("expected text") and not isinstance(value, str) else ""
    return f"{said}: `{_written(value)}`{in_quotes}"


def _written(value: object) -> str:
    """Give it as it is written in the file."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _misspelt(values: object, shape: object, path: str) -> list[Fault]:
    """Find keys that no option has and words that no choice is, each with the one that was probably meant."""
    origin, parts = typing.get_origin(shape), typing.get_args(shape)
    if origin is typing.Annotated:
        return _misspelt(values, parts[0], path)
    if origin in (typing.Union, types.UnionType):
        return [fault for part in parts for fault in _misspelt(values, part, path)]
    if origin is typing.Literal and isinstance(values, str | bool) and values not in parts:
        return [Fault(path, unknown("choice", _written(values), parts))]
    if origin in (list, tuple) and isinstance(values, list):
        return [fault for i, item in enumerate(values) for fault in _misspelt(item, parts[0], f"{path}[{i}]")]
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct) and isinstance(values, dict)):
        return []
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
    faults = []
    for key, value in values.items():
        below = f"{path}.{key}" if path else key
        if key in fields:
            faults += _misspelt(value, fields[key], below)
        else:
            faults.append(Fault(below, unknown("option", key, fields)))
    return faults
