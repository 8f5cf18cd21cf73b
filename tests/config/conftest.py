"""What all tests of the configuration use."""

from pathlib import Path

import pytest
from wrong import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give a folder in which configurations are tried."""
    return Folder(tmp_path)
