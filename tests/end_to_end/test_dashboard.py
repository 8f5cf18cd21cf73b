"""The dashboard in Chromium, over the real guard: calls by SIPp are on it, and it asks nobody else for anything."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest
from browser import Browser
from interconnection import CONFIG, Interconnection, PlacedCall, tampered

from sip_guard.demo.calls import ALICE

pytestmark = pytest.mark.end_to_end

SOON = 2.0
"""Seconds after which a decision has to be on the page."""
SMALLEST = 12.0
"""Pixels of a letter that can be read."""
MANY_TABS = 60


@pytest.fixture(scope="module")
def interconnection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interconnection]:
    more = "state_directory: .\nadmin: {{listen: 127.0.0.1:0}}\n"
    with Interconnection(tmp_path_factory.mktemp("dashboard"), config=CONFIG + more) as made:
        yield made


@pytest.fixture(scope="module")
def url(interconnection: Interconnection) -> str:
    told = interconnection.guard.wait(lambda event: event["event"] == "admin")
    assert told is not None
    return str(told["url"])


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture
def browser(window: Browser, url: str) -> Iterator[Browser]:
    """Give the browser, which must not complain of anything and ask nobody but the guard."""
    window.looks(1280, "light")
    yield window
    assert window.complaints() == []
    asked = window.requested()
    assert asked
    assert [each for each in asked if not each.startswith(url)] == []


def spoofed(interconnection: Interconnection) -> PlacedCall:
    """Place a call whose attestation was made better than it was."""
    return interconnection.place(tampered(interconnection.identity(attest="C")), scenario="refused").end()


@pytest.fixture(scope="module")
def known(interconnection: Interconnection) -> PlacedCall:
    """Give a spoofed call that was placed before."""
    return spoofed(interconnection)


THERE = "return document.querySelector(arguments[0])?.href"
"""What leads to the explanation of a call."""
FOCUSED = "return document.activeElement.href ?? document.activeElement.innerText"


def link(call: PlacedCall) -> str:
    """Give a selector of what leads to the explanation of a call."""
    return f'#decisions a[href*="{call.call_id}"]'


def test_a_spoofed_call_appears_within_two_seconds(
    browser: Browser, interconnection: Interconnection, url: str
) -> None:
    browser.opens(url)
    for _ in range(3):
        call = spoofed(interconnection)
        browser.waits(THERE, link(call))
        seen = time.time()
        decided = datetime.fromisoformat(call.decision["ts"]).timestamp()
        assert seen - decided < SOON
    (row,) = browser.asks('return [...document.querySelectorAll("#decisions tr.new")].map((each) => each.innerText)')
    assert all(text in row for text in ("reject 438", ALICE, "carrier", "bad-signature", "signature-invalid"))


def test_its_figures_are_those_of_the_record(browser: Browser, interconnection: Interconnection, url: str) -> None:
    interconnection.place().end()
    browser.opens(url)
    browser.waits(THERE, link(spoofed(interconnection)))
    browser.opens(url)
    command = ("calls", "--config", str(interconnection.config), "--json", "--since", "1h")
    made = subprocess.run([sys.executable, "-m", "sip_guard", *command], check=True, capture_output=True, text=True)
    found = [json.loads(line) for line in made.stdout.splitlines()]
    done = Counter(each["action"].partition(" ")[0] for each in found)
    shown = browser.asks(
        """return Object.fromEntries([...document.querySelectorAll(".tile")].map(
            (each) => [each.querySelector("dt").innerText, Number(each.querySelector("strong").innerText)]))"""
    )
    assert shown == {"allow": 0, "tag": 0, "reject": 0} | {"calls": len(found)} | done
    rules = browser.asks(
        """return Object.fromEntries([...document.querySelectorAll('#details a[href*="rule="]')].map(
            (each) => [each.innerText, Number(each.closest("tr").cells[1].innerText)]))"""
    )
    assert rules == Counter(each["rule"] for each in found)
    assert browser.asks("return document.querySelector('#details a[href*=\"number=\"]').innerText") == ALICE


def test_the_keyboard_leads_to_the_explanation_and_the_focus_stays(
    browser: Browser, interconnection: Interconnection, known: PlacedCall, url: str
) -> None:
    browser.opens(url)
    browser.waits(THERE, link(known))
    browser.presses("Tab")
    assert browser.asks("return document.activeElement.innerText") == "Skip to the content"
    browser.presses("Enter")
    for _ in range(MANY_TABS):
        browser.presses("Tab")
        if known.call_id in browser.asks(FOCUSED):
            break
    assert browser.asks("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.waits(THERE, link(spoofed(interconnection)))
    assert known.call_id in browser.asks(FOCUSED)
    browser.presses("Enter")
    title = browser.waits('return document.querySelector("h1")?.innerText')
    assert title == "reject 438 by bad-signature, for signature-invalid"
    rows = browser.asks('return [...document.querySelectorAll("tr")].map((each) => each.innerText)')
    assert "bad-signature\tenforce\treject\tapplies\tsignature-invalid" in rows


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1920])
def test_it_can_be_read(browser: Browser, known: PlacedCall, url: str, width: int, scheme: str) -> None:
    browser.looks(width, scheme)
    browser.opens(url)
    for page in (url, browser.waits(THERE, link(known))):
        browser.opens(page)
        wide, room = browser.asks("const all = document.documentElement; return [all.scrollWidth, all.clientWidth]")
        assert wide <= room
        sizes = browser.asks(
            """return [...document.querySelectorAll("body *")].filter((each) => each.innerText)
                .map((each) => parseFloat(getComputedStyle(each).fontSize))"""
        )
        assert min(sizes) >= SMALLEST
        ground = browser.asks("return getComputedStyle(document.body).backgroundColor")
        brightness = sum(int(part) for part in ground.strip("rgb()").split(",")) / 3
        assert (brightness > 128) == (scheme == "light")


def test_it_says_when_it_is_not_live(window: Browser, url: str) -> None:
    window.opens(url)
    window.asks("window.fetch = () => Promise.reject(new Error())")
    assert "the guard does not answer" in window.waits('return document.getElementById("link").innerText')
