"""A day on disk: a capture, what SIPp needs to replay it, and the labels, written while it is made."""

import csv
import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TextIO

from day import Labelled
from invite import GUARD, PORT, SDP
from setting import SOURCES

CAPTURE, LABELS, SIPP = "day.pcap", "labels.csv", "sipp"

_FILE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
"""The head of a capture of bare IP packets, with times in microseconds."""
_REFUSALS = (400, 403, 404, 428, 436, 437, 438, 500, 503, 603, 608)
_CODES = "\n".join(f'  <recv response="{code}" optional="true" next="refused"/>' for code in _REFUSALS)


class Writer:
    """Takes calls, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._sipp = folder / SIPP
        self._sipp.mkdir(exist_ok=True)
        self._capture: BinaryIO = (folder / CAPTURE).open("wb")
        self._labels: TextIO = (folder / LABELS).open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._labels, lineterminator="\n")
        self._values: dict[str, TextIO] = {}

    def __enter__(self) -> Self:
        self._capture.write(_FILE)
        self._rows.writerow(["label", "call_id", "time", "trunk", "must", "kind"])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._capture.close()
        for file in (self._labels, *self._values.values()):
            file.close()

    def write(self, calls: Iterable[Labelled]) -> int:
        """Write calls, and give how many there were."""
        count = 0
        for labelled in calls:
            self._write(labelled)
            count += 1
        return count

    def _write(self, labelled: Labelled) -> None:
        label, at, kind, invite = labelled
        source = SOURCES[kind.trunk]
        packet = _packet(invite.octets(source, label), source)
        seconds, rest = divmod(round(at * 1_000_000), 1_000_000)
        self._capture.write(struct.pack("<IIII", seconds, rest, len(packet), len(packet)) + packet)
        self._rows.writerow([label, f"{label}@{source}", f"{at:.6f}", kind.trunk, kind.must, kind.name])
        self._for_sipp(labelled)

    def _for_sipp(self, labelled: Labelled) -> None:
        """Write a line of values. `;` separates them, so that lines are cut there, and put together in the scenario."""
        name = scenario(labelled)
        parts = [line.split(";") for line in (labelled.invite.called, *labelled.invite.head())]
        if name not in self._values:
            self._values[name] = (self._sipp / f"{name}.csv").open("w", encoding="utf-8")
            self._values[name].write("SEQUENTIAL\n")
            (self._sipp / f"{name}.xml").write_text(_scenario(name, [len(part) for part in parts]), "utf-8")
        self._values[name].write(";".join([labelled.label, *(value for part in parts for value in part)]) + "\n")


def scenario(labelled: Labelled) -> str:
    """Name the scenario of a call: its trunk, and its kind in letters that suit a file."""
    letters = "".join(c if c.isalnum() else " " for c in labelled.kind.name.lower())
    return f"{labelled.kind.trunk}.{'-'.join(letters.split())}"


def _scenario(name: str, counts: list[int]) -> str:
    """Give the scenario whose lines are put together from so many values each."""
    lines, field = [], 1
    for count in counts:
        lines.append(";".join(f"[field{field + place}]" for place in range(count)))
        field += count
    called, caller, to, *more = lines
    own = "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK-[field0];rport"
    same = f"{caller};tag=[field0]"
    head = "\n".join([f"INVITE sip:{called}@{GUARD} SIP/2.0", own, "Max-Forwards: 70", same, to, *more])
    ack = "\n".join(["Max-Forwards: 70", same, "[last_To:]", "Call-ID: [field0]///[call_id]"])
    body = SDP.replace("\r\n", "\n")
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="{name}">
  <send retrans="500"><![CDATA[
{head}
Call-ID: [field0]///[call_id]
CSeq: 1 INVITE
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{body}]]></send>
  <recv response="100" optional="true"/>
{_CODES}
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
[routes]
{ack}
CSeq: 1 ACK
Content-Length: 0

]]></send>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
[routes]
{ack}
CSeq: 2 BYE
Content-Length: 0

]]></send>
  <recv response="200" next="over"/>
  <label id="refused"/>
  <send><![CDATA[
ACK sip:{called}@{GUARD} SIP/2.0
{own}
{ack}
CSeq: 1 ACK
Content-Length: 0

]]></send>
  <label id="over"/>
</scenario>
"""


def _packet(octets: bytes, source: str) -> bytes:
    """Give an IP packet with a datagram to the guard."""
    datagram = struct.pack("!HHHH", PORT, PORT, 8 + len(octets), 0) + octets
    ends = socket.inet_aton(source) + socket.inet_aton(GUARD)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, socket.IPPROTO_UDP, 0)
    head = head[:10] + struct.pack("!H", _checksum(head + ends)) + ends
    return head + datagram


def _checksum(octets: bytes) -> int:
    """Give the checksum of an IP header (RFC 791 3.1)."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
