"""Distinguished names, in the form in which they are compared (RFC 5280 7.1)."""

from unicodedata import normalize

from cryptography import x509

Name = tuple[frozenset[tuple[str, str | bytes]], ...]
"""Relative names from the top, each a set of types (dotted) and values. Equal names are equal."""


def canonical(name: x509.Name) -> Name:
    """Give a name as it is compared: without case, needless space and different ways to encode the same text."""
    return tuple(frozenset((each.oid.dotted_string, _folded(each.value)) for each in rdn) for rdn in name.rdns)


def _folded(value: str | bytes) -> str | bytes:
    return " ".join(normalize("NFKC", value).casefold().split()) if isinstance(value, str) else value
