"""Restore a whole installation."""

from __future__ import annotations

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
from locations.models import Account, AuditEvent
from notifications.incidents.timers import notify_due
from notifications.models import Delivery, DeliveryState, Mail, Webhook
from notifications.notices.dispatch import gather
from operations.backup.archive import open_archive
from operations.models import Installation
from sessions_app.lifecycle import Status
from sessions_app.models import Session
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
    BackUp,
    Keys,
    everything,
    linked,
    lose_everything,
    restore,
    rows_of_everything,
)

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_it_gives_new_ids_to_rows_after_a_restore(keys: Keys, back_up: BackUp) -> None:
    rows_of_everything(make_account())
    made = back_up()
    lose_everything(keys)

    restore(made)

    rows_of_everything(make_account("Newcomer"))
    assert Account.objects.count() == 2


def test_it_restores_on_machines_with_other_encryption_keys(
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


def test_it_keeps_groups_and_permissions_of_operators(keys: Keys, back_up: BackUp) -> None:
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


def test_it_keeps_waiting_codes_out_of_a_backup(keys: Keys, back_up: BackUp) -> None:
    waiting = make_session(status=Status.QR)
    made = back_up()

    with open_archive(made.path, KEY) as archive:
        (row,) = archive.rows("rows/sessions_app.Session.jsonl")
    assert (row["qr_text"], row["pairing_code"]) == ("", "")
    lose_everything(keys)
    restore(made)
    back = Session.objects.get()
    assert back.pk == waiting.pk and back.qr_expires_at is None and back.qr_text == ""


def test_it_releases_leases_and_fences_gateways_on_restore(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    lose_everything(keys)

    restore(made)

    back = Session.objects.get()
    assert (back.lease_owner, back.lease_expires_at) == ("", None)
    assert back.lease_epoch > session.lease_epoch + 1000
    assert (back.jid, back.wanted, back.version) == (session.jid, session.wanted, session.version)


@pytest.mark.parametrize("status", [MessageStatus.QUEUED, MessageStatus.SENDING])
def test_it_does_not_send_a_waiting_text_twice(
    keys: Keys, back_up: BackUp, status: MessageStatus
) -> None:
    make_message(linked(make_account(), "Porto", keys), status=status)
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert set(Message.objects.values_list("status", flat=True)) == {"unconfirmed", "delivered"}
    assert not Message.objects.waiting().exists()


def test_it_does_not_repeat_a_waiting_delivery(keys: Keys, back_up: BackUp) -> None:
    make_delivery(make_webhook(make_account()))
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert Delivery.objects.get().state == DeliveryState.SKIPPED
    assert "restored from a backup" in Delivery.objects.get().error


def test_it_does_not_send_waiting_notices_twice(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    make_notice(session)
    make_mail(session.account)
    make_mail(session.account, state="sent")
    make_incident(session, due_at=timezone.now())
    made = back_up()
    lose_everything(keys)

    restore(made)

    assert gather(timezone.now()) == set()
    assert notify_due(timezone.now()) == 0
    mails = [(mail.state, mail.text) for mail in Mail.objects.order_by("state")]
    assert mails == [("failed", ""), ("sent", "Scan again.")]


def test_it_keeps_the_id_of_the_installation(keys: Keys, back_up: BackUp) -> None:
    make_account()
    made = back_up()
    ours = Installation.current().pk
    lose_everything(keys)
    assert Installation.current().pk != ours

    restore(made)

    assert Installation.current().pk == ours


def test_it_records_restored_accounts_in_the_audit_log(keys: Keys, back_up: BackUp) -> None:
    make_location(make_account("One")), make_account("Two")
    made = back_up()
    lose_everything(keys)

    restore(made)

    restored = AuditEvent.objects.filter(verb="account_restored").values_list("target", flat=True)
    assert set(restored) == {"One", "Two"}
    with pytest.raises(ObjectDoesNotExist):
        AuditEvent.objects.get(target="Three")
