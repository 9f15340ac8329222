"""Back up and restore a whole installation."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Message, MessageStatus
from locations.auth import mfa_secrets
from locations.models import Account, AuditEvent, Location, Plan
from notifications.incidents.timers import tell_due
from notifications.models import Delivery, Mail, State, Webhook
from notifications.notices.dispatch import gather
from operations.backup.archive import open_archive, write_archive
from operations.backup.create import CreatedBackup, create_backup, snapshot
from operations.backup.errors import BackupDamaged, BackupError, BackupRefused, WrongKey
from operations.backup.keys.placement import MARKER
from operations.backup.restore import RestoreResult, restore_all
from operations.backup.secret import Secret
from operations.backup.verify import verify_backup
from operations.models import Installation
from sessions_app.lifecycle import Status
from sessions_app.models import Gateway, Session
from tests.factory import (
    connect,
    make_account,
    make_delivery,
    make_incident,
    make_location,
    make_mail,
    make_message,
    make_notice,
    make_session,
    make_user,
    make_webhook,
)
from tests.integration.operations.backup.conftest import (
    KEY,
    MOVING,
    Keys,
    everything,
    linked,
    lose_everything,
    rows_of_everything,
    silent,
)

pytestmark = pytest.mark.django_db(transaction=True)
BackUp = Callable[[], CreatedBackup]


def restore(made: CreatedBackup) -> RestoreResult:
    return restore_all(made.path, KEY, silent)


def test_it_restores_every_row_and_every_key(keys: Keys, back_up: BackUp) -> None:
    account = make_account()
    rows = rows_of_everything(account)
    session = linked(account, "Porto", keys)
    sealed = make_webhook(account).secret
    Webhook.objects.filter(pk=rows.of("Webhook").pk).update(enabled=False)
    Installation.current()
    before = everything()

    made = back_up()
    lose_everything(keys)
    done = restore(made)

    after = everything()
    assert [row["verb"] for row in _added_to(before, after)] == ["account_restored"]
    assert _steady(after) == _steady(before)
    assert sealed in {webhook.secret for webhook in Webhook.objects.all()}
    assert keys.mark(session) == "first"
    assert keys.path(session).stat().st_mode & 0o777 == 0o600
    assert keys.names() == {keys.path(session).name}
    assert done.keys == 1 and done.accounts == ["Harbour Group"]


Everything = dict[str, list[dict[str, Any]]]


def _added_to(before: Everything, after: Everything) -> list[dict[str, Any]]:
    """Return the new rows of the audit log, and remove them from ``after``."""
    old, now = before["locations.AuditEvent"], after["locations.AuditEvent"]
    after["locations.AuditEvent"] = [row for row in now if row in old]
    return [row for row in now if row not in old]


def _steady(rows: Everything) -> Everything:
    """Return the rows without the columns that a restore changes."""
    return {
        label: [{k: v for k, v in row.items() if k not in MOVING.get(label, ())} for row in found]
        for label, found in rows.items()
    }


def test_new_rows_get_new_ids_after_a_restore(keys: Keys, back_up: BackUp) -> None:
    rows_of_everything(make_account())
    made = back_up()
    lose_everything(keys)

    restore(made)

    rows_of_everything(make_account("Newcomer"))
    assert Account.objects.count() == 2


def test_another_machine_can_have_other_encryption_keys(
    keys: Keys, back_up: BackUp, settings: Settings
) -> None:
    account = make_account()
    webhook, alice = make_webhook(account), make_user("alice", account)
    session = connect(account, "Porto", proxy="http://user:pass@proxy.example:8080")
    keys.make(session)
    data = {"secret": mfa_secrets.sealed("JBSWY3DPEHPK3PXP")}
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data=data)
    made = back_up()
    lose_everything(keys)
    settings.FIELD_ENCRYPTION_KEYS, settings.SECRET_KEY = [b"n" * 32], "another" * 10

    restore(made)

    assert Webhook.objects.get().secret == webhook.secret
    assert Session.objects.get().proxy == "http://user:pass@proxy.example:8080"
    assert mfa_secrets.opened(Authenticator.objects.get().data["secret"]) == "JBSWY3DPEHPK3PXP"
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM notifications_webhook")
        assert cursor.fetchone()[0].startswith("v1.")


def test_it_copies_values_that_no_key_decrypts(
    keys: Keys, back_up: BackUp, settings: Settings
) -> None:
    secret = make_webhook(make_account()).secret
    old, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, [b"n" * 32]
    made = back_up()
    lose_everything(keys)

    restore(made)

    settings.FIELD_ENCRYPTION_KEYS = old
    assert Webhook.objects.get().secret == secret


def test_operators_keep_their_groups_and_permissions(keys: Keys, back_up: BackUp) -> None:
    permission = Permission.objects.filter(codename="view_as_owner").first()
    assert permission is not None
    group = Group.objects.create(name="Support")
    group.permissions.add(permission)
    user = make_user("op")
    user.groups.add(group)
    user.user_permissions.add(permission)
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert list(Group.objects.get().permissions.all()) == [permission]
    assert list(Group.objects.get().user_set.get().user_permissions.all()) == [permission]


def test_a_backup_contains_no_waiting_codes(keys: Keys, back_up: BackUp) -> None:
    waiting = make_session(status=Status.QR)
    made = back_up()

    with open_archive(made.path, KEY) as archive:
        (row,) = archive.rows("rows/sessions_app.Session.jsonl")
    assert (row["qr_text"], row["pairing_code"]) == ("", "")
    lose_everything(keys)
    restore(made)
    back = Session.objects.get()
    assert back.pk == waiting.pk and back.qr_expires_at is None and back.qr_text == ""


def test_a_restore_releases_leases_and_fences_old_gateways(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    lose_everything(keys)

    restore(made)

    back = Session.objects.get()
    assert (back.lease_owner, back.lease_expires_at) == ("", None)
    assert back.lease_epoch > session.lease_epoch + 1000
    assert (back.jid, back.wanted, back.version) == (session.jid, session.wanted, session.version)


@pytest.mark.parametrize("status", [MessageStatus.QUEUED, MessageStatus.SENDING])
def test_a_waiting_text_is_not_sent_twice(
    keys: Keys, back_up: BackUp, status: MessageStatus
) -> None:
    make_message(linked(make_account(), "Porto", keys), status=status)
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert set(Message.objects.values_list("status", flat=True)) == {"unconfirmed", "delivered"}
    assert not Message.objects.waiting().exists()


def test_a_waiting_delivery_is_not_made_twice(keys: Keys, back_up: BackUp) -> None:
    make_delivery(make_webhook(make_account()))
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert Delivery.objects.get().state == State.SKIPPED
    assert "restored from a backup" in Delivery.objects.get().error


def test_waiting_notices_and_mails_are_not_sent_twice(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    make_notice(session)
    make_mail(session.account)
    make_mail(session.account, state="sent")
    make_incident(session, due_at=timezone.now())
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert gather(timezone.now()) == 0
    assert tell_due(timezone.now()) == 0
    mails = [(mail.state, mail.text) for mail in Mail.objects.order_by("state")]
    assert mails == [("failed", ""), ("sent", "Scan again.")]


def test_the_installation_keeps_its_id(keys: Keys, back_up: BackUp) -> None:
    make_account()
    made = back_up()
    ours = Installation.current().pk
    lose_everything(keys)
    assert Installation.current().pk != ours

    restore(made)

    assert Installation.current().pk == ours


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
def test_a_backup_is_a_snapshot_of_the_database(keys: Keys) -> None:
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


def test_a_backup_is_private_and_never_overwrites(keys: Keys, back_up: BackUp) -> None:
    made = back_up()

    assert made.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupRefused, match="not overwritten"):
        create_backup(made.path, KEY, silent)
    assert [path for path in made.path.parent.iterdir() if "partial" in path.name] == []


def test_a_backup_that_cannot_be_written_leaves_nothing(keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(BackupRefused, match="cannot be written"):
        create_backup(tmp_path / "file" / "a.backup", KEY, silent)


# --- refused restores, which change nothing -------------------------------------------------


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


def test_a_failed_step_leaves_no_rows_or_keys(keys: Keys, back_up: BackUp) -> None:
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


def test_a_killed_restore_can_be_run_again(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    lose_everything(keys)
    keys.make(session, "half")  # the keys were in place, the rows were not
    (keys.folder / MARKER).write_text(keys.path(session).name)

    restore(made)

    assert keys.mark(session) == "first"
    assert not (keys.folder / MARKER).exists()


def test_a_failed_commit_moves_the_keys_back(keys: Keys, back_up: BackUp) -> None:
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


def test_a_check_lists_contents_and_changes_nothing(keys: Keys, back_up: BackUp) -> None:
    linked(make_account(), "Porto", keys)
    made = back_up()
    before = everything()

    contents = verify_backup(made.path, KEY, silent)

    assert everything() == before
    assert contents.rows["sessions_app.Session"] == 1 and contents.keys == 1
    assert [(one.name, one.linked) for one in contents.accounts] == [("Harbour Group", 1)]


def test_the_audit_log_records_restored_accounts(keys: Keys, back_up: BackUp) -> None:
    make_location(make_account("One")), make_account("Two")
    made = back_up()
    lose_everything(keys)

    restore(made)

    restored = AuditEvent.objects.filter(verb="account_restored").values_list("target", flat=True)
    assert set(restored) == {"One", "Two"}
    with pytest.raises(ObjectDoesNotExist):
        AuditEvent.objects.get(target="Three")
