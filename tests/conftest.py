"""Being here puts this folder on the import path, for `pki`, `scene` and their like (import mode `prepend`)."""

from pathlib import Path

import pytest
from compiling import Desk
from hypothesis import settings
from places import place, store  # noqa: F401 - fixtures for all tests
from postgresql import postgresql  # noqa: F401 - a fixture for all tests
from reactor import in_reactor, reactor_thread  # noqa: F401 - fixtures for all tests
from scene import Scene
from wrong import Folder

settings.register_profile("sip_guard", derandomize=True, deadline=None, max_examples=100, print_blob=True)
settings.register_profile("compiled", settings.get_profile("sip_guard"), max_examples=20)
settings.load_profile("sip_guard")


@pytest.fixture
def scene() -> Scene:
    """Give Alice, Bob and the guard between them."""
    return Scene()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give a folder in which configurations are tried."""
    return Folder(tmp_path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a folder in which lists of numbers are compiled."""
    return Desk(tmp_path)
