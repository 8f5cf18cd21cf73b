"""Trust groups: from names of files to anchors, and to the lists that are signed for a group."""

from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509

from sip_guard.config import options
from sip_guard.config.fault import Faults
from sip_guard.config.files import read, unreadable
from sip_guard.peer import Trunk
from sip_guard.repository.published import Means, Published, Source
from sip_guard.repository.reach import configured_fault
from sip_guard.repository.revocation_lists import Revoking, Signed, revocation_lists
from sip_guard.repository.trust_list import trust_list
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.profile import Profile
from sip_guard.stir.trust import Trust

DEFAULT = "default"
"""The group that `verification.anchors` makes."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A trust group that was understood."""

    name: str
    anchors: Anchors | None
    """None: they come from the trust list."""
    profile: Profile
    policies: frozenset[str]
    trust_list: Signed | None = None
    revocation: Revoking | None = None

    def trust(self) -> Trust:
        """Give it as one that judges certificates."""
        revocation = None if self.revocation is None else self.revocation.revocation()
        return Trust(self.name, self.anchors, revocation, profile=self.profile, policies=self.policies)

    @property
    def signed(self) -> tuple[Signed, ...]:
        """The lists that it goes by, in the order of `lists`."""
        signed = (self.trust_list, *(() if self.revocation is None else self.revocation.lists))
        return tuple(each for each in signed if each is not None)

    def lists(self, trust: Trust, means: Means) -> list[Published[Any]]:
        """Give what keeps the lists fresh that `trust` goes by, which was made of this group."""
        made: list[Published[Any]] = []
        if self.trust_list is not None:
            made.append(trust_list(trust, self.trust_list, means))
        if self.revocation is not None and trust.revocation is not None:
            made += revocation_lists(self.name, trust.revocation, self.revocation.lists, means)
        return made


def group_names(item: options.Verification) -> tuple[str, ...]:
    """Name all groups that a configuration has."""
    return (*((DEFAULT,) if item.anchors else ()), *(each.name for each in item.trust))


class Reader:
    """Reads `verification.anchors` and `verification.trust`."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults

    def groups(self, item: options.Verification, trunks: tuple[Trunk, ...]) -> tuple[Group, ...]:
        """Give the groups. There must be one where a trunk verifies."""
        given = [(each, f"verification.trust[{i}]") for i, each in enumerate(item.trust)]
        self._faults.distinct("verification.trust", [each.name for each, _ in given])
        if item.anchors:
            given.insert(0, (options.Trust(name=DEFAULT, anchors=item.anchors), "verification"))
            if any(each.name == DEFAULT for each in item.trust):
                self._faults.add("verification.anchors", f"they are the group `{DEFAULT}`, which `trust` has too")
        verifying = [trunk.name for trunk in trunks if trunk.identity != "ignore"]
        if not given and verifying:
            self._faults.add(
                "verification.anchors",
                f"trunk `{verifying[0]}` verifies, so at least one PEM file with trust anchors is needed "
                "(or set `identity: ignore` on every trunk)",
            )
        groups = [self._group(each, at) for each, at in given]
        return tuple(group for group in groups if group is not None)

    def _group(self, item: options.Trust, at: str) -> Group | None:
        name = self._faults.name(item.name, f"{at}.name")
        if bool(item.anchors) == (item.trust_list is not None):
            self._faults.add(at, "one of `anchors` and `trust_list` says whom the group believes; give one of them")
        texts = [text for i, each in enumerate(item.anchors) for text in self._pems(each, f"{at}.anchors[{i}]")]
        for i, each in enumerate(item.policies):
            self._faults.attempt(_policy, each, f"{at}.policies[{i}]")
        anchors = Anchors(b"\n".join(texts)) if texts else None
        trust_list = revocation = None
        if item.trust_list is not None:
            certificate, refresh = item.trust_list.certificate, item.trust_list.refresh
            trust_list = self._signed(item.trust_list, certificate, f"{at}.trust_list", "certificate", refresh)
        if item.revocation is not None:
            revocation = self._revocation(item.revocation, f"{at}.revocation")
        if anchors is None and trust_list is None:
            return None
        return Group(
            name=name,
            anchors=anchors,
            profile=item.profile,
            policies=frozenset(item.policies),
            trust_list=trust_list,
            revocation=revocation,
        )

    def _revocation(self, item: options.Revocation, at: str) -> Revoking:
        lists = [
            self._signed(each, each.anchor, f"{at}.lists[{i}]", "anchor", item.refresh)
            for i, each in enumerate(item.lists)
        ]
        places = [each.source.place for each in lists if each is not None]
        for place in {place for place in places if places.count(place) > 1}:
            self._faults.add(f"{at}.lists", f"`{place}` stands twice; keep one of them")
        return Revoking(lists=tuple(each for each in lists if each is not None), hard=item.unavailable == "hard")

    def _signed(
        self, item: options.TrustList | options.RevocationList, certificate: str, at: str, key: str, refresh: float
    ) -> Signed | None:
        """Read where a list is and who signs it. The list itself need not be there: the guard starts without it."""
        path = self._folder / certificate
        pem = read(path, self._faults, f"{at}.{key}")
        pinned = None if pem is None else self._faults.attempt(Pinned, pem, f"{at}.{key}", f"{path}: ")
        if (item.url is None) == (item.file is None):
            self._faults.add(at, "one of `url` and `file` says where the list is; give one of them")
        elif item.url is not None and (wrong := configured_fault(item.url)) is not None:
            self._faults.add(f"{at}.url", f"the URL {wrong}")
        place = item.url if item.url is not None else str(self._folder / (item.file or ""))
        return None if pinned is None else Signed(Source(place, item.url is None, refresh), pinned)

    def _pems(self, name: str, at: str) -> list[bytes]:
        """Read a file with trust anchors, or a folder of them."""
        path = self._folder / name
        try:
            paths = sorted(each for each in path.iterdir() if each.suffix == ".pem") if path.is_dir() else [path]
        except (OSError, ValueError) as error:
            self._faults.add(at, unreadable(path, error))
            return []
        if not paths:
            self._faults.add(at, f"there is no *.pem file in the folder {path}")
        texts = []
        for each in paths:
            text = read(each, self._faults, at)
            if text is not None and self._faults.attempt(Anchors, text, at, f"{each}: ") is not None:
                texts.append(text)
        return texts


def _policy(text: str) -> None:
    try:
        x509.ObjectIdentifier(text)
    except ValueError:
        raise ValueError(f"`{text}` is no OID, such as 2.16.840.1.114569.1.1.4") from None
