"""The files of a recipe as they ship, with the addresses of a test."""

from collections.abc import Mapping

from shipped import CONFIGS

from sip_guard.sip.flow import Address

LABORATORY = """\
anchors: [anchor.pem]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""
"""What stands in the guard's file instead of its anchors, for `Interconnection`."""


def changed(recipe: str, name: str, changes: Mapping[str, str]) -> str:
    """Give a file of a recipe with other words. Each has to be there, or else a test of it would test nothing."""
    text = (CONFIGS / "integrations" / recipe / name).read_text()
    for old, new in changes.items():
        assert old in text, f"{recipe}/{name}: {old}"
        text = text.replace(old, new)
    return text


def guard(recipe: str, *, carrier: Address, switch: Address, port: int, changes: Mapping[str, str]) -> str:
    """Give the guard's file of a recipe, for `Interconnection`: with other addresses, and our authorities.

    `carrier` is where calls go out and come from, `switch` where calls go, which the recipe has at `port`.
    """
    return changed(
        recipe,
        "sip_guard.yaml",
        {
            "{": "{{",
            "}": "}}",
            "192.0.2.10:5060": "{host}:0",
            "203.0.113.0/28": carrier[0],
            "203.0.113.1:5060": f"{carrier[0]}:{carrier[1]}",
            f"192.0.2.20:{port}": f"{switch[0]}:{switch[1]}",
            "anchors: [anchors]": LABORATORY,
            **changes,
        },
    )
