"""What `sip-guard probe` does with its arguments."""

import re
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import msgspec

from sip_guard.config.addresses import end
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.command import octets
from sip_guard.desk.probe.call import ProbeCall, Seen
from sip_guard.desk.probe.report import Report
from sip_guard.number import canonical
from sip_guard.sip.flow import Address
from sip_guard.sip.uri import Uri
from sip_guard.stir.credential import private_key
from sip_guard.stir.sign import sign

SPARE = 10.0
"""Seconds beside those of the call that the user agent may take."""
_ACTION = re.compile(r"allow|tag|anonymise|redirect|reject( [3-6][0-9]{2})?").fullmatch
_URL = re.compile(r"https://[A-Za-z0-9\-._~!$&'()*+,=:@/%\[\]]+").fullmatch
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f\x7f]').search


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    to: str
    caller: str
    display: str
    asserted: str | None
    key: Path | None
    url: str | None
    attest: str
    local: str | None
    callee: str | None
    expect: str | None
    tag_header: str
    ring: float
    patience: float


def probe(wanted: Wanted) -> Report:
    """Place the call and say what came of it. Raises BadInput."""
    if find_spec("pjsua2") is None:
        raise BadInput(
            "pjsua2 is not installed: pip install 'sip-guard[agent]', for the Python that sip-guard runs with"
        )
    _check_expected(wanted)
    uri = Uri.parse(wanted.to.encode("ascii", "replace"))
    if uri is None or uri.scheme != b"sip" or not uri.user or b"[" in uri.host:
        raise BadInput(f"--to `{wanted.to}`: expected a SIP URI on IPv4, such as sip:+442079460000@192.0.2.1:5060")
    transport = (uri.parameter(b"transport") or b"udp").lower()
    if transport not in (b"udp", b"tcp"):
        raise BadInput(f"--to `{wanted.to}`: the call goes over udp or tcp, and not over {transport.decode()}")
    local = _local(wanted.local, uri)
    seen = _placed(
        ProbeCall(
            uri=wanted.to,
            caller=_name_addr(wanted, local[0]),
            fields=_fields(wanted, uri, local[0]),
            local=local,
            tcp=transport == b"tcp",
            callee=None if wanted.callee is None else _end(wanted.callee, "--callee"),
            ring=wanted.ring,
            patience=wanted.patience,
        )
    )
    if seen.fault:
        raise BadInput(f"the call cannot be placed: {seen.fault}; see --to, --local and --callee")
    return Report.of(
        seen,
        waited=wanted.callee is not None,
        expected=wanted.expect,
        local=local[0],
        tag_header=wanted.tag_header,
    )


def _check_expected(wanted: Wanted) -> None:
    if wanted.expect is None:
        return
    if not _ACTION(wanted.expect):
        words = "allow, tag, anonymise, redirect, reject, or one rejection such as `reject 403`"
        raise BadInput(f"--expect `{wanted.expect}`: expected {words}")
    if wanted.expect in ("tag", "anonymise") and wanted.callee is None:
        raise BadInput(f"--expect {wanted.expect}: that shows where the call arrives; take it there with --callee")


def _local(given: str | None, uri: Uri) -> Address:
    """Give where the call comes from: by default, the address of this machine that faces the one that is called."""
    if given is not None:
        return _end(given, "--local")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.connect((uri.address, uri.port or 5060))
            return str(link.getsockname()[0]), 0
    except OSError as error:
        raise BadInput(f"--to: {uri.address} cannot be reached: {error.strerror}") from None


def _end(text: str, option: str) -> Address:
    try:
        host, port = end(text)
    except ValueError as error:
        raise BadInput(f"{option}: {error}") from None
    if ":" in host:
        raise BadInput(f"{option} `{text}`: probes go over IPv4; take another address of this machine")
    return host, port


def _name_addr(wanted: Wanted, host: str) -> str:
    if _UNQUOTABLE(wanted.display):
        raise BadInput("--display: quotes, backslashes and control characters cannot be shown")
    display = f'"{wanted.display}" ' if wanted.display else ""
    return f"{display}<{_address(wanted.caller, host, '--from')}>"


def _address(number: str, host: str, option: str) -> str:
    text = f"sip:{number}@{host}"
    if Uri.parse(text.encode("ascii", "replace")) is None:
        raise BadInput(f"{option} `{number}` is no number, such as +442079460123, nor another user part of a SIP URI")
    return text


def _fields(wanted: Wanted, uri: Uri, host: str) -> tuple[tuple[str, str], ...]:
    fields = []
    if wanted.asserted is not None:
        fields.append(("P-Asserted-Identity", f"<{_address(wanted.asserted, host, '--asserted')}>"))
    if wanted.key is not None or wanted.url is not None:
        fields.append(("Identity", _token(wanted, uri)))
    return tuple(fields)


def _token(wanted: Wanted, uri: Uri) -> str:
    if wanted.key is None or wanted.url is None:
        raise BadInput(
            "--identity-key FILE and --certificate-url URL, where verifiers get its certificate, go together"
        )
    if not _URL(wanted.url):
        raise BadInput(f"--certificate-url `{wanted.url}`: expected https://HOST/PATH")
    try:
        key = private_key(octets(wanted.key))
    except ValueError as error:
        raise BadInput(f"{wanted.key}: {error}") from None
    caller, callee = canonical(wanted.asserted or wanted.caller), canonical(uri.user.decode())
    if caller is None or callee is None:
        which = "--from" if caller is None else "--to"
        raise BadInput(f"{which}: a token attests telephone numbers, such as +442079460123")
    value = sign(
        attest=wanted.attest,
        dest_tn=[callee],
        iat=int(time.time()),
        orig_tn=caller,
        origid=str(uuid4()),
        key=key,
        x5u=wanted.url,
    )
    return value.decode()


def _placed(call: ProbeCall) -> Seen:
    """Place a call by a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sip_guard.desk.probe.agent"],
            input=msgspec.json.encode(call),
            capture_output=True,
            timeout=call.ring + call.patience + SPARE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Seen(fault="the user agent did not end in time")
    try:
        return msgspec.json.decode(done.stdout, type=Seen)
    except msgspec.DecodeError:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Seen(fault=f"the user agent ended with {done.returncode}: {said}")
