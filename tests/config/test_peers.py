"""Trunks and targets: what each of them may be, and which cannot stand beside each other."""

import msgspec
import pytest
from pki import NOW
from wrong import GOOD, Folder, changed

from sip_guard import peer
from sip_guard.config import options
from sip_guard.demo.pki import Window, web_root
from sip_guard.peer import Probe

TWO_TARGETS = changed("targets:\n", "targets:\n  - {name: other, address: 10.0.0.6:5060}\n")
FAR = changed("verification:", "  - {name: sbc, address: 203.0.113.7, trunk: carrier}\nverification:")
"""With a target of the trunk, on line 9."""
SECOND = changed("targets:", "  - {name: second, sources: [192.0.2.9]}\ntargets:", FAR)
"""And with another trunk, on line 6."""
TLS = "tls: {certificate: all.pem, key: all.key, client_ca: all.pem}\n"


def trunk(more: str, text: str = GOOD) -> str:
    """Give a configuration whose trunk has more options, from line 5 on."""
    return changed("- name: carrier", f"- name: carrier\n    {more}", text)


def target(more: str, text: str = GOOD) -> str:
    """Give a configuration whose target has more options, from line 8 on."""
    return changed("- name: pbx", f"- name: pbx\n    {more}", text)


def at(address: str, text: str = GOOD) -> str:
    """Give a configuration whose target is at another address, on line 8."""
    return changed("10.0.0.5:5060", address, text)


@pytest.fixture
def with_tls(folder: Folder) -> Folder:
    """Give a folder with a certificate for both sides."""
    root = web_root(Window.around(NOW))
    folder.write("all.pem", root.pem)
    folder.write("all.key", root.key_pem)
    return folder


@pytest.mark.parametrize(("shape", "meaning"), [(options.Trunk, peer.Trunk), (options.Target, peer.Target)])
def test_options_have_the_ranges_and_defaults_of_what_they_become(
    shape: type[msgspec.Struct], meaning: type[msgspec.Struct]
) -> None:
    meant = {field.name: field for field in msgspec.structs.fields(meaning)}
    plain = [field for field in msgspec.structs.fields(shape) if isinstance(field.default, (int, float, str))]
    # What a trunk's calls may show is a matter of a check, and not of the trunk.
    compared = [field for field in plain if field.name != "may_present"]
    assert len(compared) >= 6
    for field in compared:
        assert (field.default, field.type) == (meant[field.name].default, meant[field.name].type), field.name


# Trunks.


def test_trunks_and_targets_have_names_of_their_own(folder: Folder) -> None:
    text = changed("trunks:\n", "trunks:\n  - {name: carrier, sources: [192.0.2.9]}\n", TWO_TARGETS)
    assert folder.faults(changed("name: other", "name: pbx", text)) == [
        "5: trunks[1]: the name `carrier` is taken by an entry above",
        "9: targets[1]: the name `pbx` is taken by an entry above",
    ]


@pytest.mark.parametrize("name", ["''", "a b", "-a", "a" * 65, "\u00fcber", "a;b", "a/b"])
def test_a_name_that_would_break_a_header_is_refused(folder: Folder, name: str) -> None:
    assert " is no name: up to 64 letters" in folder.fault(changed("name: carrier", f"name: {name}"))


def test_a_trunk_sends_its_calls_to_every_target_on_our_side_or_to_those_it_names(folder: Folder) -> None:
    both = changed("verification:", "  - {name: sbc, address: 10.0.0.7, trunk: carrier}\nverification:", TWO_TARGETS)
    assert folder.load(both).trunks[0].targets == ("other", "pbx")
    assert folder.load(trunk("targets: pbx", both)).trunks[0].targets == ("pbx",)
    assert folder.load(trunk("targets: [pbx, other]", both)).trunks[0].targets == ("pbx", "other")


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("targets: pxb", "5: trunks[0].targets: there is no target `pxb`; did you mean `pbx`?"),
        ("targets: [pbx, nowhere]", "5: trunks[0].targets[1]: there is no target `nowhere`, expected one of: pbx, sbc"),
        ("targets: [pbx, pbx]", "5: trunks[0].targets[1]: `pbx` stands twice; keep one of them"),
        ("targets: []", "5: trunks[0].targets: expected a list of length >= 1"),
        (
            "targets: [pbx, sbc]",
            "5: trunks[0].targets[1]: target `sbc` belongs to trunk `carrier`; calls of a trunk go to targets on our "
            "side, which have no `trunk`",
        ),
        ("targets: sbc", "5: trunks[0].targets: target `sbc` belongs to trunk `carrier`; calls of a trunk go to"),
        ("target: pbx", "5: trunks[0].target: there is no option `target`; did you mean `targets`?"),
    ],
)
def test_a_trunk_sends_no_calls_to_what_is_none_of_our_targets(folder: Folder, more: str, fault: str) -> None:
    assert folder.fault(trunk(more, FAR)).startswith(fault)


def test_without_a_target_on_our_side_no_call_could_come_in(folder: Folder) -> None:
    fault = folder.fault(target("trunk: carrier"))
    assert fault == "6: targets: every one has a `trunk`; add one on our side, where the calls of trunks go"


def test_a_trunk_that_nothing_tells_from_strangers_is_refused(folder: Folder) -> None:
    text = changed("    sources: [198.51.100.0/24]\n", "")
    fault = "4: trunks[0]: nothing tells its messages from those of strangers; add `sources`, or `certificates` for TLS"
    assert folder.fault(text) == fault
    assert folder.fault(changed("[198.51.100.0/24]", "[]")) == fault


def test_a_trunk_may_be_told_by_the_address_of_its_target_alone(folder: Folder) -> None:
    assert folder.load(changed("    sources: [198.51.100.0/24]\n", "", FAR)).trunks[0].sources == ()


def test_a_trunk_passes_calls_and_nothing_else_unless_it_is_named(folder: Folder) -> None:
    assert folder.load(GOOD).trunks[0].methods == frozenset()
    assert folder.load(trunk("methods: [MESSAGE, REGISTER]")).trunks[0].methods == {"MESSAGE", "REGISTER"}


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("INVITE", "INVITE begins calls, which always pass to the checks; leave it out"),
        ("bye", "BYE belongs to calls, and passes within them; leave it out"),
        ("PRACK", "PRACK belongs to calls, and passes within them; leave it out"),
        ("OPTIONS", "OPTIONS is answered by the guard itself outside of calls, and passes within them; leave it out"),
        ("message", "`message`: methods are written in capitals: `MESSAGE`"),
        ("MESAGE", "there is no method `MESAGE`; did you mean `MESSAGE`?"),
        ("*", "there is no method `*`, expected one of: MESSAGE, NOTIFY, PUBLISH, REGISTER"),
    ],
)
def test_a_method_that_could_not_pass_is_refused(folder: Folder, method: str, fault: str) -> None:
    assert folder.fault(trunk(f"methods: [PUBLISH, '{method}']")) == f"5: trunks[0].methods[1]: {fault}"


def test_a_trunk_has_no_limits_unless_it_is_given_some(folder: Folder) -> None:
    (unlimited,) = folder.load(GOOD).trunks
    assert (unlimited.calls_per_second, unlimited.concurrent_calls) == (None, None)
    (limited,) = folder.load(trunk("calls_per_second: 0.5\n    concurrent_calls: 1")).trunks
    assert (limited.calls_per_second, limited.concurrent_calls) == (0.5, 1)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("calls_per_second: 0", "5: trunks[0].calls_per_second: expected a number > 0.0: `0`"),
        ("calls_per_second: 1000000", "5: trunks[0].calls_per_second: expected a number <= 100000.0"),
        ("concurrent_calls: 0", "5: trunks[0].concurrent_calls: expected a whole number >= 1: `0`"),
        ("concurrent_calls: 1.5", "5: trunks[0].concurrent_calls: expected a whole number or nothing, got a number"),
    ],
)
def test_a_limit_that_is_none_is_refused(folder: Folder, more: str, fault: str) -> None:
    assert folder.fault(trunk(more)).startswith(fault)


# Certificates.


def test_a_trunk_may_be_told_by_its_certificate_alone(with_tls: Folder) -> None:
    text = changed("sources: [198.51.100.0/24]", "certificates: [SIP.Carrier.Example, b.example]")
    text = changed("- udp:", "- tls: 192.0.2.1:5061\n  - udp:", text) + TLS
    (told,) = with_tls.load(text).trunks
    assert (told.sources, told.certificates) == ((), ("sip.carrier.example", "b.example"))


@pytest.mark.parametrize(
    ("listen", "tls", "fault"),
    [
        ("udp: 192.0.2.2:5060", TLS, "6: trunks[0].certificates: nothing under `listen` has `tls`, so that nobody can"),
        (
            "tls: 192.0.2.1:5061",
            TLS.replace(", client_ca: all.pem", ""),
            "6: trunks[0].certificates: add `tls.client_ca`: without it no certificate is asked for",
        ),
        ("tls: 192.0.2.1:5061", "", "2: listen[0].tls: TLS needs a section `tls` with `certificate` and `key`"),
    ],
)
def test_a_certificate_that_nobody_asks_for_is_refused(with_tls: Folder, listen: str, tls: str, fault: str) -> None:
    text = changed("- udp:", f"- {listen}\n  - udp:", trunk("certificates: [sip.carrier.example]"))
    assert with_tls.fault(text + tls).startswith(fault)


@pytest.mark.parametrize(
    ("domain", "fault"),
    [
        ("'*.carrier.example'", "`*.carrier.example`: a wildcard names nobody in SIP (RFC 5922 7.2); write the whole"),
        ("sip:carrier.example", "`sip:carrier.example` is no host name, such as pbx.example.com"),
        ("192.0.2.7", "`192.0.2.7` is no host name, such as pbx.example.com"),
    ],
)
def test_a_certificate_that_names_no_domain_is_refused(with_tls: Folder, domain: str, fault: str) -> None:
    text = changed("- udp:", "- tls: 192.0.2.1:5061\n  - udp:", trunk(f"certificates: [{domain}]"))
    assert with_tls.fault(text + TLS).startswith(f"6: trunks[0].certificates[0]: {fault}")


def test_a_certificate_is_of_one_trunk(with_tls: Folder) -> None:
    text = trunk("certificates: [a.example, b.example]\n  - name: second\n    certificates: [c.example, B.example]")
    text = changed("- udp:", "- tls: 192.0.2.1:5061\n  - udp:", text)
    assert with_tls.faults(text + TLS) == [
        "8: trunks[1].certificates[1]: trunk `carrier` has the same certificate; a call can be of one only"
    ]


# Whose a source is.


@pytest.mark.parametrize("source", ["198.51.100.0/24", "198.51.100.7", "'198.51.100.7:5062'"])
def test_a_source_belongs_to_one_trunk(folder: Folder, source: str) -> None:
    text = changed("[198.51.100.0/24]", f"[{source}]\n  - name: second\n    sources: [192.0.2.9, {source}]")
    assert folder.fault(text) == (
        "7: trunks[1].sources[1]: trunk `carrier` has the same source; a call can be of one only"
    )


def test_a_source_within_another_is_no_collision(folder: Folder) -> None:
    text = changed("[198.51.100.0/24]", "[198.51.100.0/24]\n  - name: second\n    sources: [198.51.100.7]")
    assert len(folder.load(text).trunks) == 2


@pytest.mark.parametrize(
    ("trunk", "target"), [("'10.0.0.5:5060'", "[]"), ("10.0.0.8/29", "[10.0.0.8/29]"), ("10.0.0.6", "[10.0.0.6]")]
)
def test_what_a_target_sends_is_no_trunks(folder: Folder, trunk: str, target: str) -> None:
    text = changed("198.51.100.0/24", trunk, changed("10.0.0.5:5060", f"10.0.0.5:5060\n    sources: {target}"))
    assert "target `pbx` has the same source; a call can be of one only" in folder.fault(text)


def test_a_trunk_may_be_on_the_targets_host_by_another_port(folder: Folder) -> None:
    (trunk,) = folder.load(changed("198.51.100.0/24", "10.0.0.5, '10.0.0.5:5070'")).trunks
    assert [source.port for source in trunk.sources] == [None, 5070]


@pytest.mark.parametrize("source", ["203.0.113.7", "'203.0.113.7:5060'"])
def test_the_address_of_a_trunks_target_is_no_source_of_another_trunk(folder: Folder, source: str) -> None:
    fault = folder.fault(changed("[192.0.2.9]", f"[{source}]", SECOND))
    assert fault == "6: trunks[1].sources[0]: target `sbc` has the same source; a call can be of one only"
    assert len(folder.load(changed("198.51.100.0/24", source, SECOND)).trunks) == 2


def test_two_trunks_may_be_on_one_host_by_two_ports(folder: Folder) -> None:
    text = changed("{name: second, sources: [192.0.2.9]}", "{name: second, sources: ['203.0.113.7:5062']}", SECOND)
    text = changed("verification:", "  - {name: two, address: '203.0.113.7:5062', trunk: second}\nverification:", text)
    assert [each.trunk for each in folder.load(text).targets] == ["", "carrier", "second"]


@pytest.mark.parametrize(
    "another", ["{name: x, address: '203.0.113.7:5060', trunk: second}", "{name: x, address: 203.0.113.7}"]
)
def test_an_address_is_on_one_side_and_of_one_trunk(folder: Folder, another: str) -> None:
    text = changed("verification:", f"  - {another}\nverification:", SECOND)
    assert folder.fault(text) == ("11: targets[2].address: target `sbc` has the same source; a call can be of one only")


def test_a_further_address_of_a_target_is_on_one_side(folder: Folder) -> None:
    text = target("sources: [10.0.0.8/29, '203.0.113.7:5060']", FAR)
    text = changed("trunk: carrier}", "trunk: carrier, sources: [10.0.0.8/29]}", text)
    assert folder.faults(text) == [
        "10: targets[1].address: target `pbx` has the same source; a call can be of one only",
        "10: targets[1].sources[0]: target `pbx` has the same source; a call can be of one only",
    ]


def test_one_side_may_reach_an_address_twice(folder: Folder) -> None:
    text = changed("- udp:", "- tcp: 192.0.2.1:5060\n  - udp:")
    text = changed("verification:", "  - {name: by-tcp, address: '10.0.0.5:5060', transport: tcp}\nverification:", text)
    assert [each.transport for each in folder.load(text).targets] == [None, "TCP"]


def test_a_dial_plan_is_of_a_country(folder: Folder) -> None:
    plan = (
        "sources: [192.0.2.9]\n    dial_plan: {{country: {}, international_prefixes: [{}]}}\n  - name: x\n    sources:"
    )
    config = folder.load(changed("sources:", plan.format("GB", '"00"')))
    assert config.trunks[0].dial_plan.country == "GB"
    assert config.trunks[0].dial_plan.international_prefixes == ("00",)
    for country in ("UK", "gb", "GBR", "''", "XX"):
        fault = folder.fault(changed("sources:", plan.format(country, '"00"')))
        assert fault.endswith(f"`{country.strip(chr(39))}` is no ISO 3166-1 country code, such as GB")
    for prefix in ('"+"', '""', '"0a"', '"0000000"'):
        assert folder.fault(changed("sources:", plan.format("GB", prefix))).startswith(
            "6: trunks[0].dial_plan.international_prefixes[0]: "
        )


def test_on_the_far_side_it_is_the_trunk_that_is_trusted(folder: Folder) -> None:
    fault = folder.fault(changed("trunk: carrier}", "trunk: carrier, trust_asserted: false}", FAR))
    assert fault == "9: targets[1].trust_asserted: on the far side that of the trunk counts; set it there"


# Targets.


def test_a_target_is_where_its_address_says(folder: Folder) -> None:
    (pbx,) = folder.load(at("PBX.example.com:5080")).targets
    assert (pbx.host, pbx.port, pbx.transport) == ("pbx.example.com", 5080, None)
    (pbx,) = folder.load(at("10.0.0.5")).targets
    assert (pbx.host, pbx.port, pbx.transport) == ("10.0.0.5", None, None)
    (pbx,) = folder.load(at("'[::1]'", changed("192.0.2.1:5060", "'[2001:db8::1]:5060'"))).targets
    assert (pbx.host, pbx.port) == ("::1", None)


def test_all_that_a_target_is_told_reaches_it(folder: Folder) -> None:
    told = {
        "priority": 1,
        "weight": 5,
        "trust_asserted": False,
        "redirects": "follow",
        "request_uri": "rewrite",
        "patience": 0.5,
        "down_after": 1,
        "retry_after": 30.0,
        "overload_control": True,
    }
    text = "\n    ".join(f"{name}: {str(value).lower()}" for name, value in told.items())
    text += "\n    probe: {every: 30, timeout: 2.5, up_after: 1}"
    (pbx,) = folder.load(target(text)).targets
    assert {name: getattr(pbx, name) for name in told} == told
    assert pbx.probe == Probe(every=30, timeout=2.5, up_after=1)
    assert folder.load(target("probe: {}")).targets[0].probe == Probe()
    assert folder.load(GOOD).targets[0].probe is None


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("trunk: carier", "8: targets[0].trunk: there is no trunk `carier`; did you mean `carrier`?"),
        ("priority: -1", "8: targets[0].priority: expected a whole number >= 0: `-1`"),
        ("weight: 0", "8: targets[0].weight: expected a whole number >= 1: `0`"),
        ("weight: 65536", "8: targets[0].weight: expected a whole number <= 65535: `65536`"),
        ("patience: 0.4", "8: targets[0].patience: expected a number >= 0.5: `0.4`"),
        ("patience: 33", "8: targets[0].patience: expected a number <= 32.0: `33`"),
        ("down_after: 0", "8: targets[0].down_after: expected a whole number >= 1: `0`"),
        ("retry_after: 0.5", "8: targets[0].retry_after: expected a number >= 1.0: `0.5`"),
        ("redirects: folow", "8: targets[0].redirects: there is no choice `folow`; did you mean `follow`?"),
        ("transport: UDP", "8: targets[0].transport: there is no choice `UDP`, expected one of: tcp, tls, udp"),
        ("probe: {evry: 1}", "8: targets[0].probe.evry: there is no option `evry`; did you mean `every`?"),
        ("probe: {every: 0.5}", "8: targets[0].probe.every: expected a number >= 1.0: `0.5`"),
        ("probe: {timeout: 33}", "8: targets[0].probe.timeout: expected a number <= 32.0: `33`"),
        ("probe: {up_after: 0}", "8: targets[0].probe.up_after: expected a whole number >= 1: `0`"),
        (
            "probe: {every: 3}",
            "8: targets[0].probe.timeout: an answer may not take longer than `every`, until the next OPTIONS",
        ),
        ("probe: true", "8: targets[0].probe: expected a mapping or nothing, got true or false: `true`"),
        ("server_name: x.example", "8: targets[0].server_name: only a target with `transport: tls` has a certificate"),
        ("large_requests: tcp", "8: targets[0].large_requests: nothing under `listen` speaks TCP over IPv4, by which"),
    ],
)
def test_a_target_that_would_not_work_is_refused(folder: Folder, more: str, fault: str) -> None:
    text = changed("verification:", "  - {name: last, address: 10.0.0.6}\nverification:", target(more))
    assert folder.fault(text).startswith(fault)


@pytest.mark.parametrize("name", ["pbx.example.com", "10.0.0.5"])
def test_what_a_tls_certificate_must_name_may_be_another_name(with_tls: Folder, name: str) -> None:
    text = changed("- udp:", "- tls: 192.0.2.1:5061\n  - udp:", target(f"transport: tls\n    server_name: {name}"))
    assert with_tls.load(text + TLS).targets[0].server_name == name
    wrong = with_tls.fault(changed(f"server_name: {name}", "server_name: a b", text) + TLS)
    assert wrong.startswith("10: targets[0].server_name: `a b` is no host name")


@pytest.mark.parametrize(
    ("listen", "address", "fault"),
    [
        ("udp: 192.0.2.1:5060", "'[fd00::5]:5060'", "nothing under `listen` speaks UDP over IPv6; calls leave from"),
        ("tcp: 192.0.2.1:5060", "10.0.0.5", "nothing under `listen` speaks UDP over IPv4; calls leave from there"),
        (
            "udp: 192.0.2.1:5060",
            "10.0.0.5\n    transport: tcp",
            "nothing under `listen` speaks TCP over IPv4; calls leave from there",
        ),
        (
            "udp: 192.0.2.1:5060",
            "pbx.example.com\n    transport: tcp",
            "nothing under `listen` speaks TCP, by which calls leave for it; add it",
        ),
        (
            "tls: 192.0.2.1:5061",
            "pbx.example.com",
            "nothing under `listen` speaks UDP or TCP, by which calls leave for it; add it, or `transport: tls`",
        ),
    ],
)
def test_a_target_needs_an_end_of_ours_with_its_transport(
    with_tls: Folder, listen: str, address: str, fault: str
) -> None:
    said = with_tls.fault(changed("udp: 192.0.2.1:5060", listen, at(address)) + TLS)
    assert said.startswith(f"8: targets[0].address: {fault}")


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("tcp: 192.0.2.1:5060", "10.0.0.5\n    transport: tcp"),
        ("tcp: 192.0.2.1:5060", "pbx.example.com"),
        ("udp: '[2001:db8::1]:5060'", "pbx.example.com"),
        ("tls: 192.0.2.1:5061", "pbx.example.com\n    transport: tls"),
    ],
)
def test_one_end_of_ours_is_enough(with_tls: Folder, listen: str, address: str) -> None:
    assert with_tls.load(changed("udp: 192.0.2.1:5060", listen, at(address)) + TLS).targets


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("udp: 192.0.2.1:5060", "192.0.2.1:5060"),
        ("udp: 192.0.2.1:5060", "192.0.2.1"),
        ("udp: 0.0.0.0:5060\n    advertise: 192.0.2.1:5060", "127.0.0.1:5060"),
        ("udp: 0.0.0.0:5060\n    advertise: 192.0.2.1:5070", "192.0.2.1:5070"),
        ("udp: '[::]:5060'\n    advertise: '[2001:db8::1]:5060'", "'::1'"),
        ("tls: 192.0.2.1:5061", "192.0.2.1\n    transport: tls"),
    ],
)
def test_a_target_that_leads_back_to_the_guard_is_refused(with_tls: Folder, listen: str, address: str) -> None:
    said = with_tls.fault(changed("udp: 192.0.2.1:5060", listen, at(address)) + TLS)
    assert said.endswith("targets[0].address: this is the guard's own address: calls would go round in a circle")


def test_large_requests_may_go_by_tcp(folder: Folder) -> None:
    both = changed("- udp:", "- tcp: 192.0.2.1:5060\n  - udp:")
    for address in ("10.0.0.5", "pbx.example.com", "10.0.0.5\n    transport: udp"):
        assert folder.load(at(f"{address}\n    large_requests: tcp", both)).targets[0].large_requests == "tcp"
    said = folder.fault(at("10.0.0.5\n    transport: tcp\n    large_requests: tcp", both))
    assert said == "11: targets[0].large_requests: only by UDP a request can be too large, and this target has TCP"
    named = folder.fault(at("pbx.example.com\n    large_requests: tcp"))
    assert named.startswith("9: targets[0].large_requests: nothing under `listen` speaks TCP, by which they would")


def test_a_target_cannot_stand_in_for_itself(folder: Folder) -> None:
    twin = "  - name: pbx\n    address: 10.0.0.5:5060\n  - name: twin\n    address: 10.0.0.5\n"
    (fault,) = folder.faults(GOOD.replace("  - name: pbx\n    address: 10.0.0.5:5060\n", twin))
    assert "target `pbx` has the same address; it cannot stand in for itself" in fault
