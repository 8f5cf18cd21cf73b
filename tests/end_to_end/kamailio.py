"""Runs Debian's Kamailio: a second proxy, which nobody here has written, on either side of the guard."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

from sip_guard.sip.flow import Address

WAIT = 5.0
"""Seconds that it may take to answer or to end."""
VERIFIED = "<urn:alert:source:verified@pbx.example>"
"""Alert-Info that it gives to calls of which the guard says that their number was verified."""

_OPTIONS = """\
OPTIONS sip:{0}:{1} SIP/2.0\r
Via: SIP/2.0/UDP {2}:{3};branch=z9hG4bK-there;rport\r
Max-Forwards: 70\r
From: <sip:{2}:{3}>;tag=there\r
To: <sip:{0}:{1}>\r
Call-ID: there\r
CSeq: 1 OPTIONS\r
Content-Length: 0\r
\r
"""

_CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
disable_core_dump=yes
tcp_source_ipv4={host}
listen=udp:{host}:{port}
listen=tcp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "list_file", "{places}")

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("OPTIONS") && !has_totag()) {{
        sl_send_reply("200", "OK");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            t_relay();
        }} else if (!is_method("ACK")) {{
            sl_send_reply("404", "Not Here");
        }} else if (t_check_trans()) {{
            t_relay();
        }}
        exit;
    }}
    t_check_trans();
    record_route();
    if (ds_is_from_list("1")) {{
        $var(where) = 2;
    }} else {{
        $var(where) = 1;
        route(ASK_GUARD);
    }}
    if (!ds_select_dst("$var(where)", "4")) {{
        sl_send_reply("503", "Nobody Is There");
        exit;
    }}
    $ru = "sip:" + $rU + "@" + $dd + ":" + $dp;
    if (!t_relay()) sl_reply_error();
}}

route[ASK_GUARD] {{
    if ($hdr(X-SIP-Guard) =~ "verdict=passed;") {{
        append_hf("Alert-Info: {verified}\\r\\n");
    }} else if ($hdr(X-SIP-Guard) =~ "verdict=absent;" && $rU == "{private}") {{
        sl_send_reply("603", "Only For Verified Callers");
        exit;
    }}
}}
"""


def program() -> str:
    """Give where it is installed."""
    path = shutil.which("kamailio", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    if path is None:
        pytest.fail("Kamailio is missing: scripts/test installs it, or apt-get install kamailio", pytrace=False)
    return path


class Kamailio:
    """One Kamailio, until it is closed."""

    def __init__(self, folder: Path, address: Address, config: Path) -> None:
        """Start it with a configuration by which it answers at `address`, and wait until it does."""
        self.address = address
        self._log = config.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program(), "-f", config, "-DD", "-E", "-m", "16", "-M", "4", "-Y", folder, "-w", folder],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def said(self) -> str:
        """Give what it logged."""
        return self._log.read_text("utf-8", "replace")

    def close(self) -> None:
        """End it, with all of its processes."""
        self._process.terminate()
        try:
            self._process.wait(WAIT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self) -> None:
        end = time.monotonic() + WAIT
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind((self.address[0], 0))
            link.settimeout(0.05)
            while time.monotonic() < end and self._process.poll() is None:
                link.sendto(_OPTIONS.format(*self.address, *link.getsockname()).encode(), self.address)
                try:
                    if link.recv(4096).startswith(b"SIP/2.0 200 "):
                        return
                except TimeoutError:
                    pass
        raise AssertionError(f"Kamailio does not answer\n{self.said()}")


def front(
    folder: Path,
    address: Address,
    *,
    behind: Sequence[str] = (),
    beyond: Sequence[str] = (),
    private: str = "nobody",
) -> Kamailio:
    """Start one at `address`, UDP and TCP, with its files in `folder`. It stays on the way of calls (Record-Route).

    Calls of those behind it go beyond, all others go to those behind it. What the guard says decides: calls of verified
    numbers get VERIFIED, and unsigned ones to the number `private` a 603. Places are SIP URIs, taken in turn.
    """
    host, port = address
    name = f"kamailio-{host}-{port}"
    places = folder / f"{name}.places"
    places.write_text("".join([*(f"1 {uri}\n" for uri in behind), *(f"2 {uri}\n" for uri in beyond)]))
    config = folder / f"{name}.cfg"
    config.write_text(_CONFIG.format(host=host, port=port, places=places, verified=VERIFIED, private=private))
    return Kamailio(folder, address, config)
