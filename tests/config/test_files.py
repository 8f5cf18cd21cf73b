"""The files that ship: each loads, and the one that shows every option really does."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from types import UnionType

import msgspec
import pytest

from sip_guard.config import load
from sip_guard.config.options import File, Listen, Rule, Target, Trunk, When
from sip_guard.config.source import Source
from sip_guard.repository.https import Laboratory
from sip_guard.transport.tls import TlsFiles

CONFIGS = Path(__file__).parents[2] / "configs"
EVERY_OPTION = CONFIGS / "sip_guard.yaml"


def shapes(shape: object) -> Iterator[type[msgspec.Struct]]:
    """Give the mappings within an option's type."""
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        yield shape
    elif typing.get_origin(shape) is not None or isinstance(shape, UnionType):
        for part in typing.get_args(shape):
            yield from shapes(part)


def not_shown(values: object, shape: type[msgspec.Struct], path: str) -> Iterator[str]:
    """Give the options of a mapping that stand in none of its examples."""
    examples = values if isinstance(values, list) else [values]
    for field in msgspec.structs.fields(shape):
        shown = [item[field.encode_name] for item in examples if isinstance(item, dict) and field.encode_name in item]
        if not shown:
            yield f"{path}{field.encode_name}"
        for below in shapes(field.type):
            inner = [each for item in shown for each in (item if isinstance(item, list) else [item])]
            yield from not_shown(inner, below, f"{path}{field.encode_name}.")


def values() -> dict[str, typing.Any]:
    text = re.sub(
        r"(?m)^( *)# (?=- tls:|tls:|server_name:|  [a-z_]+: |state_directory:)", r"\1", EVERY_OPTION.read_text("utf-8")
    )
    found = Source("x", text).values
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_each_configuration_that_ships_loads(path: Path) -> None:
    config = load(path)
    assert config.anchors is not None
    assert {rule.id for rule in config.rules} >= {"attested", "mismatch", "unsigned"}


def test_every_option_is_shown() -> None:
    assert list(not_shown(values(), File, "")) == []


def test_an_option_that_is_not_shown_is_noticed() -> None:
    text = EVERY_OPTION.read_text("utf-8").replace("per_host:", "# per_host:").replace("attestation: [B, C]", "")
    assert list(not_shown(Source("x", text).values, File, "")) == [
        "listen.tls",
        "targets.server_name",
        "verification.repository.per_host",
        "policy.rules.when.attestation",
        "tls",
        *(f"tls.{name}" for name in ("certificate", "key", "ca", "client_ca", "present")),
        "state_directory",
    ]


def test_values_that_are_shown_are_the_defaults_unless_they_are_examples() -> None:
    examples = (Listen, Trunk, Target, Rule, When, Laboratory, TlsFiles)
    checked = []

    def check(value: dict[str, typing.Any], shape: type[msgspec.Struct]) -> None:
        for field in msgspec.structs.fields(shape):
            inner = list(shapes(field.type))
            if any(each in examples for each in inner):
                continue
            if inner:
                check(value[field.encode_name], inner[0])
            elif field.encode_name not in ("anchors", "state_directory"):
                assert msgspec.convert(value[field.encode_name], field.type) == field.default, field.name
                checked.append(field.name)

    check(values(), File)
    assert {"max_age", "timeout", "numbers", "preset", "header", "transactions"} <= set(checked)
