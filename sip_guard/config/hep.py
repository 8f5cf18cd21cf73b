"""The collector: from text to where it is."""

import ssl
from pathlib import Path

from sip_guard.config import addresses, options
from sip_guard.config.fault import Faults
from sip_guard.hep.options import PORT, Options


def read(item: options.Hep | None, folder: Path, faults: Faults) -> Options | None:
    """Read `hep`. None: nothing is mirrored."""
    if item is None:
        return None
    place = faults.attempt(addresses.place, item.address, "hep.address")
    ca = None if item.ca is None else str(folder / item.ca)
    if ca is not None and item.transport != "tls":
        faults.add("hep.ca", f"it is for `transport: tls`, and not for {item.transport}; leave it out")
    elif ca is not None:
        faults.attempt(_authorities, ca, "hep.ca", f"{ca}: ")
    host, port = place or ("", None)
    return Options(
        host=host,
        port=port or PORT,
        transport=item.transport,
        ca=ca,
        capture_id=item.capture_id,
        password=item.password.encode(),
        queue_octets=item.queue_octets,
    )


def _authorities(ca: str) -> None:
    """Raise ValueError if there are no certificates in a file."""
    try:
        ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise ValueError("not certificates in PEM form") from None
    except OSError as error:
        raise ValueError(error.strerror) from None
