"""A first configuration, written from a few answers."""

import json
import re

import msgspec

from sip_guard.sip.flow import Address, written

COUNTRIES = {"CA": ("ca", "011"), "FR": ("fr", "00"), "GB": ("uk", "00"), "US": ("us", "011")}
"""By ISO 3166-1 country the preset for it, and what is dialled there for `+`."""
_WIDTH = 37
"""Where comments begin."""
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+){3}([:/][0-9]+)?|[A-Za-z/][A-Za-z0-9/._\-]*(:[0-9]+)?").fullmatch
_WORDS = frozenset(("true", "false", "null"))


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known."""

    listen: Address
    carrier: tuple[str, ...]
    """Addresses and networks."""
    pbx: str
    country: str | None
    """One of `COUNTRIES`."""
    anchors: str | None
    """A folder with the roots of STI authorities; None: there are no tokens to verify."""
    state_directory: str | None
    record: bool
    """Whether decisions are kept; only with a state directory."""
    control: bool
    """Whether there is a control socket; only with a state directory."""
    admin: Address | None


def starting(answers: Answers) -> str:
    """Write the file."""
    parts = (_HEAD, *_peers(answers), _verification(answers), *_country(answers), *_rest(answers))
    return "\n\n".join(filter(None, parts)) + "\n"


_HEAD = """\
# Begun by `sip-guard init`. `sip-guard check FILE` says what it means, `sip-guard run --config FILE` starts the guard.
# Let the carrier send its calls to the guard instead of the PBX. docs/operating.md explains every option."""


def _peers(answers: Answers) -> tuple[str, ...]:
    sources = f"[{', '.join(map(_value, answers.carrier))}]"
    trunk = ["trunks:", "  - name: carrier", _line(f"    sources: {sources}", "where the carrier's calls come from")]
    if answers.anchors is None:
        trunk.append(_line("    identity: ignore", "no STI anchors, so tokens are not looked at"))
    if answers.country is not None:
        prefix = COUNTRIES[answers.country][1]
        trunk += [
            "    dial_plan:",
            _line(f"      country: {answers.country}", "whose national numbers it carries"),
            _line(f'      international_prefixes: ["{prefix}"]', "what stands for `+`"),
        ]
    return (
        "listen:\n" + _line(f"  - udp: {_value(written(answers.listen))}", "as the carrier and the PBX reach it"),
        "\n".join(trunk),
        "targets:\n  - name: pbx\n" + _line(f"    address: {_value(answers.pbx)}", "where calls go"),
    )


def _verification(answers: Answers) -> str:
    if answers.anchors is None:
        return ""
    what = "a folder of *.pem: the roots of the STI authorities that you trust"
    return "verification:\n" + _line(f"  anchors: [{_value(answers.anchors)}]", what)


def _country(answers: Answers) -> tuple[str, ...]:
    if answers.country is None:
        return ()
    preset = COUNTRIES[answers.country][0]
    return (
        "numbers:\n" + _line(f"  home: [{answers.country}]", "what is domestic; numbers that are shown are looked at"),
        "policy:\n"
        + _line(f"  preset: [default, {preset}]", "default acts; the country's rules are in shadow: see")
        + "\n"
        + _line("", "`sip-guard shadow`, and enforce by `modes` what proves right"),
    )


def _rest(answers: Answers) -> tuple[str, ...]:
    state = []
    if answers.state_directory is not None:
        what = "the guard's own folder: calls in progress go on over a restart"
        state.append(_line(f"state_directory: {_value(answers.state_directory)}", what))
        if answers.record:
            state += ["record:", _line("  days: 90.0", "decisions are kept so long; see `sip-guard calls`")]
        else:
            state += ["record:", _line('  file: ""', "decisions are not kept")]
        if answers.control:
            state.append(_line("control: control", "the socket of `sip-guard reload`, `drain` and `status`"))
        else:
            state.append(_line('control: ""', "no control socket: reload by HUP, drain by TERM"))
    admin = ""
    if answers.admin is not None:
        what = "/metrics for Prometheus, /healthz and /readyz"
        admin = "admin:\n" + _line(f"  listen: {_value(written(answers.admin))}", what)
    return "\n".join(state), admin


def _line(text: str, comment: str) -> str:
    return f"{text:<{_WIDTH - 2}}  # {comment}"


def _value(text: str) -> str:
    """Write a value so that it is read as text."""
    return text if _PLAIN(text) and text not in _WORDS else json.dumps(text, ensure_ascii=False)
