"""`sip-guard init`: a first configuration from a few questions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sip_guard.cli.input import FILE
from sip_guard.cli.output import tell
from sip_guard.config import ConfigError, addresses, load
from sip_guard.config.starting import COUNTRIES, Answers, starting
from sip_guard.desk.bad_input import BadInput
from sip_guard.sip.flow import Address

NONE = "none"


class Answer(click.ParamType):  # type: ignore[type-arg] # generic in new versions of click alone
    """An answer that is read by a function, whose ValueError says what is wrong with it: then it is asked again."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read an answer."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value.strip())
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _listen(text: str) -> Address:
    address = addresses.end(text)
    if addresses.is_wildcard(address):
        raise ValueError(f"`{text}` is every address; name the one by which the carrier and the PBX reach the guard")
    if address[1] == 0:
        raise ValueError("port 0 is no port to send to; 5060 is the usual one")
    return address


def _carrier(text: str) -> tuple[str, ...]:
    found = tuple(text.replace(",", " ").split())
    if not found:
        raise ValueError("at least one address or network is needed, such as 192.0.2.0/28")
    for each in found:
        addresses.source(each)
    return found


def _pbx(text: str) -> str:
    addresses.place(text)
    return text


def _country(text: str) -> str:
    if text.upper() not in COUNTRIES and text.lower() != NONE:
        raise ValueError(f"`{text}` is none of {', '.join(COUNTRIES)}; `none` for another country")
    return NONE if text.lower() == NONE else text.upper()


def _anchors(text: str) -> str:
    if text != NONE and not any(Path(_folder(text)).glob("*.pem")):
        raise ValueError(f"there is no *.pem file in {text}; put the roots of your STI authorities there, or say none")
    return text


def _folder(text: str) -> str:
    if text != NONE and not (text.isprintable() and Path(text).is_dir()):
        raise ValueError(f"there is no folder {text}; make it, or say none")
    return text


def _admin(text: str) -> Address | str:
    if text == NONE:
        return text
    address = addresses.end(text)
    if not addresses.is_loopback(address) or address[1] == 0:
        raise ValueError("take a port of this machine, such as 127.0.0.1:9290; elsewhere it needs TLS and a password")
    return address


LISTEN = Answer("ADDRESS:PORT", _listen)
CARRIER = Answer("ADDRESSES", _carrier)
PBX = Answer("ADDRESS", _pbx)
COUNTRY = Answer("COUNTRY", _country)
ANCHORS = Answer("FOLDER", _anchors)
STATE = Answer("FOLDER", _folder)
ADMIN = Answer("ADDRESS:PORT", _admin)


@click.command()
@click.option(
    "--output", "-o", type=FILE, default=Path("sip_guard.yaml"), show_default=True, help="The file, a new one."
)
@click.option("--listen", type=LISTEN, help="Where the guard listens (UDP), as the carrier and the PBX reach it.")
@click.option("--carrier", type=CARRIER, help="Addresses and networks that the carrier's calls come from.")
@click.option("--pbx", type=PBX, help="Where calls go: an address or a host name, with a port or without.")
@click.option("--country", type=COUNTRY, help=f"{', '.join(COUNTRIES)} or none: dial plan, and preset in shadow.")
@click.option("--anchors", type=ANCHORS, help="The folder with the roots of STI authorities (*.pem), or none.")
@click.option("--state-directory", type=STATE, help="The guard's own folder, or none.")
@click.option("--record/--no-record", default=None, help="Whether decisions are kept; needs a state directory.")
@click.option("--control/--no-control", default=None, help="Whether it has a control socket; needs a state directory.")
@click.option("--admin", type=ADMIN, help="Where this machine gets metrics and health, or none.")
def init(output: Path, record: bool | None, control: bool | None, **given: Any) -> None:
    """Write a first configuration, commented, from a few questions. Each can be answered by an option beforehand.

    Ends with 0 if it is written, and it is good; with 2 if not, and then nothing is written.
    """
    if output.exists():
        raise BadInput(f"{output} is there, and is not overwritten; name another file by --output")

    def asked(name: str, question: str, kind: Answer, default: str | None) -> Any:
        value = given[name]
        found = click.prompt(question, type=kind, default=default, err=True) if value is None else value
        return None if found == NONE else found

    def confirmed(value: bool | None, question: str) -> bool:
        return click.confirm(question, default=True, err=True) if value is None else value

    listen = asked("listen", "Where does the guard listen (UDP), as carrier and PBX reach it", LISTEN, "127.0.0.1:5060")
    carrier = asked("carrier", "Where do the carrier's calls come from (addresses, networks)", CARRIER, None)
    pbx = asked("pbx", "Where is the PBX", PBX, None)
    country = asked("country", f"Whose numbers are national ({', '.join(COUNTRIES)}, none)", COUNTRY, NONE)
    anchors = asked("anchors", "Folder with the roots of STI authorities (*.pem), or none", ANCHORS, NONE)
    state = asked("state_directory", "The guard's own folder, to outlive restarts, or none", STATE, NONE)
    if state is None and (record or control):
        raise BadInput("--record and --control need --state-directory")
    answers = Answers(
        listen=listen,
        carrier=carrier,
        pbx=pbx,
        country=country,
        anchors=_from(output, anchors),
        state_directory=_from(output, state),
        record=state is not None and confirmed(record, "Are decisions kept"),
        control=state is not None and confirmed(control, "A control socket, for `sip-guard reload`"),
        admin=asked("admin", "Where does this machine get metrics and health, or none", ADMIN, "127.0.0.1:9290"),
    )
    _write(output, starting(answers))
    tell({"file": str(output)}, f"{output} is written. Next: sip-guard check {output}")


def _from(output: Path, folder: str | None) -> str | None:
    """Give a folder as the file names it: relative to the file where it is below, or else whole."""
    if folder is None:
        return None
    path, home = Path(folder).absolute(), output.absolute().parent
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)


def _write(output: Path, text: str) -> None:
    """Write the file, and keep it if it is a good configuration. Raises BadInput, and OSError."""
    with output.open("x", encoding="utf-8") as file:
        file.write(text)
    try:
        load(output)
    except ConfigError as error:
        output.unlink()
        raise BadInput(f"nothing is written: {'; '.join(fault.message for fault in error.faults)}") from None
