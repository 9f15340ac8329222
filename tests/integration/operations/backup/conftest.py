"""Installations with rows of every model and with keys, and how to lose them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from locations.models import Account
from operations.backup.create import CreatedBackup, create_backup
from operations.backup.errors import BackupRefused
from operations.backup.inventory import included_models
from operations.backup.restore import RestoreResult, restore_all
from operations.backup.secret import Secret
from operations.models import Installation
from sessions_app.models import Gateway, Session
from tests.architecture.rows import MAKERS, Rows
from tests.factory import connect, make_message

BackUp = Callable[[], CreatedBackup]
KEY = Secret(b"k", b"k" * 32)


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


class Keys:
    """The folder with a key file for each linked session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, session: Session) -> Path:
        return self.folder / f"{session.pk}.sqlite3"

    def make(self, session: Session, mark: str = "first") -> Path:
        """Create a key store like an engine's, in WAL mode, with ``mark`` to identify it."""
        path = self.path(session)
        with closing(sqlite3.connect(path)) as store:
            store.execute("PRAGMA journal_mode=WAL")
            store.execute("CREATE TABLE whatsmeow_device (jid TEXT, mark TEXT)")
            store.execute("INSERT INTO whatsmeow_device VALUES (?, ?)", (session.jid, mark))
            store.commit()
        return path

    def mark(self, session: Session) -> str:
        with closing(sqlite3.connect(self.path(session))) as store:
            return str(store.execute("SELECT mark FROM whatsmeow_device").fetchone()[0])

    def clear(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def keys(settings: Settings, tmp_path: Path) -> Keys:
    settings.DATA_DIR = tmp_path / "data"
    settings.WHATSAPP_AUTH_STORE = "files"
    return Keys(settings.DATA_DIR / "whatsapp")


@pytest.fixture
def back_up(tmp_path: Path) -> Callable[[], CreatedBackup]:
    made = iter(range(100))
    return lambda: create_backup(tmp_path / f"{next(made)}.backup", KEY, silent)


def rows_of_everything(account: Account) -> Rows:
    """Create a row of every model that belongs to an account."""
    rows = Rows(account)
    for name in MAKERS:
        rows.of(name)
    return rows


def linked(account: Account, name: str, keys: Keys) -> Session:
    session = connect(account, name)
    keys.make(session)
    make_message(session, status="delivered", text=f"Hello from {name}")
    return session


def lose_everything(keys: Keys) -> None:
    """Delete all key files and all rows, also those that migrations created."""
    keys.clear()
    for model in reversed(included_models()):
        model._base_manager.all().delete()
    Gateway.objects.all().delete()


MOVING = {
    "sessions_app.Session": {"lease_owner", "lease_epoch", "lease_expires_at"},
    "conversations.Message": {"status"},
    "notifications.Delivery": {"state", "error"},
    "notifications.Mail": {"state", "error", "text", "html"},
    "notifications.Notice": {"batch", "told_at", "quiet"},
    "notifications.Incident": {"due_at"},
}
"""Columns that a restore changes on purpose; separate tests cover them."""


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row that a backup includes, with secrets decrypted."""
    return {model._meta.label: [_plain(row) for row in _rows(model)] for model in included_models()}


def _rows(model: Any) -> Any:
    return model._base_manager.order_by("pk")


def _plain(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def restore(made: CreatedBackup) -> RestoreResult:
    """Restore a whole backup."""
    return restore_all(made.path, KEY, silent)


def delete(*rows: Any) -> None:
    """Delete rows; the objects keep their primary keys."""
    for row in rows:
        type(row)._base_manager.filter(pk=row.pk).delete()


def assert_refused(act: Callable[[], object], match: str) -> None:
    """Check that ``act`` is refused and changes nothing."""
    Installation.current()
    before = everything()
    with pytest.raises(BackupRefused, match=match):
        act()
    assert everything() == before
