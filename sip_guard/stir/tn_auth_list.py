"""What a signing certificate is good for: the TNAuthList extension (RFC 8226 9)."""

import re
from collections.abc import Callable
from typing import Annotated, Final, Literal, Self

import msgspec
from cryptography import x509
from cryptography.hazmat import asn1

OID: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
MAX_ENTRIES: Final = 1000

_CODE = re.compile(r"[0-9A-Za-z]{1,32}").fullmatch
_TN = re.compile(r"[0-9#*]{1,15}").fullmatch
_DIGITS = re.compile(r"[0-9]{1,15}").fullmatch


@asn1.sequence
class _Range:
    start: asn1.IA5String
    count: int


_Spc = Annotated[asn1.Variant[asn1.IA5String, Literal["spc"]], asn1.Explicit(0)]
_Several = Annotated[asn1.Variant[_Range, Literal["range"]], asn1.Explicit(1)]
_One = Annotated[asn1.Variant[asn1.IA5String, Literal["one"]], asn1.Explicit(2)]


@asn1.sequence
class _Envelope:
    """The list as the only member of a SEQUENCE, because the decoder reads no bare SEQUENCE OF."""

    entries: Annotated[list[_Spc | _Several | _One], asn1.Size(1, MAX_ENTRIES)]


class Numbers(msgspec.Struct, frozen=True):
    """A telephone number, or as many as `count` says with consecutive numbers."""

    start: str
    """Canonical digits."""
    count: int = 1

    def __contains__(self, number: str | None) -> bool:
        """Tell whether a canonical number is one of them. All of a range have as many digits as its start."""
        if number is None or self.count == 1:
            return number == self.start
        if len(number) != len(self.start) or not _DIGITS(number):
            return False
        return 0 <= int(number) - int(self.start) < self.count


class TnAuthList(msgspec.Struct, frozen=True):
    """Service provider codes and numbers that a certificate is for."""

    spcs: tuple[str, ...] = ()
    """They name who signs, and no numbers: which numbers a provider may sign for is not in any certificate."""
    numbers: tuple[Numbers, ...] = ()

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self | None:
        """Read the extension of a certificate; None if it has none. Raises ValueError as `parse` does."""
        found = next((each for each in certificate.extensions if each.oid == OID), None)
        return None if found is None else cls.parse(found.value.public_bytes())

    @classmethod
    def parse(cls, der: bytes) -> Self:
        """Read the value of the extension. Raises ValueError on what RFC 8226 9 does not allow."""
        spcs: list[str] = []
        numbers: list[Numbers] = []
        for entry in asn1.decode_der(_Envelope, _sequence(der)).entries:
            value = entry.value
            if isinstance(value, _Range):
                numbers.append(_numbers(value))
            elif entry.tag == "one":
                numbers.append(Numbers(_matching(_TN, value)))
            else:
                spcs.append(_matching(_CODE, value))
        return cls(tuple(spcs), tuple(numbers))

    def der(self) -> bytes:
        """Give the value of the extension: the codes first, then the numbers."""
        entries: list[_Spc | _Several | _One] = [asn1.Variant(asn1.IA5String(code), "spc") for code in self.spcs]
        entries += [_entry(numbers) for numbers in self.numbers]
        envelope = asn1.encode_der(_Envelope(entries=entries))
        return envelope[2 + max(0, envelope[1] - 0x80) :]


def _numbers(found: _Range) -> Numbers:
    start = _matching(_DIGITS, found.start)
    if not 2 <= found.count <= 10 ** len(start) - int(start):
        raise ValueError("a range that is empty or goes beyond its number of digits")
    return Numbers(start, found.count)


def _matching(pattern: Callable[[str], object], text: asn1.IA5String) -> str:
    if not pattern(text.as_str()):
        raise ValueError("an entry with characters that are not allowed")
    return text.as_str()


def _entry(numbers: Numbers) -> _Several | _One:
    start = asn1.IA5String(numbers.start)
    if numbers.count == 1:
        return asn1.Variant(start, "one")
    return asn1.Variant(_Range(start=start, count=numbers.count), "range")


def _sequence(contents: bytes) -> bytes:
    """Wrap DER in a SEQUENCE (X.690 8.1.3)."""
    size = len(contents)
    if size < 0x80:
        return bytes((0x30, size)) + contents
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((0x30, 0x80 | len(octets))) + octets + contents
