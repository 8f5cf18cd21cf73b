import pytest
from messages import read_request, read_response, request, response

from sip_guard.sip.hygiene import FORGEABLE, privacy, strip, withhold, without_verstat
from sip_guard.sip.message import parse
from sip_guard.sip.rewrite import Draft


def stripped(text: str) -> str:
    return without_verstat(text.encode()).decode()


@pytest.mark.parametrize(
    ("forged", "clean"),
    [
        ("<sip:+1;verstat=TN-Validation-Passed@h>", "<sip:+1@h>"),
        ("<sip:+1;a=b;verstat=x;c=d@h>", "<sip:+1;a=b;c=d@h>"),
        ("<sip:+1@h;verstat=x;user=phone>", "<sip:+1@h;user=phone>"),
        ("<sip:+1@h>;verstat=x;tag=1", "<sip:+1@h>;tag=1"),
        ("<sip:+1@h> ; verstat = x ;tag=1", "<sip:+1@h>  ;tag=1"),
        ("<tel:+1;verstat=x>", "<tel:+1>"),
        ("tel:+1;verstat=x;tag=1", "tel:+1;tag=1"),
        ("<tel:+1;verstat=x;verstat=y>;verstat", "<tel:+1>"),
        ("<tel:+1;verstat>", "<tel:+1>"),
        ("<tel:+1;verstat=>", "<tel:+1>"),
        ("<tel:+1;VerStat=x>", "<tel:+1>"),
        ('<sip:+1@h>;verstat="x;y";tag=1', "<sip:+1@h>;tag=1"),
        ('<sip:+1@h>;verstat="x\\"y";tag=1', "<sip:+1@h>;tag=1"),
        ("<sip:+1%3Bverstat%3dx@h>", "<sip:+1@h>"),
        ("<sip:+1%3bverstat=x%3bnpdi@h>", "<sip:+1%3bnpdi@h>"),
        ("<sip:+1;%76erstat=x@h>", "<sip:+1@h>"),
        ("<sip:+1;%56%45%52%53%54%41%54=x@h>", "<sip:+1@h>"),
        ("<sip:+1;v%65rs%54at%3Dx%40h>", "<sip:+1%40h>"),
        ("<sip:+1;%20verstat%20=%20x@h>", "<sip:+1@h>"),
        ("<sip:+1@h?X=y;verstat=x&Z=1>", "<sip:+1@h?X=y&Z=1>"),
        ("<sip:+1@h>;\r\n verstat\r\n =\r\n x;tag=1", "<sip:+1@h>;tag=1"),
        ("<sip:+1;verstat=x@h>, <tel:+1;verstat=y>", "<sip:+1@h>, <tel:+1>"),
        ('"A" <sip:+1;verstat=x@h>', '"A" <sip:+1@h>'),
    ],
)
def test_a_verstat_is_taken_out_wherever_it_stands_and_however_it_is_spelt(forged: str, clean: str) -> None:
    assert stripped(forged) == clean


@pytest.mark.parametrize(
    "text",
    [
        '"Alice;verstat=x" <sip:+1@h>;tag=1',
        '"A \\";verstat=x\\"" <sip:+1@h>',
        "<sip:verstat@h>",
        "<sip:+1;verstatus=x@h>",
        "<sip:+1;my-verstat=x@h>",
        "<sip:+1;verstat%41=x@h>",
        "<sip:+1;%2576erstat=x@h>",
        "<sip:+1@h>;tag=verstat",
        "verstat <sip:+1@h>",
        "",
    ],
)
def test_what_is_no_verstat_parameter_is_left_alone(text: str) -> None:
    assert stripped(text) == text


@pytest.mark.parametrize(
    "text", ['"A <sip:+1;verstat=x@h>', 'A" <sip:+1;verstat=x@h>;b="', '"A\\" <sip:+1;verstat=x@h>']
)
def test_quotes_that_hold_no_display_name_hide_nothing(text: str) -> None:
    assert "verstat" not in stripped(text)


@pytest.mark.parametrize(
    "text",
    [
        '<sip:+1@h>;ver;verstat="a"stat=x',
        '<sip:+1@h>;ver;verstat="a""b"stat=x',
        "<sip:+1@h>;ver;verstat stat=x",
        "<sip:+1@h>;ver;verstat\tstat=x",
        "<sip:+1@h>;ver;verstat= stat=x",
        "<sip:+1@h>;;verstatverstat=x",
        "<sip:+1@h>;;verstat verstat=x",
        "<sip:+1;;verstat%20verstat%20=x@h>",
        "<sip:+1;ver;verstat%20stat=x@h>",
        "<sip:+1;ver;verstat%3Dstat=x@h>",
        "<sip:+1@h>;%76er;verstat=%73tat=x",
    ],
)
def test_what_is_left_is_no_verstat_either(text: str) -> None:
    once = stripped(text)
    assert stripped(once) == once
    assert ";verstat=" not in once


FORGED = "<sip:+442079460000;verstat=TN-Validation-Passed@carrier.example>"


@pytest.mark.parametrize(
    "field",
    ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "History-Info", "Referred-By",
     "Refer-To", "Reply-To", "Contact", "b", "r", "m"],
)  # fmt: skip
def test_every_field_that_names_a_party_is_cleaned(field: str) -> None:
    draft = Draft(read_request(request("INVITE", "sip:b@c", f"{field}: {FORGED}", without=["Contact"])))
    strip(draft)
    assert draft.octets() == request(
        "INVITE", "sip:b@c", f"{field}: <sip:+442079460000@carrier.example>", without=["Contact"]
    )


def test_from_to_and_the_request_uri_are_cleaned_and_nothing_else_is_touched() -> None:
    forged = request(
        "INVITE", "sip:+1;verstat=x@h", "Subject: ;verstat=x", from_=f"{FORGED};tag=1", to='"B"  <tel:+1;verstat>'
    )
    draft = Draft(read_request(forged))
    strip(draft)
    clean = forged.replace(b";verstat=TN-Validation-Passed", b"").replace(b"+1;verstat=x@h", b"+1@h")
    assert draft.octets() == clean.replace(b"<tel:+1;verstat>", b"<tel:+1>")
    assert b"Subject: ;verstat=x" in draft.octets()


def test_fields_that_only_a_verifier_writes_are_removed_in_every_spelling() -> None:
    lines = [
        "P-Attestation-Indicator: A",
        "p-attestation-INDICATOR :B",
        "P-Origination-ID: 1\r\n 2",
        "Priority-Verstat: x",
    ]
    draft = Draft(
        read_request(request("INVITE", "sip:b@c", *lines, "Attestation-Info: A", "Origination-Id: 3", "Zed: 1"))
    )
    strip(draft)
    assert draft.octets() == request("INVITE", "sip:b@c", "Zed: 1")


def test_the_names_to_remove_may_be_others() -> None:
    draft = Draft(read_request(request("INVITE", "sip:b@c", "X-SIP-Guard: v=1", "P-Attestation-Indicator: A")))
    strip(draft, FORGEABLE | {b"x-sip-guard"})
    assert draft.octets() == request("INVITE", "sip:b@c")


def test_the_identity_field_is_never_touched() -> None:
    text = request("INVITE", "sip:b@c", "Identity: a.b.c;info=<https://x>;verstat=1;x=%3b")
    draft = Draft(read_request(text))
    strip(draft)
    assert draft.octets() == text


def test_an_answer_is_cleaned_too_but_for_its_phrase() -> None:
    text = response("183 ;verstat=x", f"P-Asserted-Identity: {FORGED}")
    draft = Draft(read_response(text))
    strip(draft)
    assert draft.octets() == text.replace(b";verstat=TN-Validation-Passed", b"")


IDENTITIES = ["P-Asserted-Identity: <tel:+1>", "P-Preferred-Identity: <tel:+1>", "Remote-Party-ID: <sip:+1@h>"]
TWICE = "P-Asserted-Identity: <sip:+1@h>"


def shown(*asked: str, outside: bool) -> str:
    """Give the initials of what a receiver that is not trusted still sees."""
    lines = [f"Privacy: {value}" for value in asked]
    seen = set()
    for text in (
        request("INVITE", "sip:b@c", *IDENTITIES, *lines, TWICE),
        response("200 OK", *IDENTITIES, *lines, TWICE),
    ):
        draft = Draft(parse(text))
        withhold(draft, outside=outside)
        after = parse(draft.octets())
        assert after.values(b"privacy") == [value.strip().encode() for value in asked]
        names = (b"p-asserted-identity", b"p-preferred-identity", b"remote-party-id")
        seen.add("".join(letter for letter, name in zip("apr", names, strict=True) if name in after))
    assert len(seen) == 1
    return seen.pop()


@pytest.mark.parametrize(
    "asked", ["id", "ID", "user", "header", "session;id;critical", " id ", "none;id", "critical , id"]
)
def test_who_asks_to_be_hidden_is_named_to_nobody_that_is_not_trusted(asked: str) -> None:
    assert shown(asked, outside=True) == ""
    assert shown(asked, outside=False) == ""
    assert shown("session", asked, outside=False) == ""


@pytest.mark.parametrize("asked", [[], [""], ["session"], ["history;critical"], ["identity"], ["none;session"]])
def test_who_does_not_say_is_named_on_our_side_and_not_outside(asked: list[str]) -> None:
    assert shown(*asked, outside=True) == "pr"
    assert shown(*asked, outside=False) == "apr"


@pytest.mark.parametrize("asked", [["none"], ["None"], ["none;"], ["none", "none"]])
def test_who_asks_for_no_privacy_is_named_everywhere(asked: list[str]) -> None:
    assert shown(*asked, outside=True) == "apr"
    assert shown(*asked, outside=False) == "apr"


@pytest.mark.parametrize("asked", ["full", "Name", '"uri"', "off;privacy=full"])
def test_the_older_field_asks_to_be_hidden_in_its_own_way(asked: str) -> None:
    draft = Draft(parse(request("INVITE", "sip:b@c", *IDENTITIES, f"Remote-Party-ID: <sip:+1@h>; privacy={asked}")))
    withhold(draft, outside=False)
    assert not [name for name in IDENTITIES if name.partition(":")[0].encode() in draft.octets()]


def test_the_older_field_may_say_that_it_is_no_secret() -> None:
    text = request("INVITE", "sip:b@c", *IDENTITIES, 'Remote-Party-ID: "full" <sip:+1@h>;privacy=off')
    draft = Draft(parse(text))
    withhold(draft, outside=False)
    assert draft.octets() == text


def test_what_is_asked_for_is_read_from_all_lines_in_lower_case() -> None:
    message = parse(request("INVITE", "sip:b@c", "Privacy: Id ; critical", "PRIVACY: user,header;"))
    assert privacy(message) == {b"id", b"critical", b"user", b"header"}
