"""Both commands with WhatsApp's keys in PostgreSQL: missing and leftover keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pytest_django import Settings

from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.cleanup.rules import LINKING, UNKNOWN
from sessions_app.cleanup.run import CleanupReport, clean
from sessions_app.diagnostics import checks
from sessions_app.lifecycle import Status
from tests.factory import make_session
from tests.integration.sessions_app.cleanup.conftest import HOUR, UNOWNED

SERVER = os.environ.get("TEST_DATABASE_URL", "")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("nowhere"),
    pytest.mark.skipif(not SERVER, reason="needs PostgreSQL: the other run of this tier has it"),
]


class KeyDatabase:
    """The library's tables, in a schema of their own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def store(self, *addresses: str) -> None:
        with psycopg.connect(self.url) as keys:
            keys.execute("CREATE TABLE IF NOT EXISTS whatsmeow_device (jid TEXT PRIMARY KEY)")
            for address in addresses:
                keys.execute("INSERT INTO whatsmeow_device VALUES (%s)", (address,))

    def stored(self) -> set[str]:
        with psycopg.connect(self.url) as keys:
            return {row[0] for row in keys.execute("SELECT jid FROM whatsmeow_device")}


@pytest.fixture
def keys(settings: Settings, tmp_path: Path) -> Iterator[KeyDatabase]:
    schema = f"keys_{uuid4().hex}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}")
        url = f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{schema}"
        settings.DATA_DIR, settings.WHATSAPP_AUTH_STORE = tmp_path, url
        yield KeyDatabase(url)
        server.execute(f"DROP SCHEMA {schema} CASCADE")


def run(*, dry_run: bool = False) -> CleanupReport:
    return clean(HOUR, dry_run=dry_run)


def named(name: str) -> list[Finding]:
    return [one for one in checks.run(1) if one.name == name]


def test_it_deletes_only_keys_of_no_session(
    keys: KeyDatabase,
) -> None:
    linked = make_session()
    keys.store(linked.jid, "351912345678:4@s.whatsapp.net")
    said = run(dry_run=True)
    assert len(keys.stored()) == 2
    assert [one.name for one in said.deleted] == ["keys of …5678 in the key database"]
    assert run().deleted == said.deleted
    assert keys.stored() == {linked.jid}
    assert run().deleted == []


def test_it_deletes_nothing_while_a_number_is_linked(keys: KeyDatabase) -> None:
    linked = make_session()
    make_session(status=Status.QR)
    keys.store(linked.jid, "1:1@s.whatsapp.net")
    assert [one.why for one in run().kept] == [LINKING]
    assert len(keys.stored()) == 2


def test_it_deletes_nothing_if_the_database_looks_wrong(
    keys: KeyDatabase,
) -> None:
    make_session(status=Status.DISCONNECTED)
    keys.store("1:1@s.whatsapp.net", "2:1@s.whatsapp.net")
    assert {one.why for one in run().kept} == {UNKNOWN}
    assert len(keys.stored()) == 2


def test_it_accepts_an_unused_key_database(keys: KeyDatabase) -> None:
    assert run() == CleanupReport(dry_run=False)
    assert [one.severity for one in named("linked keys")] == [Severity.OK]
    assert named("key stores")[0].text.startswith("0 devices in the key database, which answers")


def test_it_names_a_linked_number_without_keys(keys: KeyDatabase) -> None:
    good, bad = make_session(), make_session(**UNOWNED)
    keys.store(good.jid)
    (found,) = named("linked keys")
    assert found.severity is Severity.CRITICAL
    assert str(bad.pk) in found.text and "the key database" in found.next_step


def test_it_names_stray_keys_without_their_numbers(keys: KeyDatabase) -> None:
    linked = make_session()
    keys.store(linked.jid, "351912345678:4@s.whatsapp.net")
    found = next(one for one in named("orphaned keys") if one.severity is Severity.CRITICAL)
    assert found.text == "1 device of no session in the key database"


def test_it_reports_a_missing_key_database(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.WHATSAPP_AUTH_STORE = "postgres://pairline:hunter2@127.0.0.1:1/keys"
    for name in ("linked keys", "key stores"):
        (found,) = named(name)
        assert found.severity is Severity.CRITICAL
        assert "Connection refused" in found.text and "hunter2" not in found.text
    assert [one.name for one in run().failed] == ["the key database"]
