"""From the shape of the file to its meaning: addresses, networks, rules and certificates, each checked."""

import importlib.util
import re
import time
from operator import attrgetter
from pathlib import Path

import msgspec

from sip_guard import peer
from sip_guard.admin.options import Options as Admin
from sip_guard.checks.campaign import Options as Campaign
from sip_guard.checks.display_name import Brand
from sip_guard.checks.emergency import Options as Emergency
from sip_guard.checks.replay import Options as Replay
from sip_guard.config import (
    admin,
    brands,
    hep,
    listening,
    lists,
    numbers,
    options,
    peers,
    policy,
    presentation,
    routes,
    signing,
    trust,
)
from sip_guard.config.fault import Faults
from sip_guard.config.files import read, unreadable
from sip_guard.config.listening import Listen
from sip_guard.config.source import Source
from sip_guard.control import MAX_PATH
from sip_guard.hep.options import Options as Hep
from sip_guard.journal.options import FILE, OCTETS, Server
from sip_guard.journal.options import Options as Record
from sip_guard.lists.keeper import ListSource
from sip_guard.plans.blocks import Blocks
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rule import Rule
from sip_guard.repository.options import Options as Repository
from sip_guard.repository.reach import Laboratory
from sip_guard.sip.flow import bracketed
from sip_guard.sip.grammar import canonical_name
from sip_guard.stir import x5u
from sip_guard.stir.authentication import Signing
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.token import Freshness
from sip_guard.transport.connection import StreamLimits
from sip_guard.transport.dns import DnsOptions
from sip_guard.transport.tls import Tls, TlsFiles


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that was understood, each layer's part ready to be handed to it."""

    listen: tuple[Listen, ...]
    trunks: tuple[peer.Trunk, ...]
    targets: tuple[peer.Target, ...]
    routes: tuple[peer.Route, ...]
    signing: dict[str, Signing]
    """By the name of the trunk, those whose calls are signed as they go out."""
    dns: DnsOptions
    trust: tuple[trust.Group, ...]
    """None at all: no trunk verifies."""
    freshness: Freshness
    time_limit: float
    replay: Replay
    repository: Repository
    emergency: Emergency
    numbers: numbers.Numbers | None
    """None: the numbers that a call shows are not looked at."""
    may_present: dict[str, Blocks]
    """By the name of the trunk, the numbers that its calls may show; one that is not in it may show any."""
    lists: tuple[ListSource, ...]
    brands: tuple[Brand, ...]
    campaign: Campaign | None
    """None: calls are not counted."""
    rules: tuple[Rule, ...]
    tags: TagOptions
    log: options.Log
    record: Record | None
    """None: decisions are not kept."""
    admin: Admin | None
    """None: there is no admin listener."""
    hep: Hep | None
    """None: nothing is mirrored."""
    tls: TlsFiles | None
    connections: StreamLimits
    limits: options.Limits
    drain: options.Drain
    control: Path | None
    """None: there is no control socket."""
    state_directory: Path | None


LASTING = ("state_directory", "record", "log.file", "control")
"""What cannot change while the guard runs; the first may be the cause of others."""


def load(path: Path, running: Config | None = None) -> Config:
    """Read and check a configuration file. Relative paths in it are relative to it. Raises ConfigError.

    `running` is the one that a guard goes by which is to go by this one: what cannot change must be the same.
    """
    source = Source.read(path)
    builder = _Builder(path.parent)
    config = builder.config(source.convert(options.File))
    if running is not None:
        builder.refuse_expired(config.tls)
        builder.refuse_changes(config, running)
    source.refuse(builder.faults.found)
    return config


class _Builder:
    """Makes a Config, whatever is wrong, and collects the faults."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults = Faults()

    def config(self, file: options.File) -> Config:
        sides = peers.Reader(file, self.faults)
        targets, trunks = sides.targets(), sides.trunks()
        listen = listening.read(file.listen, self.faults)
        if not self.faults.found:
            peers.reach(listen, targets, self.faults)
            peers.overlaps(trunks, targets, self.faults)
        ways_out = routes.read(file, self.faults)
        rules = policy.Reader(file.policy, self.faults, trunks=trunks, lists=[item.name for item in file.lists]).rules()
        return Config(
            listen=listen,
            trunks=trunks,
            targets=targets,
            routes=ways_out,
            signing=signing.Reader(self.folder, self.faults, time.time()).signing(file),
            dns=file.dns,
            trust=trust.Reader(self.folder, self.faults).groups(file.verification, trunks),
            freshness=_freshness(file.verification),
            time_limit=file.verification.time_limit,
            replay=file.verification.replay,
            repository=self._repository(file.verification.repository),
            emergency=self._emergency(file.emergency),
            numbers=numbers.Reader(self.folder, self.faults).numbers(file.numbers, trunks),
            may_present=presentation.read(file.trunks, self.folder, self.faults),
            lists=lists.read(file, self.folder, self.faults),
            brands=brands.read(file.brands, self.faults),
            campaign=file.campaign,
            rules=rules,
            tags=self._tags(file.tags),
            log=msgspec.structs.replace(file.log, file=self._log_file(file.log.file)),
            record=self._record(file),
            admin=admin.read(file.admin, self.folder, self.faults),
            hep=hep.read(file.hep, self.folder, self.faults),
            tls=self._tls(file),
            connections=file.connections,
            limits=file.limits,
            drain=file.drain,
            state_directory=self._state(file.state_directory),
            control=self._control(file),
        )

    def _tls(self, file: options.File) -> TlsFiles | None:
        speaking = [f"listen[{i}].tls" for i, item in enumerate(file.listen) if item.tls is not None]
        speaking += [f"targets[{i}].transport" for i, item in enumerate(file.targets) if item.transport == "tls"]
        if file.tls is None:
            if speaking:
                self.faults.add(speaking[0], "TLS needs a section `tls` with `certificate` and `key`")
            return None
        named = {
            key: str(self.folder / name)
            for key in ("certificate", "key", "ca", "client_ca")
            if (name := getattr(file.tls, key)) is not None
        }
        files = msgspec.structs.replace(file.tls, **named)
        self.faults.attempt(Tls, files, "tls")
        return files

    def refuse_changes(self, config: Config, running: Config) -> None:
        """Refuse what another configuration than that of a guard which runs must not change."""
        changed = [name for name in LASTING if attrgetter(name)(config) != attrgetter(name)(running)]
        for name in changed[:1] if changed[:1] == ["state_directory"] else changed:
            self.faults.add(name, "cannot change while the guard runs; restart it, or put back what was there")

    def refuse_expired(self, files: TlsFiles | None) -> None:
        """Refuse a certificate that has expired: a guard that runs goes on with the one it has."""
        if files is None or self.faults.found:
            return
        not_after = Tls(files).not_after
        if not_after.timestamp() < time.time():
            self.faults.add("tls.certificate", f"{files.certificate}: expired at {not_after.isoformat()}; renew it")

    # What is checked and decided.

    def _repository(self, item: Repository) -> Repository:
        at = "verification.repository.laboratories"
        laboratories = tuple(self._laboratory(lab, f"{at}[{i}]") for i, lab in enumerate(item.laboratories))
        for i, each in enumerate(item.repositories):
            host = each.removeprefix("*.").lower().strip("[]")
            if "/" in host or x5u.fault(f"https://{bracketed(host)}") is not None:
                what = f"`{each}` is no host name, such as certs.example.com, or *.example.com for all below a domain"
                self.faults.add(f"verification.repository.repositories[{i}]", what)
        return msgspec.structs.replace(item, laboratories=laboratories)

    def _laboratory(self, item: Laboratory, at: str) -> Laboratory:
        host, port = item.place
        if "/" in host or x5u.fault(f"https://{bracketed(host)}:{port}", frozenset((item.place,))) is not None:
            self.faults.add(f"{at}.host", f"`{item.host}` is no host name or address")
        if item.web_ca is None:
            return item
        path = self.folder / item.web_ca
        pem = read(path, self.faults, f"{at}.web_ca")
        if pem is not None:
            self.faults.attempt(Anchors, pem, f"{at}.web_ca", f"{path}: ")
        return msgspec.structs.replace(item, web_ca=str(path))

    def _emergency(self, item: Emergency) -> Emergency:
        for i, number in enumerate(item.numbers):
            if not re.fullmatch(r"[0-9]{2,15}", number):
                self.faults.add(f"emergency.numbers[{i}]", f'`{number}` is no number as it is dialled, such as "112"')
        return item

    def _tags(self, item: TagOptions) -> TagOptions:
        every = (
            ("header", (item.header,) if item.header else ()),
            ("attestation_headers", item.attestation_headers),
            ("origid_headers", item.origid_headers),
        )
        seen: set[bytes] = set()
        for key, names in every:
            for name in names:
                meant = canonical_name(name.encode())
                if meant is None:
                    self.faults.add(f"tags.{key}", f"`{name}` is no name of a header field")
                elif meant in routes.TAKEN - {b"x-sip-guard"}:
                    self.faults.add(f"tags.{key}", f"`{name}` has a meaning of its own in SIP; take a private name")
                elif meant in seen:
                    self.faults.add(f"tags.{key}", f"`{name}` is written already, with another meaning")
                else:
                    seen.add(meant)
        return item

    def _log_file(self, name: str) -> str:
        return name if name == "-" else str(self._to_write(self.folder / name, "log.file"))

    def _record(self, file: options.File) -> Record | None:
        item = file.record
        if item.postgresql is not None:
            return Record(self._server(item, item.postgresql), item.days, None, item.queue)
        if item.file == "" or (item.file == FILE and file.state_directory is None):
            return None
        if file.state_directory is None and not Path(item.file).is_absolute():
            what = f"`{item.file}` would be in `state_directory`, which is not set; set it, or give a whole path"
            self.faults.add("record.file", what)
            return None
        path = self.folder / (file.state_directory or "") / item.file
        if item.file != FILE:
            self._to_write(path, "record.file")
        return Record(path, item.days, item.max_octets, item.queue)

    def _server(self, item: options.Record, server: Server) -> Server:
        at = "record.postgresql"
        if importlib.util.find_spec("pg8000") is None:
            what = "the driver pg8000 is not installed: pip install 'sip-guard[postgresql]', for the guard's own Python"
            self.faults.add(at, what)
        if item.file != FILE:
            self.faults.add(
                "record.file", "decisions are kept in a file or with `postgresql`, not in both; leave one out"
            )
        if item.max_octets != OCTETS:
            what = "it bounds a file; in PostgreSQL `days` alone bounds the record: leave it out"
            self.faults.add("record.max_octets", what)
        if server.ca is not None and (server.local or not server.tls):
            self.faults.add(
                f"{at}.ca", "there is no TLS here: `host` is the folder of a Unix socket, or `tls` is false"
            )
        named = {key: str(self.folder / name) for key in ("password_file", "ca") if (name := getattr(server, key))}
        for key, name in named.items():
            read(Path(name), self.faults, f"{at}.{key}")
        return msgspec.structs.replace(server, **named)

    def _to_write(self, path: Path, at: str) -> Path:
        try:
            good = path.parent.is_dir() and not path.is_dir()
        except (OSError, ValueError) as error:
            self.faults.add(at, unreadable(path, error))
        else:
            if not good:
                what = f"{path} is a folder, or in one that is not there; name a file that can be written"
                self.faults.add(at, what)
        return path

    def _control(self, file: options.File) -> Path | None:
        if file.control == "" or (file.control == options.CONTROL and file.state_directory is None):
            return None
        if file.state_directory is None and not Path(file.control).is_absolute():
            what = f"`{file.control}` would be in `state_directory`, which is not set; set it, or give a whole path"
            self.faults.add("control", what)
            return None
        path = self.folder / (file.state_directory or "") / file.control
        named = any(fault.path == "state_directory" for fault in self.faults.found)
        if len(bytes(path)) > MAX_PATH and not named:
            self.faults.add("control", f"{path} is longer than the {MAX_PATH} octets that a Unix socket may have")
        return path if file.control == options.CONTROL else self._to_write(path, "control")

    def _state(self, text: str | None) -> Path | None:
        if text is None:
            return None
        path = self.folder / text
        try:
            there = path.is_dir()
        except (OSError, ValueError) as error:
            self.faults.add("state_directory", unreadable(path, error))
        else:
            if not there:
                self.faults.add(
                    "state_directory", f"the folder {path} is not there; make it, owned by the guard's user"
                )
        return path


def _freshness(item: options.Verification) -> Freshness:
    """Whoever lets tokens be older means those of diverted calls, too."""
    return Freshness(item.max_age, item.max_future, max(item.max_age, item.max_diverted_age))
