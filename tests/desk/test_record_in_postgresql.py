"""`sip-guard calls`, `forget` and `explain` where the record is in PostgreSQL."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from decisions import row
from postgresql import PostgreSQL

from sip_guard.cli import main
from sip_guard.journal.opening import to_write
from sip_guard.journal.options import Server
from sip_guard.journal.trouble import Unusable

BANK = "442079460123"
NOON = 1_700_049_600.0
CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [127.0.0.1]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.2
record:
  postgresql: {host: HOST, port: PORT, database: DATABASE, user: USER, tls: false}
"""


class Office:
    """A configuration, and a record that is filled by the test."""

    def __init__(self, folder: Path, database: Server) -> None:
        self.config = folder / "guard.yaml"
        self.database = database
        self.is_at(database)

    def is_at(self, server: Server, user: str = "sip_guard") -> None:
        """Write the configuration."""
        text = CONFIG.replace("HOST", server.host).replace("PORT", f"{server.port}")
        self.config.write_text(text.replace("DATABASE", server.database).replace("USER", user))

    def keeps(self, *call_ids: str, **given: Any) -> None:
        with closing(to_write(self.database)) as store:
            store.add([row(NOON, call_id, **given) for call_id in call_ids])

    def asks(self, *arguments: str, typed: str | None = None) -> Result:
        runner = CliRunner(env={"COLUMNS": "240", "SIP_GUARD_CONFIG": str(self.config)})
        return runner.invoke(main, list(arguments), input=typed)

    def finds(self, *arguments: str) -> list[str]:
        """Give the Call-IDs that are found."""
        result = self.asks("calls", "--json", *arguments)
        assert result.exit_code == 0, result.stderr
        return [json.loads(line)["call_id"] for line in result.stdout.splitlines()]

    def fault(self, *arguments: str) -> str:
        result = self.asks(*arguments)
        assert result.exit_code == 2
        return result.stderr.removesuffix("\n")


@pytest.fixture
def office(tmp_path: Path, postgresql: PostgreSQL) -> Office:
    return Office(tmp_path, postgresql.database())


def test_calls_are_found_and_forgotten(office: Office) -> None:
    office.keeps("a")
    office.keeps("b", caller=BANK)
    assert office.finds() == ["b", "a"]
    assert office.finds("--number", f"+{BANK}") == ["b"]
    asked = office.asks("forget", BANK, typed="y\n")
    assert asked.stderr.startswith(f"Delete 1 decisions of {office.database}? [y/N]: ")
    assert asked.stdout.endswith("1 decisions deleted\n")
    assert office.finds() == ["a"]


def test_a_call_is_explained(office: Office) -> None:
    office.keeps("a")
    result = office.asks("explain", "a", "--config", str(office.config), "--json")
    assert (result.exit_code, json.loads(result.stdout)["trunk"]) == (0, "carrier"), result.output
    assert f"Call-ID of a decision in the record {office.database}; " in office.fault(
        "explain", "b", "--config", str(office.config)
    )


def test_what_is_wrong_is_said_with_what_to_do(office: Office, postgresql: PostgreSQL) -> None:
    new = office.fault("calls")
    assert new == f"{office.database} is an older record, or a new one; a guard of this version makes it ready"
    office.is_at(Server(host=office.database.host, port=office.database.port, database="nowhere"))
    assert 'database "nowhere" does not exist; make it: createdb' in office.fault("calls")
    office.is_at(postgresql.over_tcp(office.database))
    assert "cannot be read: password authentication failed for user" in office.fault("calls")
    assert "see `record.postgresql.password_file`" in office.fault("explain", "a", "--config", str(office.config))
    office.is_at(office.database, user="nobody")
    assert 'role "nobody" does not exist; see `record.postgresql`' in office.fault("forget", BANK, "--yes")
    office.is_at(Server(host="/nowhere"))
    assert office.fault("calls") == (
        "the record postgresql://sip_guard@/sip_guard?host=/nowhere&port=5432 cannot be read: "
        "no server has its socket there; see `record.postgresql.host` and `port`"
    )
    office.is_at(Server(host="nowhere.invalid"))
    assert office.fault("calls").startswith(
        "the record postgresql://sip_guard@nowhere.invalid:5432/sip_guard cannot be"
    )


def test_a_user_who_may_not_make_tables_is_told(postgresql: PostgreSQL, tmp_path: Path) -> None:
    office = Office(tmp_path, postgresql.database(owner="postgres"))
    with pytest.raises(Unusable, match="permission denied for schema public; make the user the owner of the database"):
        office.keeps("a")
