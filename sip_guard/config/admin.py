"""The admin listener: from text to where it is and who may come in."""

from pathlib import Path

from sip_guard.admin.options import Options
from sip_guard.admin.password import Hash
from sip_guard.config import addresses, options
from sip_guard.config.fault import Faults
from sip_guard.transport.tls import Tls, TlsFiles


def read(item: options.Admin | None, folder: Path, faults: Faults) -> Options | None:
    """Read `admin`. None: there is to be none."""
    if item is None:
        return None
    address = faults.attempt(addresses.end, item.listen, "admin.listen")
    password = None if item.password is None else faults.attempt(Hash.parse, item.password, "admin.password")
    hosts = [faults.attempt(addresses.domain, each, f"admin.hosts[{i}]") for i, each in enumerate(item.hosts)]
    tls = _tls(item, folder, faults)
    if address is None:
        return None
    if not addresses.is_loopback(address):
        needed = ("certificate", item.certificate), ("key", item.key), ("password", item.password)
        lacking = [f"`{name}`" for name, value in needed if value is None]
        if lacking:
            what = f"others reach {address[0]}, so TLS and a password are needed: add {', '.join(lacking)}"
            faults.add("admin.listen", f"{what}; or listen on 127.0.0.1")
    return Options(address=address, tls=tls, password=password, hosts=frozenset(filter(None, hosts)))


def _tls(item: options.Admin, folder: Path, faults: Faults) -> TlsFiles | None:
    if item.certificate is None and item.key is None:
        return None
    if item.certificate is None or item.key is None:
        faults.add("admin", "`certificate` and `key` belong together; give both, or none")
        return None
    files = TlsFiles(certificate=str(folder / item.certificate), key=str(folder / item.key))
    faults.attempt(Tls, files, "admin.certificate")
    return files
