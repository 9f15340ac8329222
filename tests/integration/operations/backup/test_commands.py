"""The commands backup and restore, and scheduled backups."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import WARNING
from django.core.management import CommandError, call_command
from pytest_django import Settings

from config import checks
from locations.models import Account
from operations.backup.create import create_backup
from operations.backup.errors import BackupRefused
from operations.backup.progress import Progress
from operations.backup.schedule import new_name, prune, run_scheduled_backup
from operations.backup.secret import Secret, write_key_file
from tests.factory import make_account
from tests.integration.operations.backup.conftest import Keys, linked, lose_everything

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(tmp_path: Path) -> str:
    write_key_file(tmp_path / "backup.key")
    return str(tmp_path / "backup.key")


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_it_reports_the_results_of_backup_and_restore(keys: Keys, key: str, tmp_path: Path) -> None:
    linked(make_account(), "Porto", keys)
    file = str(tmp_path / "a.backup")

    backed_up = said("backup", "--key-file", key, "--output", file)
    checked = said("restore", file, "--key-file", key, "--check")
    lose_everything(keys)
    restored = said("restore", file, "--key-file", key)

    assert "MB in" in backed_up and "1 linked number, from files" in backed_up
    assert "no media" in backed_up
    assert "is intact" in checked and "accounts     1" in checked
    assert "Restored Harbour Group:" in restored and "the keys of 1 number in" in restored
    assert Account.objects.get().name == "Harbour Group"


def test_it_names_a_backup_in_a_folder_by_date(keys: Keys, key: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    said("backup", "--key-file", key, "--output", str(tmp_path / "there"))

    (made,) = (tmp_path / "there").iterdir()
    assert made.name.startswith("pairline-") and made.suffix == ".backup"


def test_it_reads_a_passphrase_from_a_file(keys: Keys, tmp_path: Path) -> None:
    file, phrase = str(tmp_path / "a.backup"), tmp_path / "phrase"
    phrase.write_text("correct horse battery staple\n")

    said("backup", "--passphrase-file", str(phrase), "--output", file)

    assert "is intact" in said("restore", file, "--passphrase-file", str(phrase), "--check")
    phrase.write_text("wrong horse battery staple\n")
    with pytest.raises(CommandError, match="passphrase does not open"):
        said("restore", file, "--passphrase-file", str(phrase), "--check")


def test_it_never_writes_an_unencrypted_backup(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="always encrypted"):
        said("backup", "--output", str(tmp_path / "a.backup"))
    assert not (tmp_path / "a.backup").exists()


def test_it_creates_a_key_file(tmp_path: Path) -> None:
    assert "Keep a copy" in said("backup", "--new-key-file", str(tmp_path / "new.key"))
    with pytest.raises(CommandError, match="not overwritten"):
        said("backup", "--new-key-file", str(tmp_path / "new.key"))


def test_it_prints_one_sentence_when_it_refuses_a_restore(
    keys: Keys, key: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        said("restore", str(tmp_path / "none"), "--key-file", key, "--check")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CommandError, match="not a Pairline backup"):
        said("restore", str(tmp_path / "text"), "--key-file", key)


def test_it_shows_progress_on_a_terminal() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

        def write(self, text: str, ending: str = "") -> int:
            return super().write(text + ending)

    terminal, file = Terminal(), StringIO()

    for out in (terminal, file):
        with Progress(out) as progress:
            progress.report("sessions", 3, 3)

    assert "sessions: 3 of 3" in terminal.getvalue()
    assert file.getvalue() == ""


# --- on a schedule -------------------------------------------------------------------------


@pytest.fixture
def scheduled(settings: Settings, key: str, tmp_path: Path) -> Path:
    settings.BACKUP_DIR, settings.BACKUP_KEY_FILE = str(tmp_path / "backups"), key
    settings.BACKUP_KEEP = 2
    return tmp_path / "backups"


def test_it_deletes_only_the_oldest_scheduled_backup(keys: Keys, scheduled: Path) -> None:
    scheduled.mkdir()
    old = [new_name(datetime(2020, 1, day, tzinfo=UTC)) for day in (1, 2, 3)]
    for name in (*old, "before-the-update.backup", "pairline-notes.txt"):
        (scheduled / name).touch()

    sentence = run_scheduled_backup()

    left = {path.name for path in scheduled.iterdir()}
    assert {"before-the-update.backup", "pairline-notes.txt", old[2]} <= left and len(left) == 4
    assert "0 linked numbers" in sentence and "2 older deleted" in sentence


def test_it_deletes_no_older_backup_when_one_fails(keys: Keys, scheduled: Path) -> None:
    scheduled.mkdir()
    for day in (1, 2, 3):
        (scheduled / new_name(datetime(2020, 1, day, tzinfo=UTC))).touch()
    os.truncate(scheduled.parent / "backup.key", 3)

    with pytest.raises(BackupRefused, match="not a key file"):
        run_scheduled_backup()

    assert len(list(scheduled.iterdir())) == 3


def test_it_keeps_the_newest(tmp_path: Path) -> None:
    for day in (5, 1, 3):
        (tmp_path / new_name(datetime(2020, 1, day, tzinfo=UTC))).touch()

    assert prune(tmp_path, 1) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["pairline-20200105-000000.backup"]


def test_it_deletes_partial_files_of_a_killed_backup(tmp_path: Path) -> None:
    left, being_written = (f".{new_name()}.{number}.partial" for number in (11, 12))
    for name in (left, being_written):
        (tmp_path / name).touch()
    os.utime(tmp_path / left, (1, 1))

    assert prune(tmp_path, 8) == 0
    assert [path.name for path in tmp_path.iterdir()] == [being_written]


def test_it_creates_no_backup_without_a_schedule(settings: Settings) -> None:
    settings.BACKUP_DIR = ""
    with pytest.raises(BackupRefused, match="BACKUP_DIR is not set"):
        run_scheduled_backup()
    settings.BACKUP_DIR, settings.BACKUP_KEY_FILE = "/somewhere", ""
    with pytest.raises(BackupRefused, match="BACKUP_KEY_FILE is not set"):
        run_scheduled_backup()


def _ids(settings: Settings, folder: str, key_file: str) -> list[str | None]:
    settings.BACKUP_DIR, settings.BACKUP_KEY_FILE = folder, key_file
    return [message.id for message in checks.backups(None)]


def test_it_does_not_start_scheduled_backups_without_a_key(
    settings: Settings, key: str, tmp_path: Path
) -> None:
    assert _ids(settings, "", "") == []
    assert _ids(settings, str(tmp_path / "b"), key) == []
    assert _ids(settings, str(tmp_path / "b"), "") == ["pairline.E006"]
    assert _ids(settings, str(tmp_path / "b"), str(tmp_path / "none")) == ["pairline.E006"]
    assert _ids(settings, str(tmp_path), key) == ["pairline.W007"]


@pytest.mark.parametrize("missing", ["", "b", "b/c"])
def test_it_accepts_a_folder_that_a_backup_can_create(
    settings: Settings, tmp_path: Path, missing: str
) -> None:
    settings.BACKUP_DIR = str(tmp_path / missing)

    assert checks.backup_folder(None) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["/proc/backups", "/dev/null/backups"])
def test_it_warns_of_a_folder_that_cannot_be_written(settings: Settings, folder: str) -> None:
    settings.BACKUP_DIR = folder

    (message,) = checks.backup_folder(None)

    assert (message.id, message.level) == ("pairline.W008", WARNING)
    assert "backups.conf" in str(message.hint)
    with pytest.raises(BackupRefused, match="cannot be written"):
        create_backup(Path(folder) / "file", Secret(b"k", b"k" * 32), lambda *_: None)


def test_it_checks_no_folder_without_scheduled_backups(settings: Settings) -> None:
    settings.BACKUP_DIR = ""

    assert checks.backup_folder(None) == []
