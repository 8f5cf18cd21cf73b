"""The files that ship: each loads, and the one that shows every option really does."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from types import UnionType

import msgspec
import pytest
from shipped import CONFIGS, NAMES, copied

from sip_guard.config import Config, ConfigError, load
from sip_guard.config.options import (
    Admin,
    Brand,
    Columns,
    File,
    Hep,
    Listen,
    NumberList,
    Numbers,
    Redress,
    RevocationList,
    Route,
    Rule,
    Target,
    Trunk,
    Trust,
    TrustList,
    When,
)
from sip_guard.config.source import Source
from sip_guard.journal.options import Server
from sip_guard.repository.reach import Laboratory
from sip_guard.transport.tls import TlsFiles

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


_OPTIONAL = (
    "- tls:|tls:|certificates?:|key:|password:|server_name:|signing:|url:|permitted:|allocations:|  [a-z_]+: |"
    "state_directory:|postgresql:|hep:"
)
COMMENTED = re.compile(rf"^( *)# (?={_OPTIONAL}| {{2,6}}(?:- )?[a-z_]+: )", re.MULTILINE)
"""What only stands as a comment, for it needs something that is not there."""


def values() -> dict[str, typing.Any]:
    text = COMMENTED.sub(r"\1", EVERY_OPTION.read_text("utf-8"))
    found = Source("x", text).values
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_configuration_that_ships_loads(tmp_path: Path, name: str) -> None:
    config = load(copied(tmp_path) / name)
    assert config.trust
    assert {rule.id for rule in config.rules} >= {"attested", "mismatch", "unsigned"}


def shown(name: str, folder: Path) -> Config:
    return load(copied(folder) / name)


def test_two_pbxs_stand_in_for_each_other(tmp_path: Path) -> None:
    config = shown("two_pbxs.yaml", tmp_path)
    assert config.trunks[0].targets == ("pbx-1", "pbx-2")
    assert [(target.priority, target.probe is None) for target in config.targets] == [(0, False), (1, False)]


def test_calls_go_in_both_directions(tmp_path: Path) -> None:
    config = shown("both_directions.yaml", tmp_path)
    assert {target.trunk for target in config.targets} == {"", *(trunk.name for trunk in config.trunks)}
    assert [route.trunks[0] for route in config.routes] == ["carrier-b", "carrier-b", "carrier-a"]


def test_a_trunk_is_told_by_its_certificate(tmp_path: Path) -> None:
    config = shown("tls_trunk.yaml", tmp_path)
    assert config.tls is not None
    assert (config.trunks[0].sources, config.trunks[0].certificates) == ((), ("sip.carrier.example",))


def test_certificates_that_are_not_there_yet_are_named() -> None:
    with pytest.raises(ConfigError, match=r"tls: .*/configs/tls/guard.pem: No such file or directory$"):
        load(CONFIGS / "tls_trunk.yaml")


def test_every_option_is_shown() -> None:
    assert list(not_shown(values(), File, "")) == []


def test_an_option_that_is_not_shown_is_noticed() -> None:
    text = EVERY_OPTION.read_text("utf-8").replace("per_host:", "# per_host:").replace("attestation: [B, C], ", "")
    assert list(not_shown(Source("x", text).values, File, "")) == [
        "listen.tls",
        "trunks.certificates",
        "trunks.signing",
        *(f"trunks.signing.{name}" for name in ("key", "certificate", "url", "attest")),
        *(f"trunks.signing.attest.{name}" for name in ("level", "numbers")),
        "targets.server_name",
        "verification.trust.trust_list.url",
        "verification.repository.per_host",
        "numbers.permitted",
        "numbers.allocations",
        *(f"numbers.allocations.{name}" for name in ("file", "layout", "columns")),
        *(f"numbers.allocations.columns.{field.name}" for field in msgspec.structs.fields(Columns)),
        "policy.rules.when.attestation",
        "record.postgresql",
        *(f"record.postgresql.{field.name}" for field in msgspec.structs.fields(Server)),
        *(f"admin.{name}" for name in ("certificate", "key", "password")),
        "hep",
        *(f"hep.{field.name}" for field in msgspec.structs.fields(Hep)),
        "tls",
        *(f"tls.{name}" for name in ("certificate", "key", "ca", "client_ca", "present")),
        "state_directory",
    ]


def test_values_that_are_shown_are_the_defaults_unless_they_are_examples() -> None:
    examples = (
        Listen,
        Trunk,
        Target,
        Route,
        Redress,
        Rule,
        When,
        Laboratory,
        TlsFiles,
        Trust,
        TrustList,
        RevocationList,
        Numbers,
        Redress,
        NumberList,
        Brand,
        Server,
        Admin,
        Hep,
    )
    checked = []

    def check(value: dict[str, typing.Any], shape: type[msgspec.Struct]) -> None:
        for field in msgspec.structs.fields(shape):
            inner = list(shapes(field.type))
            if any(each in examples for each in inner):
                continue
            if inner:
                check(value[field.encode_name], inner[0])
            elif field.encode_name not in ("anchors", "state_directory"):
                made = field.default_factory
                default = field.default if made is msgspec.NODEFAULT else made()
                assert msgspec.convert(value[field.encode_name], field.type) == default, field.name
                checked.append(field.name)

    check(values(), File)
    assert {"max_age", "timeout", "numbers", "preset", "header", "transactions", "families"} <= set(checked)


def keys(value: object) -> Iterator[str]:
    """Give every key that stands anywhere in a value."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from keys(below)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def test_operating_says_what_to_choose_for_every_option() -> None:
    text = (CONFIGS.parent / "docs" / "operating.md").read_text("utf-8")
    explained = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    assert sorted(set(keys(values())) - explained) == []


def test_operating_links_to_what_is_there() -> None:
    docs = CONFIGS.parent / "docs"
    links = re.findall(r"\]\(([^)]+)\)", (docs / "operating.md").read_text("utf-8"))
    assert len(links) >= 4
    for link in links:
        page, _, heading = link.partition("#")
        target = docs / (page or "operating.md")
        assert target.exists(), link
        if heading:
            headings = re.findall(r"(?m)^#+ (.+)$", target.read_text("utf-8"))
            assert heading in {each.lower().replace(" ", "-") for each in headings}, link
