"""Refused and failed restores, which change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from locations.models import Account, Location, Plan, User
from operations.backup.archive import open_archive, write_archive
from operations.backup.create import CreatedBackup
from operations.backup.errors import BackupDamaged, BackupError, BackupRefused, WrongKey
from operations.backup.keys.placement import MARKER
from operations.backup.restore import restore_all
from operations.backup.secret import Secret
from sessions_app.models import Gateway, Session
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


def refused(made: CreatedBackup, error: type[BackupError], match: str, key: Secret = KEY) -> None:
    before = everything()
    with pytest.raises(error, match=match):
        restore_all(made.path, key, silent)
    assert everything() == before


def test_it_refuses_a_wrong_key(keys: Keys, back_up: BackUp) -> None:
    made = back_up()
    lose_everything(keys)

    refused(made, WrongKey, "does not open", Secret(b"k", b"o" * 32))


def test_it_refuses_a_truncated_backup(keys: Keys, back_up: BackUp) -> None:
    make_account()
    made = back_up()
    lose_everything(keys)
    made.path.write_bytes(made.path.read_bytes()[:-1])

    refused(made, BackupDamaged, "changed or cut off")


def test_it_refuses_an_installation_that_is_not_empty(keys: Keys, back_up: BackUp) -> None:
    make_account()
    made = back_up()

    refused(made, BackupRefused, "not empty")


def test_it_refuses_an_installation_with_operators_only(keys: Keys, back_up: BackUp) -> None:
    made = back_up()
    lose_everything(keys)
    operator = User.objects.create_superuser("op@example.com", "x")

    refused(made, BackupRefused, r"not empty \(accounts: 0, users: 1\)")

    assert User.objects.get() == operator


def test_it_refuses_while_a_gateway_runs(keys: Keys, back_up: BackUp) -> None:
    made = back_up()
    lose_everything(keys)
    now = timezone.now()
    gateway = Gateway.objects.create(
        owner="g", host="here", pid=77, started_at=now, heartbeat_at=now
    )

    refused(made, BackupRefused, "gateway runs .* process 77")
    Gateway.objects.update(heartbeat_at=now - timedelta(minutes=5))
    restore(made)
    assert gateway.pk == Gateway.objects.get().pk


def test_it_refuses_to_replace_keys(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    lose_everything(keys)
    keys.make(session, "newer")

    refused(made, BackupRefused, "may be newer")
    assert keys.mark(session) == "newer"


def test_it_refuses_newer_and_older_versions(keys: Keys, back_up: BackUp) -> None:
    made = back_up()
    lose_everything(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('locations', '9999_later', CURRENT_TIMESTAMP)"
        )
    try:
        refused(made, BackupRefused, "older version .* without locations.9999_later.*migrate")
        newer = back_up()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    refused(newer, BackupRefused, "newer version .* locations.9999_later")


def test_it_leaves_no_rows_or_keys_after_failed_steps(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    lose_everything(keys)

    for step in ("rows", "sessions"):
        with pytest.raises(KeyboardInterrupt):
            restore_all(made.path, KEY, _interrupt(step))
        assert not Account.objects.exists() and not Plan.objects.exists()
        assert keys.names() == set()

    restore(made)
    assert keys.mark(session) == "first"


def _interrupt(step: str) -> Callable[[str, int, int], None]:
    def report(what: str, done: int, total: int) -> None:
        if what == step:
            raise KeyboardInterrupt

    return report


def test_it_repeats_a_restore_that_was_killed(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    lose_everything(keys)
    keys.make(session, "half")  # the keys were in place, the rows were not
    (keys.folder / MARKER).write_text(keys.path(session).name)

    restore(made)

    assert keys.mark(session) == "first"
    assert not (keys.folder / MARKER).exists()


def test_it_moves_keys_back_when_the_commit_fails(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    Session.objects.filter(pk=session.pk).delete()
    Location.objects.all().delete()
    orphaned = _without(made, "rows/locations.Location.jsonl")
    lose_everything(keys)

    refused(orphaned, BackupRefused, "conflicts with data")

    assert keys.names() == set()


def _without(made: CreatedBackup, entry: str) -> CreatedBackup:
    """Return the backup with an empty entry: foreign keys are checked at the commit."""
    path = made.path.with_suffix(".less")
    with (
        open_archive(made.path, KEY) as old,
        path.open("wb") as file,
        write_archive(file, KEY) as new,
    ):
        for name in [one.name for one in old.entries]:
            with new.entry(name) as written:
                for block in () if name == entry else old.blocks(name):
                    written.write(block)
                    written.lines += block.count(b"\n") if name.endswith(".jsonl") else 0
        new.close({k: v for k, v in old.manifest.items() if k not in ("entries", "format")})
    return replace(made, path=path)
