"""What reads octets that anyone may send, each with what must hold whatever comes.

A reader takes octets and raises AssertionError where something does not hold. Any other exception that leaves it is a
mistake of the guard. Its seeds are where the search begins; what was once found is among them for ever, as a file of
`found/` that begins with the reader's name.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import read_certificates
import read_lists
import read_messages
import read_tokens

FOUND = Path(__file__).with_name("found")


class Reader(NamedTuple):
    """One reader, and where to begin."""

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]

    def beginnings(self) -> list[bytes]:
        """Give the seeds, and all that was ever found."""
        return [*self.seeds(), *(path.read_bytes() for path in sorted(FOUND.glob(f"{self.name}-*")))]


READERS = {
    reader.name: reader
    for reader in (
        Reader("message", read_messages.message, read_messages.messages),
        Reader("framing", read_messages.framing, read_messages.streams),
        Reader("identity", read_tokens.identity, read_tokens.identities),
        Reader("passport", read_tokens.passport, read_tokens.passports),
        Reader("tn_auth_list", read_certificates.tn_auth_list, read_certificates.tn_auth_lists),
        Reader("claim_constraints", read_certificates.claim_constraints, read_certificates.constraints),
        Reader("crl", read_lists.revocation, read_lists.revocation_lists),
        Reader("trust_list", read_lists.trust, read_lists.trust_lists),
        Reader("certificate", read_certificates.certificate, read_certificates.certificates),
    )
}
