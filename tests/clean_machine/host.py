"""What a machine that is made on this one has to know of it to reach the mirrors: of apt, of pip, and proxies."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import RawConfigParser
from io import StringIO
from pathlib import Path

_PASSED = re.compile(r"PIP_\w+|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|(?i:(https?|no|ftp)_proxy)")


def mirror() -> str:
    """Give the mirror of Debian that apt takes packages from here; empty if it has none."""
    sites = _said("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Label: Debian")
    return next(iter(sites.splitlines()), "")


def apt_settings() -> str:
    """Give apt's settings of how to reach mirrors (proxies), as a file of apt's."""
    lines = _said("apt-config", "dump", "Acquire").splitlines()
    return "".join(f"{line}\n" for line in lines if re.match(r"Acquire::https?::[^:\s]*Proxy[^:\s]* ", line))


def environment() -> dict[str, str]:
    """Give the variables by which pip and apt reach their mirrors."""
    return {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}


def pip_settings() -> dict[str, str]:
    """Give what stands in pip's files here (its variables are in the environment)."""
    lines = _said(sys.executable, "-m", "pip", "config", "list").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith(":env:"))
    return {name: ast.literal_eval(value) for name, _, value in pairs}


def pip_file(settings: Mapping[str, str]) -> str:
    """Write settings as a file of pip's."""
    file = RawConfigParser()
    for name, value in settings.items():
        section, _, option = name.partition(".")
        if not file.has_section(section):
            file.add_section(section)
        file.set(section, option, value)
    text = StringIO()
    file.write(text)
    return text.getvalue()


def paths(values: Mapping[str, str]) -> Iterator[Path]:
    """Give the files and folders of this machine that settings name."""
    for value in values.values():
        for word in value.split():
            path = Path(word.removeprefix("file://"))
            if path.is_absolute() and path.exists():
                yield path


def moved(values: Mapping[str, str], folder: str) -> dict[str, str]:
    """Give settings whose files and folders are found below `folder`, as the other machine has them there."""
    found = {f"{path}" for path in paths(values)}

    def there(word: str) -> str:
        path = word.removeprefix("file://")
        return word.removesuffix(path) + folder + path if path in found else word

    return {name: re.sub(r"\S+", lambda word: there(word[0]), value) for name, value in values.items()}


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
