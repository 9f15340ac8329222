"""Create and check backups."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from locations.models import Account
from operations.backup.create import create_backup, snapshot
from operations.backup.errors import BackupRefused
from operations.backup.verify import verify_backup
from sessions_app.models import Session
from tests.factory import (
    make_account,
)
from tests.integration.operations.backup.conftest import (
    KEY,
    BackUp,
    Keys,
    everything,
    linked,
    lose_everything,
    restore,
    silent,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_copies_a_busy_key_store_consistently(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    with closing(sqlite3.connect(keys.path(session), isolation_level=None)) as engine:
        engine.execute("UPDATE whatsmeow_device SET mark = 'in the -wal'")
        engine.execute("BEGIN IMMEDIATE")
        engine.execute("UPDATE whatsmeow_device SET mark = 'not committed'")
        made = back_up()
        engine.execute("COMMIT")
    lose_everything(keys)

    restore(made)

    assert keys.mark(session) == "in the -wal"


@pytest.mark.parametrize("what", ["gone", "another device", "garbled"])
def test_it_reports_linked_numbers_without_keys(keys: Keys, back_up: BackUp, what: str) -> None:
    session = linked(make_account(), "Porto", keys)
    if what == "gone":
        keys.path(session).unlink()
    elif what == "garbled":
        keys.path(session).write_bytes(b"not a database, but long enough for its header" * 99)
    else:
        Session.objects.filter(pk=session.pk).update(jid="351900000000:9@s.whatsapp.net")

    made = back_up()

    assert made.contents.without_keys == [str(session.pk)]
    assert made.contents.keys == 0
    lose_everything(keys)
    assert restore(made).keys == 0


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="needs PostgreSQL: SQLite in memory has one connection"
)
def test_it_backs_up_a_snapshot_of_the_database(keys: Keys) -> None:
    make_account("First")

    with snapshot():
        assert Account.objects.count() == 1
        _write_elsewhere()
        assert Account.objects.get().name == "First"
    assert Account.objects.count() == 0


def _write_elsewhere() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("DELETE FROM locations_account")
    finally:
        other.close()


def test_it_keeps_backups_private_and_never_overwrites_one(keys: Keys, back_up: BackUp) -> None:
    made = back_up()

    assert made.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupRefused, match="not overwritten"):
        create_backup(made.path, KEY, silent)
    assert [path for path in made.path.parent.iterdir() if "partial" in path.name] == []


def test_it_leaves_nothing_when_a_backup_cannot_be_written(keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(BackupRefused, match="cannot be written"):
        create_backup(tmp_path / "file" / "a.backup", KEY, silent)


def test_it_lists_contents_on_a_check_and_changes_nothing(keys: Keys, back_up: BackUp) -> None:
    linked(make_account(), "Porto", keys)
    made = back_up()
    before = everything()

    contents = verify_backup(made.path, KEY, silent)

    assert everything() == before
    assert contents.rows["sessions_app.Session"] == 1 and contents.keys == 1
    assert [(one.name, one.linked) for one in contents.accounts] == [("Harbour Group", 1)]
