"""RFC 5031 and RFC 7090: which calls always pass is told by where they go, never by what they say."""

from typing import Any

import pytest
from incoming import call
from scene import TRUNK, trunk

from sip_guard.call import Code
from sip_guard.checks.emergency import Options, emergency, urgent
from sip_guard.number import DialPlan
from sip_guard.peer import Trunk

MARKED = "Priority: psap-callback"


def code(uri: str, *more: str, trunk: Trunk = TRUNK, numbers: tuple[str, ...] | None = None, **changed: Any) -> str:
    """Give the code of what is found, or nothing."""
    options = Options() if numbers is None else Options(numbers)
    made = call(*more, uri=uri, trunk=trunk, **changed)
    found = emergency(made, options)
    assert urgent(made.request, trunk, options) == (found is not None)
    return found.code.value if found else ""


@pytest.mark.parametrize(
    "uri",
    [
        "sip:112@guard.example",
        "sip:911@192.0.2.1:5060;user=phone",
        "sips:999@guard.example",
        "SIP:112@guard.example",
        "sip:112;phone-context=+44@guard.example;user=phone",
        "sip:1-1-2@guard.example",
        "sip:%31%31%32@guard.example",
        "sip:112:secret@guard.example",
        "tel:112",
        "tel:112;phone-context=+44",
        "tel:+112",
        "urn:service:sos",
        "URN:Service:SOS",
        "urn:service:sos.police",
        "urn:service:sos.fire.brigade",
        "urn:service:test.sos",
        "urn:service:test.sos.ambulance",
    ],
)
def test_a_call_to_an_emergency_number_passes_however_it_is_spelt(uri: str) -> None:
    assert code(uri) == "emergency"


@pytest.mark.parametrize(
    "uri",
    [
        "sip:12155551213@guard.example",
        "sip:1120@guard.example",
        "sip:0112@guard.example",
        "sip:112112@guard.example",
        "sip:+1911@guard.example",
        "sip:911ok@guard.example",
        "sip:112%00@guard.example",
        "sip:%D9%A1%D9%A1%D9%A2@guard.example",
        "sip:guard.example",
        "sip:bob@112",
        "tel:+441122334455",
        "urn:service:sosumi",
        "urn:service:sos-police",
        "urn:service:counseling",
        "urn:service:test",
        "urn:services:sos",
        "urn:nena:service:sos",
    ],
)
def test_a_call_to_any_other_place_is_screened(uri: str) -> None:
    assert code(uri) == ""


@pytest.mark.parametrize("to", ["<sip:112@guard.example>", "<tel:911>", "<urn:service:sos>"])
def test_a_to_field_is_only_a_claim(to: str) -> None:
    assert code("sip:+12155551213@guard.example", to=to) == ""


def test_an_emergency_call_passes_whatever_the_to_field_says() -> None:
    assert code("sip:112@guard.example", to="<sip:+12155551213@guard.example>") == "emergency"


def test_the_numbers_are_the_operators() -> None:
    assert code("sip:15@guard.example") == ""
    assert code("sip:15@guard.example", numbers=("15", "17")) == "emergency"
    assert code("sip:112@guard.example", numbers=("15", "17")) == ""


def test_a_dial_plan_does_not_make_an_emergency_number_national() -> None:
    british = trunk(dial_plan=DialPlan("GB", ("00",)))
    assert code("sip:999@guard.example", trunk=british) == "emergency"
    assert code("sip:112@guard.example", trunk=british) == "emergency"


@pytest.mark.parametrize("mark", [MARKED, "priority: PSAP-Callback", "Priority:  psap-callback "])
def test_an_emergency_centre_calls_back(mark: str) -> None:
    assert code("sip:+12155551213@guard.example", mark) == "psap-callback"


@pytest.mark.parametrize("mark", ["Priority: emergency", "Priority: psap-callbacks", "Priority: urgent", "Subject: x"])
def test_another_priority_is_no_call_back(mark: str) -> None:
    assert code("sip:+12155551213@guard.example", mark) == ""


def test_a_trunk_by_which_no_centre_calls_can_be_told_to_screen_call_backs() -> None:
    careful = trunk(psap_callback="screen")
    assert code("sip:+12155551213@guard.example", MARKED, trunk=careful) == ""
    assert code("sip:112@guard.example", MARKED, trunk=careful) == "emergency"


def test_what_is_found_says_why_without_a_number() -> None:
    found = emergency(call(uri="sip:112@guard.example"), Options())
    assert found is not None
    assert found.code is Code.EMERGENCY
    assert found.detail == "a call to an emergency number"


def test_calls_of_our_side_are_emergency_calls_by_the_same_numbers() -> None:
    assert urgent(call(uri="sip:112@guard.example").request, None, Options())
    assert not urgent(call(uri="sip:+12155551213@guard.example").request, None, Options())
    assert not urgent(call(MARKED, uri="sip:+12155551213@guard.example").request, None, Options())
