"""YAML to plain values, with the line that each of them stands on."""

import difflib
import re
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from sip_guard.config.fault import ConfigError, Fault

MAX_OCTETS = 4 * 1024 * 1024
"""Of a configuration file."""
MAX_DEPTH = 32
"""Of lists and mappings within each other."""

S = TypeVar("S")

_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_INDEX = re.compile(r"\[(\d+)\]|\.([^.\[]+)")


class _Loader(yaml.SafeLoader):
    """YAML without dates, octal and sexagesimal numbers, and without `yes` for true."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?[0-9]+\.[0-9]+$"), list("-0123456789"))


class Source:
    """One file: its values, and where they stand."""

    def __init__(self, name: str, text: str) -> None:
        """Read `text` of the file `name`. Raises ConfigError."""
        self.name = name
        self._lines: dict[str, int] = {}
        self._faults: list[Fault] = []
        try:
            loader = _Loader(text)
            try:
                node = loader.get_single_node()
                self.values: Any = {} if node is None else self._plain(loader, node, "", 0)
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            said = ", ".join(filter(None, (error.context, error.problem)))
            raise ConfigError([f"{name}:{line}: this is not YAML: {said}"]) from None
        except yaml.YAMLError as error:
            raise ConfigError([f"{name}:1: this is not YAML: {error}"]) from None
        self.refuse(self._faults)

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Read a file. Raises ConfigError."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
        if len(data) > MAX_OCTETS:
            raise ConfigError([f"{path}: larger than {MAX_OCTETS} octets"])
        try:
            return cls(str(path), data.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise ConfigError([f"{path}:{line}: this is not UTF-8"]) from None

    def refuse(self, faults: list[Fault]) -> None:
        """Raise ConfigError if there is any fault, in the order of the file."""
        if faults:
            raise self._error(faults)

    def convert(self, shape: type[S]) -> S:
        """Give the values as `shape`, a msgspec type. Raises ConfigError."""
        self.refuse(_unknown_keys(self.values, shape, ""))
        try:
            return msgspec.convert(self.values, shape, strict=True)
        except msgspec.ValidationError as error:
            message = str(error)
            at = _AT.search(message)
            path = at["path"].lstrip(".") if at else ""
            raise self._error([Fault(path, _AT.sub("", message))]) from None

    def _error(self, faults: list[Fault]) -> ConfigError:
        placed = sorted(((self._line(fault.path), fault) for fault in faults), key=lambda pair: pair[0])
        return ConfigError([f"{self.name}:{line}: {f.path + ': ' if f.path else ''}{f.problem}" for line, f in placed])

    def _line(self, path: str) -> int:
        """Give the line of a path, or of the nearest thing around it that is in the file."""
        while path not in self._lines and path:
            path = re.sub(r"(\[\d+\]|\.?[^.\[]+)$", "", path)
        return self._lines.get(path, 1)

    def _plain(self, loader: _Loader, node: yaml.Node, path: str, depth: int) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if depth > MAX_DEPTH:
            self._faults.append(Fault(path, "nested too deeply"))
            return None
        if isinstance(node, yaml.MappingNode):
            values: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                below = f"{path}.{key}" if path else key
                if key in values:
                    self._faults.append(Fault(path, f"the key `{key}` stands twice; keep one of them"))
                self._lines[below] = key_node.start_mark.line + 1
                values[key] = self._plain(loader, value_node, below, depth + 1)
            return values
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(loader, item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        try:
            return loader.construct_object(node)
        except ValueError:
            self._faults.append(Fault(path, f"cannot read `{node.value}`"))
            return None


def _unknown_keys(values: object, shape: object, path: str) -> list[Fault]:
    """Find keys that no option has, each with the option that was probably meant."""
    origin = typing.get_origin(shape)
    if origin in (typing.Union, types.UnionType):
        return [fault for part in typing.get_args(shape) for fault in _unknown_keys(values, part, path)]
    if origin in (list, tuple) and isinstance(values, list):
        inner = typing.get_args(shape)[0]
        return [fault for i, item in enumerate(values) for fault in _unknown_keys(item, inner, f"{path}[{i}]")]
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct) and isinstance(values, dict)):
        return []
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
    faults = []
    for key, value in values.items():
        below = f"{path}.{key}" if path else key
        if key in fields:
            faults += _unknown_keys(value, fields[key], below)
            continue
        near = difflib.get_close_matches(key, fields, 1)
        meant = f"did you mean `{near[0]}`?" if near else f"expected one of: {', '.join(sorted(fields))}"
        faults.append(Fault(below, f"there is no option `{key}` here; {meant}"))
    return faults
