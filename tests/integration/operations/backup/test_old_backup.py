"""A backup made by the version before ``Installation`` moved from ``config`` to ``operations``."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from locations.models import Account, User
from notifications.models import Webhook
from operations.backup.archive import open_archive
from operations.backup.restore import restore_all
from operations.backup.verify import verify_backup
from operations.models import Installation
from sessions_app.models import Session
from tests.integration.operations.backup.conftest import KEY, Keys, lose_everything, silent

pytestmark = pytest.mark.django_db(transaction=True)
OLD = Path(__file__).parents[2] / "upgrade" / "key_file.backup"


def test_it_restores_a_backup_of_the_older_version(keys: Keys) -> None:
    lose_everything(keys)
    contents = verify_backup(OLD, KEY, silent)

    done = restore_all(OLD, KEY, silent)

    assert "config.Installation" in contents.rows
    assert done.rows == sum(contents.rows.values()) and done.keys == 1
    assert Account.objects.count() == len(contents.accounts) == 4
    assert User.objects.filter(email="alice@example.com").exists()
    assert all(webhook.secret for webhook in Webhook.objects.all())
    linked = Session.objects.exclude(jid="").exclude(pk__in=contents.without_keys)
    assert [keys.mark(session) for session in linked] == ["first"]


def test_it_keeps_the_id_of_an_older_version(keys: Keys) -> None:
    lose_everything(keys)
    with open_archive(OLD, KEY) as archive:
        (row,) = archive.rows("rows/config.Installation.jsonl")

    restore_all(OLD, KEY, silent)

    assert str(Installation.current().pk) == row["id"]
    assert connection.introspection.table_names().count("config_installation") == 1


def test_it_moves_permissions_on_the_installation(keys: Keys) -> None:
    lose_everything(keys)

    restore_all(OLD, KEY, silent)

    permissions = Group.objects.get().permissions
    view = permissions.get(codename="view_installation")
    assert view.content_type.app_label == "operations"
