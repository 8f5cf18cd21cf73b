"""Debian's Kamailio as what the guard is measured beside: a relay, with and without verification by its secsipid."""

import socket
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from processes import START, Process, children, eventually

from sip_guard.demo.pki import Issued
from sip_guard.sip.flow import Address

KINDS: Final = ("relay", "key", "chain")
"""Nothing is verified; the signature is, by a key in memory; the certificate's chain is, too, from its cache."""

_CONFIG = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
server_signature=no
sip_warning=0
listen=udp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
{modules}

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            t_relay();
        }} else if (is_method("ACK") && t_check_trans()) {{
            t_relay();
        }}
        exit;
    }}
    if (is_method("ACK")) {{
        t_check_trans();
        exit;
    }}
    if (t_precheck_trans()) {{
        t_check_trans();
        exit;
    }}
    t_check_trans();
    {verify}
    record_route();
    $du = "sip:{to_host}:{to_port}";
    if (!t_relay()) sl_reply_error();
}}
"""
_VERIFY = """\
if (!is_present_hf("Identity")) {{
        sl_send_reply("428", "Use Identity Header");
        exit;
    }}
    if (!{check}) {{
        sl_send_reply("438", "Invalid Identity Header");
        exit;
    }}
    append_hf("X-Verstat: TN-Validation-Passed\\r\\n");
"""


class Kamailio(Process):
    """One Kamailio with one worker on the first core, until it is closed; calls go to `target`."""

    def __init__(self, kind: str, address: Address, target: Address, folder: Path, signer: Issued) -> None:
        """Start it as one of KINDS and wait until it listens. Raises RuntimeError with what it said if it does not."""
        modules, verify = "", ""
        if kind != "relay":
            modules = 'loadmodule "tmx.so"\nloadmodule "secsipid.so"\nmodparam("secsipid", "expire", 3600)\n'
            modules += 'modparam("secsipid", "timeout", 2)\n'
            # One of its own, so that it knows no certificate yet.
            cache = mkdtemp(prefix="kamailio-certificates-", dir=folder)
            if kind == "chain":
                modules += (
                    f'modparam("secsipid", "cache_dir", "{cache}")\nmodparam("secsipid", "cache_expire", 36000)\n'
                )
                # Dates, and the chain up to this file, which it reads anew for each call.
                modules += 'modparam("secsipid", "libopt", "CertVerify=5")\n'
                modules += f'modparam("secsipid", "libopt", "CertCAFile={folder / "anchor.pem"}")\n'
                check = 'secsipid_check_identity("")'
            else:
                key = signer.signing_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                written = key.decode().replace("\n", "\\n")
                modules += f'modparam("pv", "shvset", "key=s:{written}")\n'
                check = 'secsipid_check_identity_pubkey("$shv(key)")'
            verify = _VERIFY.format(check=check)
        else:
            modules = 'loadmodule "tmx.so"\n'
        config = folder / f"kamailio-{kind}.cfg"
        host, port = address
        config.write_text(
            _CONFIG.format(host=host, port=port, to_host=target[0], to_port=target[1], modules=modules, verify=verify)
        )
        command = ["env", f"SSL_CERT_FILE={folder / 'web_ca.pem'}", _KAMAILIO, "-f", str(config), "-DD", "-E"]
        command += ["-m", "1024", "-M", "16", "-x", "fm", "-X", "fm", "-Y", str(folder), "-w", str(folder)]
        super().__init__(command, 0, folder, f"kamailio-{kind}.log")
        self.ports = {"UDP": port}
        if not eventually(lambda: _listens(address) or not self.running, START) or not self.running:
            self.close()
            raise RuntimeError(f"Kamailio did not start: {self.said.read_text('utf-8', 'replace')[-3000:]}")

    def family(self) -> Sequence[int]:
        """Give the processes that it consists of."""
        return [self.process.pid, *children(self.process.pid)]

    def resident(self) -> float:
        """Give the MB of memory that it holds: what its processes share, counted once."""
        return sum(_share(each) for each in self.family()) / 1024


_KAMAILIO = "/usr/sbin/kamailio"


def _share(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _listens(address: Address) -> bool:
    """Tell whether somebody has taken the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        try:
            link.bind(address)
        except OSError:
            return True
        return False
