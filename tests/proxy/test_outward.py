import pytest
from messages import read_request, request

from sip_guard.peer import Route
from sip_guard.proxy.outward import choose, choosing

UK = Route(trunks=("uk",), prefixes=("+44", "0"))
US = Route(trunks=("us",), prefixes=("+1",))
CHOSEN = Route(trunks=("chosen",), header="x-trunk", value="carrier-B")
MARKED = Route(trunks=("marked",), header="subject", prefixes=("+1",))
REST = Route(trunks=("rest",))


def chosen(uri: str, *more: str, routes: tuple[Route, ...] = (CHOSEN, UK, MARKED, US)) -> str:
    """Give the trunk that a call leaves by."""
    route = choose(routes, read_request(request("INVITE", uri, *more)))
    return "" if route is None else route.trunks[0]


@pytest.mark.parametrize(
    ("uri", "trunk"),
    [
        ("sip:+442079460000@192.0.2.1;user=phone", "uk"),
        ("sip:02079460000@192.0.2.1", "uk"),
        ("sip:+44-20-7946.0000@192.0.2.1", "uk"),
        ("sip:(020)79460000;phone-context=+1@192.0.2.1", "uk"),
        ("sip:%2B44%2D20@192.0.2.1", "uk"),
        ("sip:%2b44;npdi=yes:secret@192.0.2.1", "uk"),
        ("tel:+44-20-7946-0000;ext=1", "uk"),
        ("tel:+12155551213", "us"),
        ("sip:+4@192.0.2.1", ""),
        ("sip:44@192.0.2.1", ""),
        ("sip:;+44@192.0.2.1", ""),
        ("sip:%ff+44@192.0.2.1", ""),
        ("sip:192.0.2.1", ""),
        ("urn:service:sos", ""),
    ],
)
def test_a_call_leaves_by_what_its_called_number_begins_with(uri: str, trunk: str) -> None:
    assert chosen(uri) == trunk


@pytest.mark.parametrize(
    ("lines", "trunk"),
    [
        (["X-Trunk: carrier-b"], "chosen"),
        (["x-trunk :  CARRIER-B\t"], "chosen"),
        (["X-Trunk: a", "X-TRUNK: carrier-b"], "chosen"),
        (["X-Trunk: carrier-bb"], "us"),
        (["X-Trunk: \xff"], "us"),
        (["X-Trunk:"], "us"),
        (["s:"], "marked"),
        (["Subject: anything"], "marked"),
    ],
)
def test_a_header_field_chooses_the_way(lines: list[str], trunk: str) -> None:
    assert chosen("sip:+12155551213@192.0.2.1", *lines) == trunk


def test_a_route_with_a_header_field_and_prefixes_wants_both() -> None:
    assert chosen("sip:+339@192.0.2.1", "Subject: x") == ""


def test_the_first_route_that_fits_counts() -> None:
    assert chosen("sip:+12155551213@h", routes=(REST, US)) == "rest"
    assert chosen("sip:+12155551213@h", routes=(US, REST)) == "us"


def test_a_route_without_conditions_fits_every_call() -> None:
    for uri in ("sip:alice@h", "sip:h", "urn:service:sos", "tel:112"):
        assert chosen(uri, routes=(US, REST)) == "rest"
    assert chosen("sip:h", routes=()) == ""


def test_the_fields_that_choose_are_known() -> None:
    assert choosing((UK, CHOSEN, MARKED, REST)) == {b"x-trunk", b"subject"}
