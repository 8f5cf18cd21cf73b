"""The guard's side of the campaign: its trunks, lists and policy, as the files that an operator would write."""

from pathlib import Path

from invite import GUARD, PORT
from ranges import BANKS, FIRST, PERMITTED, SECOND, THIRD
from signers import SPC, Signers

from sip_guard.repository.answer import NO_VALIDATORS
from sip_guard.repository.document import Document, file_name
from sip_guard.repository.document import write as write_document

CERTIFICATES = "certificates"
"""The folder with the signers', as the guard keeps them in its state directory."""
SOURCES = {"carrier": "127.0.0.21", "gateway": "127.0.0.22", "call-centre": "127.0.0.23", "bank": "127.0.0.24"}
"""Where each trunk sends from."""

_CONFIG = """\
# Written by scripts/campaign, to go with the traffic beside it.
listen:
  - udp: {guard}:{port}
trunks:
  - name: carrier
    sources: [{carrier}]
    origin: domestic
    dial_plan: &home {{country: GB, international_prefixes: ["00"]}}
  - {{name: gateway, sources: [{gateway}], origin: international_gateway, dial_plan: *home}}
  - {{name: call-centre, sources: [{centre}], origin: customer, dial_plan: *home}}
  - {{name: bank, sources: [{bank}], origin: customer, dial_plan: *home}}
targets:
  - {{name: pbx, address: {pbx}}}
verification:
  anchors: [root.pem]
  max_age: 86400.0                   # so that the day can be replayed at any time of it
  max_diverted_age: 86400.0
{laboratory}emergency:
  numbers: ["112", "999"]
numbers:
  home: [GB]
  permitted: permitted.csv
lists:
  - {{name: banks, file: banks.csv}}
brands:
{brands}
campaign: {{}}
{policy}"""

_LABORATORY = """\
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {port}, private_address: true, web_ca: web_ca.pem}}
"""

POLICY = """\
policy:
  preset: [uk, default]              # in this order: what is wrong with a number is told, and not that it is unsigned
  modes: {uk: enforce}
"""


def write(
    folder: Path, signers: Signers, *, port: int = PORT, pbx: str = "127.0.0.1:5070", repository: int = 0
) -> Path:
    """Write the configuration and what it names, and give its path. `repository`: the port of one on this machine."""
    (folder / "root.pem").write_bytes(signers.root.pem)
    (folder / CERTIFICATES).mkdir(exist_ok=True)
    for name, issued in signers.issued.items():
        document = Document(
            signers.url(name), NO_VALIDATORS, int(issued.certificate.not_valid_after_utc.timestamp()), issued.bundle
        )
        (folder / CERTIFICATES / file_name(document.url)).write_bytes(write_document(document))
    (folder / "permitted.csv").write_text(f"number,holder\n+{PERMITTED},Example Cloud Ltd\n")
    scopes = ("nobody", "trunks bank", f"attested A {SPC['bank']}")
    rows = zip((FIRST, SECOND, THIRD), BANKS, scopes, strict=True)
    lines = [f"+{start}*,{bank},the bank,{scope}\n" for start, bank, scope in rows]
    (folder / "banks.csv").write_text("number,owner,source,scope\n" + "".join(lines))
    brands = [
        f'  - {{name: {bank}, numbers: ["+{start}"]}}'
        for bank, start in zip(BANKS, (FIRST, SECOND, THIRD), strict=True)
    ]
    path = folder / "guard.yaml"
    path.write_text(
        _CONFIG.format(
            guard=GUARD,
            port=port,
            pbx=pbx,
            carrier=SOURCES["carrier"],
            gateway=SOURCES["gateway"],
            centre=SOURCES["call-centre"],
            bank=SOURCES["bank"],
            laboratory=_LABORATORY.format(port=repository) if repository else "",
            brands="\n".join(brands),
            policy=POLICY,
        )
    )
    return path
