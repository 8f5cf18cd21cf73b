"""A good configuration to make wrong, and what is said of it."""

from pathlib import Path

import pytest
from pki import pki

from sip_guard.config import Config, ConfigError, load

GOOD = """\
listen:
  - udp: 192.0.2.1:5060
trunks:
  - name: carrier
    sources: [198.51.100.0/24]
targets:
  - name: pbx
    address: 10.0.0.5:5060
verification:
  anchors: [root.pem]
"""
ROOT = pki().root.pem


class Folder:
    """A folder with a trust anchor, in which configurations are tried."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("root.pem", ROOT)

    def write(self, name: str, data: bytes) -> Path:
        (self.path / name).write_bytes(data)
        return self.path / name

    def load(self, text: str | bytes) -> Config:
        return load(self.write("guard.yaml", text if isinstance(text, bytes) else text.encode()))

    def faults(self, text: str | bytes) -> list[str]:
        """Give what is wrong with a configuration, each fault without the name of the file."""
        with pytest.raises(ConfigError) as caught:
            self.load(text)
        assert str(caught.value) == "\n".join(caught.value.lines)
        file = f"{self.path / 'guard.yaml'}:"
        assert all(line.startswith(file) and len(line.splitlines()) == 1 for line in caught.value.lines)
        return [line.removeprefix(file) for line in caught.value.lines]

    def fault(self, text: str | bytes) -> str:
        """Give the one thing that is wrong."""
        (only,) = self.faults(text)
        return only

    def with_rule(self, rule: str) -> str:
        """Give the fault of a policy of one rule, which stands on lines from 13 on."""
        return self.fault(f"{GOOD}policy:\n  rules:\n    - {rule}\n")


def changed(old: str, new: str, text: str = GOOD) -> str:
    """Give a configuration with something else in the place of `old`, which must be there."""
    assert old in text
    return text.replace(old, new)
