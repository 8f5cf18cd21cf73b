"""The recipes that ship for other switches, as far as a parser for them can be had."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from shipped import CONFIGS

RECIPES = CONFIGS / "integrations"
NAMES = sorted(path.name for path in RECIPES.iterdir())
DOCUMENT = (CONFIGS.parent / "docs" / "integrations.md").read_text("utf-8")
OPENSIPS = shutil.which("opensips", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")


def test_each_recipe_is_explained_and_each_explanation_says_how_it_was_checked() -> None:
    explained = re.findall(r"^\[configs/integrations/(\w+)\]\(\.\./configs/integrations/\1\)", DOCUMENT, re.MULTILINE)
    assert sorted(explained) == NAMES
    sections = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[2:]
    assert [section.splitlines()[0] for section in sections if "\nChecked: " not in section] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_files_of_a_recipe_agree_on_who_the_guard_is(name: str) -> None:
    texts = {path.name: path.read_text() for path in (RECIPES / name).rglob("*") if path.is_file()}
    assert "udp: 192.0.2.10:5060" in texts["sip_guard.yaml"]
    switch = "".join(text for file, text in texts.items() if file != "sip_guard.yaml")
    assert not switch or re.search(r"192\\?\.0\\?\.2\\?\.10\b", switch) or "[from-guard]" in switch


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.xml")), ids=lambda path: path.name)
def test_what_freeswitch_reads_is_xml_of_its_kind(path: Path) -> None:
    root = ET.fromstring(path.read_bytes())
    assert root.tag in {"configuration", "include"}
    for condition in root.iter("condition"):
        assert condition.get("field")
        re.compile(condition.attrib["expression"])


def test_what_freeswitch_asks_is_said_of_calls_by_the_guard() -> None:
    (dialplan,) = RECIPES.glob("freeswitch/dialplan/*/*.xml")
    failed, passed, users = ET.fromstring(dialplan.read_bytes()).iter("extension")
    tag = "v=1;verdict={};reason=passed;rule=attested;mode=enforce;attest=A"
    for extension, verdict in ((failed, "failed"), (passed, "passed")):
        address, header = extension.iter("condition")
        assert re.search(address.attrib["expression"], "192.0.2.10")
        assert not re.search(address.attrib["expression"], "192.0.2.100")
        assert re.search(header.attrib["expression"], tag.format(verdict))
        assert not re.search(header.attrib["expression"], tag.format("absent"))
    assert users.attrib["name"] == "guard-to-users"


@pytest.mark.skipif(OPENSIPS is None, reason="OpenSIPS is not installed, and Debian does not have it")
def test_opensips_finds_no_fault_with_the_file() -> None:
    config = RECIPES / "opensips" / "opensips.cfg"
    done = subprocess.run([f"{OPENSIPS}", "-C", "-f", config], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
