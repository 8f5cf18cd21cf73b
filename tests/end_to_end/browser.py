"""Chromium without a screen, driven by its chromedriver (W3C WebDriver), and what it complains of and asks for.

The usual client would bring ten more packages, one of which every test would load.
"""

import json
import re
import shutil
import subprocess
import time
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any, Final, Self

import pytest

OFTEN: Final = 0.02
"""Seconds from one look at whether something has happened to the next."""
KEYS: Final = {"Tab": "\ue004", "Enter": "\ue007"}
"""As WebDriver writes them."""
_ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
)
"""Root's Chromium has no sandbox; here it loads nothing but pages of ours."""
_STARTED = re.compile(r"started successfully on port (\d+)")
_LIMIT = 20.0
"""Seconds that it may take to answer."""


class Browser:
    """One window."""

    def __init__(self) -> None:
        command = [_program("chromedriver"), "--port=0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._session = ""
        try:
            self._port = self._started()
            asked = {
                "browserName": "chrome",
                "goog:chromeOptions": {"binary": _program("chromium"), "args": _ARGUMENTS},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
            made = self._ask("POST", "", {"capabilities": {"alwaysMatch": asked}})
            self._session = f"/{made['sessionId']}"
        except BaseException:
            self.close()
            raise

    def opens(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._ask("POST", "/url", {"url": url})

    def looks(self, width: int, scheme: str) -> None:
        """Have a screen so many pixels wide, of a person who prefers `light` or `dark`."""
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self._devtools("Emulation.setDeviceMetricsOverride", screen)
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        self._devtools("Emulation.setEmulatedMedia", {"features": preferred})

    def asks(self, script: str, *given: Any) -> Any:
        """Give what a script returns, to which `given` are `arguments`."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": given})

    def waits(self, script: str, *given: Any, seconds: float = 5.0) -> Any:
        """Wait until a script returns something. Raises AssertionError if it does not."""
        end = time.monotonic() + seconds
        while not (found := self.asks(script, *given)):
            assert time.monotonic() < end, f"not within {seconds} s: {script} {given}"
            time.sleep(OFTEN)
        return found

    def presses(self, key: str) -> None:
        """Press one of `KEYS`, and let go of it."""
        pressed = [{"type": what, "value": KEYS[key]} for what in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": pressed}]})

    def complaints(self) -> list[str]:
        """Give what it has written to its console since it was last asked."""
        return [str(each["message"]) for each in self._ask("POST", "/se/log", {"type": "browser"})]

    def requested(self) -> list[str]:
        """Give the URLs that pages have asked for since it was last asked."""
        told = self._ask("POST", "/se/log", {"type": "performance"})
        messages = (json.loads(each["message"])["message"] for each in told)
        return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]

    def close(self) -> None:
        """End it."""
        if self._session:
            with suppress(OSError, RuntimeError):
                self._ask("DELETE", "")
        self._process.terminate()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = _STARTED.search(line)
            if found is not None:
                return int(found[1])
        raise RuntimeError("chromedriver does not start")

    def _devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _ask(self, method: str, path: str, given: dict[str, Any] | None = None) -> Any:
        link = HTTPConnection("127.0.0.1", self._port, timeout=_LIMIT)
        try:
            body = None if given is None else json.dumps(given)
            link.request(method, f"/session{self._session}{path}", body, {"Content-Type": "application/json"})
            answer = link.getresponse()
            value = json.load(answer)["value"]
        finally:
            link.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {value['message']}")
        return value


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        what = f"{name} is missing: scripts/test installs it, or apt-get install chromium chromium-driver"
        pytest.fail(what, pytrace=False)
    return found
