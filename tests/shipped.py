"""The configurations that ship, with the certificates that they leave to the operator."""

import shutil
from pathlib import Path

from pki import NOW

from sip_guard.demo.pki import Window, web_root, web_server

CONFIGS = Path(__file__).parents[1] / "configs"
NAMES = sorted(
    f"{path.relative_to(CONFIGS)}" for path in (*CONFIGS.glob("*.yaml"), *CONFIGS.glob("integrations/*/sip_guard.yaml"))
)


def copied(folder: Path) -> Path:
    """Copy them into a folder, as an operator does, and put what they need beside them."""
    there = shutil.copytree(CONFIGS, folder / "configs")
    for recipe in (there / "integrations").iterdir():
        shutil.copytree(CONFIGS / "anchors", recipe / "anchors")
    root = web_root(Window.around(NOW))
    server = web_server(root, Window.around(NOW))
    (there / "tls").mkdir()
    (there / "tls" / "guard.pem").write_bytes(server.pem)
    (there / "tls" / "guard.key").write_bytes(server.key_pem)
    (there / "tls" / "carrier_ca.pem").write_bytes(root.pem)
    return there
