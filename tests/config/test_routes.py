"""The ways out: what a route may ask for, and whether it ever applies."""

import pytest
from wrong import GOOD, Folder, changed

from sip_guard.peer import Route

PEERS = changed(
    "verification:",
    "  - {name: sbc, address: 203.0.113.7, trunk: carrier}\n  - {name: two, address: 203.0.113.8, trunk: second}\n"
    "verification:",
    changed(
        "targets:",
        "  - {name: second, sources: [192.0.2.9]}\n  - {name: in-only, sources: [192.0.2.10]}\ntargets:",
        GOOD,
    ),
)


def routes(*entries: str) -> str:
    """Give a configuration with routes, the first of them on line 16."""
    return PEERS + "routes:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def test_a_call_goes_out_by_its_number_or_by_a_header(folder: Folder) -> None:
    config = folder.load(
        routes(
            "header: X-Trunk, value: Second, trunks: second",
            'prefixes: ["+44", "0044", "00"], trunks: [carrier, second]',
            "trunks: carrier",
        )
    )
    assert config.routes == (
        Route(header="x-trunk", value="Second", trunks=("second",)),
        Route(prefixes=("+44", "0044", "00"), trunks=("carrier", "second")),
        Route(trunks=("carrier",)),
    )


def test_without_routes_there_is_no_way_out(folder: Folder) -> None:
    assert folder.load(PEERS).routes == ()


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('prefixes: ["+44"]', "16: routes[0]: the key `trunks` is missing"),
        ("trunks: []", "16: routes[0].trunks: expected a list of length >= 1"),
        ("trunk: carrier", "16: routes[0].trunk: there is no option `trunk`; did you mean `trunks`?"),
        ("trunks: carier", "16: routes[0].trunks: there is no trunk `carier`; did you mean `carrier`?"),
        ("trunks: [carrier, secnd]", "16: routes[0].trunks[1]: there is no trunk `secnd`; did you mean `second`?"),
        ("trunks: [carrier, carrier]", "16: routes[0].trunks[1]: `carrier` stands twice; keep one of them"),
        (
            "trunks: in-only",
            "16: routes[0].trunks: no target has `trunk: in-only`, so that calls cannot go out there; add one",
        ),
        ("trunks: [second, in-only]", "16: routes[0].trunks[1]: no target has `trunk: in-only`, so that calls cannot"),
        ("trunks: carrier, value: x", "16: routes[0].value: this is the value of a header field; add `header` with"),
        ("trunks: carrier, header: X Y", "16: routes[0].header: `X Y` is no name of a header field"),
        ('trunks: carrier, header: ""', "16: routes[0].header: `` is no name of a header field"),
        (
            "trunks: carrier, header: Via",
            "16: routes[0].header: `Via` has a meaning of its own in SIP, and this field is removed; take a private",
        ),
        ("trunks: carrier, header: t", "16: routes[0].header: `t` has a meaning of its own in SIP, and this field"),
        ("trunks: carrier, header: x-sip-guard", "16: routes[0].header: `x-sip-guard` has a meaning of its own"),
        (
            "trunks: carrier, prefixes: [44]",
            "16: routes[0].prefixes[0]: expected text, got a whole number: `44`; put it",
        ),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(folder: Folder, entry: str, fault: str) -> None:
    assert folder.fault(routes(entry)).startswith(fault)


@pytest.mark.parametrize("prefix", ["", "++44", "44+", "4 4", "a", "+44x", "\u0664", "1234567890123456"])
def test_a_prefix_that_no_number_begins_with_is_refused(folder: Folder, prefix: str) -> None:
    fault = folder.fault(routes(f'prefixes: ["+", "{prefix}"], trunks: carrier'))
    assert fault.startswith(f"16: routes[0].prefixes[1]: `{prefix}` is no beginning of a number as it is dialled, such")


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        ("", "", "routes[1]"),
        ("", 'prefixes: ["+44"], ', "routes[1].prefixes[0]"),
        ("", "header: X-A, value: b, ", "routes[1]"),
        ('prefixes: ["+44"], ', 'prefixes: ["+4420"], ', "routes[1].prefixes[0]"),
        ('prefixes: ["0", "+44"], ', 'prefixes: ["+33", "+44"], ', "routes[1].prefixes[1]"),
        ('prefixes: ["+44"], ', 'prefixes: ["+44"], header: X-A, ', "routes[1].prefixes[0]"),
        ("header: X-A, ", "header: x-a, value: b, ", "routes[1]"),
        ("header: X-A, value: B, ", 'header: X-A, value: b, prefixes: ["1"], ', "routes[1].prefixes[0]"),
    ],
)
def test_a_route_that_never_applies_is_refused(folder: Folder, first: str, second: str, fault: str) -> None:
    assert folder.fault(routes(first + "trunks: carrier", second + "trunks: second")) == (
        f"17: {fault}: this never applies: routes[0] comes first and takes all such calls; put the special before the "
        "general"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('prefixes: ["+4420"], ', 'prefixes: ["+44"], '),
        ('prefixes: ["+44"], ', ""),
        ("header: X-A, ", ""),
        ("header: X-A, ", "header: X-B, "),
        ("header: X-A, value: a, ", "header: X-A, value: b, "),
        ("header: X-A, value: a, ", "header: X-A, "),
        ('header: X-A, prefixes: ["1"], ', 'prefixes: ["1"], '),
        ('header: X-A, prefixes: ["1"], ', "header: X-A, "),
    ],
)
def test_the_special_comes_before_the_general(folder: Folder, first: str, second: str) -> None:
    assert len(folder.load(routes(first + "trunks: carrier", second + "trunks: second")).routes) == 2


def test_names_are_looked_up_as_dns_says(folder: Folder) -> None:
    dns = folder.load(GOOD + "dns: {servers: [192.0.2.53, '[2001:db8::53]:5353'], timeout: 2, families: [ipv6]}\n").dns
    assert (dns.servers, dns.timeout, dns.families) == (("192.0.2.53", "[2001:db8::53]:5353"), 2.0, ("ipv6",))
    assert folder.load(GOOD).dns.servers == ()


@pytest.mark.parametrize(
    "dns", ["{servers: [a.example]}", "{servers: ['192.0.2.53:0']}", "{families: [ipv4, ipv4]}", "{timeout: 0}"]
)
def test_name_servers_that_could_not_be_asked_are_refused(folder: Folder, dns: str) -> None:
    assert folder.fault(f"{GOOD}dns: {dns}\n").startswith("11: dns")
