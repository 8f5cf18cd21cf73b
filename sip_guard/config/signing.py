"""How calls out are signed: keys and certificates from their files, and which callers are attested how well."""

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sip_guard.config import options
from sip_guard.config.fault import Faults
from sip_guard.config.files import read
from sip_guard.number import DialPlan, canonical
from sip_guard.stir import x5u
from sip_guard.stir.authentication import Attest, Signing
from sip_guard.stir.credential import Credential, own_certificate, private_key


class Reader:
    """Reads `signing` of every trunk that has it."""

    def __init__(self, folder: Path, faults: Faults, now: float) -> None:
        """`now` is when the certificates have to be valid, in seconds since the epoch."""
        self._folder = folder
        self._faults = faults
        self._now = now

    def signing(self, file: options.File) -> dict[str, Signing]:
        """Give it by the name of the trunk."""
        laboratories = frozenset(each.place for each in file.verification.repository.laboratories)
        found: dict[str, Signing] = {}
        for i, trunk in enumerate(file.trunks):
            at = f"trunks[{i}].signing"
            if trunk.signing is None:
                continue
            if all(target.trunk != trunk.name for target in file.targets):
                self._faults.add(at, f"no target has `trunk: {trunk.name}`, so that no call leaves by it; add one")
            credential = self._credential(trunk.signing, at, laboratories)
            attest = self._attest(trunk.signing.attest, trunk.dial_plan, f"{at}.attest")
            if credential is not None:
                self._permitted(credential, attest, f"{at}.attest")
                found[trunk.name] = Signing(credential, attest)
        return found

    def _credential(
        self, item: options.Signing, at: str, laboratories: frozenset[tuple[str, int]]
    ) -> Credential | None:
        wrong = x5u.fault(item.url, laboratories)
        if wrong is not None:
            self._faults.add(f"{at}.url", f"the URL {wrong}: no verifier would get the certificate from there")
        key_file, certificate_file = self._folder / item.key, self._folder / item.certificate
        key_pem = read(key_file, self._faults, f"{at}.key")
        pem = read(certificate_file, self._faults, f"{at}.certificate")
        if key_pem is None or pem is None:
            return None
        key = self._faults.attempt(private_key, key_pem, f"{at}.key", f"{key_file}: ")
        own = self._faults.attempt(own_certificate, pem, f"{at}.certificate", f"{certificate_file}: ")
        if key is None or own is None:
            return None
        credential = Credential(key=key, url=item.url, certificate=own)
        if key.public_key() != own.chain[0].public_key():
            self._faults.add(f"{at}.key", f"{key_file}: not the key of the first certificate in {certificate_file}")
        if not credential.valid(self._now):
            self._faults.add(
                f"{at}.certificate",
                f"{certificate_file}: valid from {_day(credential.not_before)} to {_day(credential.not_after)}; "
                "get a new one, or leave `signing` out",
            )
        return credential

    def _permitted(self, credential: Credential, attest: tuple[Attest, ...], at: str) -> None:
        """Refuse levels that the certificate's constraints rule out (RFC 8226 8): verifiers would refuse the calls."""
        constraints = credential.certificate.constraints
        for i, each in enumerate(attest):
            claims = {"attest": each.level, "dest": None, "iat": 0, "orig": None, "origid": ""}
            wrong = constraints.fault(claims) if constraints is not None and each.level != "none" else None
            if wrong is not None:
                self._faults.add(f"{at}[{i}].level", f"no token of this level can be made: {wrong}")

    def _attest(self, items: tuple[options.Attest, ...], plan: DialPlan, at: str) -> tuple[Attest, ...]:
        found = []
        above: tuple[str, ...] = ()
        for i, item in enumerate(items):
            numbers = self._numbers(item.numbers, plan, f"{at}[{i}].numbers")
            begins = numbers if item.numbers else ("",)
            for number in begins:
                if number.startswith(above):
                    whom = f"+{number}" if number else "all callers"
                    self._faults.add(
                        f"{at}[{i}]", f"an entry above is for {whom} already, and the first that fits counts"
                    )
            above += begins
            found.append(Attest(item.level, numbers))
        return tuple(found)

    def _numbers(self, given: options.Names, plan: DialPlan, at: str) -> tuple[str, ...]:
        if isinstance(given, str):
            read = [self._faults.attempt(partial(_digits, plan), given, at)]
        else:
            read = [self._faults.attempt(partial(_digits, plan), each, f"{at}[{i}]") for i, each in enumerate(given)]
        return tuple(number for number in read if number is not None)


def _digits(plan: DialPlan, number: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{0,14}", number):
        raise ValueError(f'`{number}` is no international number, or what such begin with: "+442079460000"')
    meant = canonical(number, plan)
    if meant != number[1:]:
        raise ValueError(f"`{number}` is written +{meant} in tokens; write it so")
    return meant


def _day(when: float) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%MZ}"
