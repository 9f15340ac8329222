"""``migrate`` upgrades a database of an older version and keeps every row."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.db import connection

from operations.models import Installation
from tests.integration.upgrade.conftest import OldDatabase, Tables

GROWING = {"django_migrations", "django_content_type", "auth_permission"}
"""Tables that ``migrate`` itself adds rows to."""

ADDED_LATER = {"locations_export", "locations_trialstart"}
"""Tables that a later version has added."""

READ_EVERYTHING = """
import json
from django.apps import apps
from core import tenancy

read = {}
with tenancy.everyone():
    for model in apps.get_models(include_auto_created=True):
        rows = list(model._base_manager.all())
        for row in rows:
            for field in model._meta.concrete_fields:
                getattr(row, field.attname)  # decrypts what is encrypted
        read[model._meta.db_table] = len(rows)
print(json.dumps(read))
"""


@dataclass(frozen=True)
class Upgraded:
    """A database after its first ``migrate``, and its rows before and after."""

    database: OldDatabase
    output: str
    before: Tables
    after: Tables


@pytest.fixture(scope="module")
def upgraded(old: OldDatabase) -> Upgraded:
    before = old.tables()
    output = old.manage("migrate")
    return Upgraded(old, output, before, old.tables())


def test_it_finds_every_model_in_the_old_database(upgraded: Upgraded) -> None:
    ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}

    assert [table for table, rows in upgraded.before.items() if not rows] == []
    assert ours - upgraded.before.keys() == ADDED_LATER


def test_it_keeps_every_table_and_row_on_migrate(upgraded: Upgraded) -> None:
    before, after = upgraded.before, upgraded.after

    assert before.keys() <= after.keys()
    for table in before.keys() - GROWING:
        kept = [_columns_of(row, before[table]) for row in after[table]]
        assert _sorted(kept) == _sorted(before[table]), table
    for table in GROWING - {"django_content_type"}:
        assert [row for row in before[table] if row not in after[table]] == [], table


def _columns_of(row: dict[str, object], rows: list[dict[str, object]]) -> dict[str, object]:
    """Return ``row`` without the columns that ``rows`` of the old version do not have."""
    return {name: value for name, value in row.items() if name in rows[0]}


def test_it_ends_links_of_unknown_creators(upgraded: Upgraded) -> None:
    users = {str(row["id"]).replace("-", "") for row in upgraded.after["locations_user"]}
    links, invitations = (
        [str(row[column]).replace("-", "") for row in upgraded.after[table]]
        for table, column in (
            ("sessions_app_connectlink", "creator"),
            ("locations_invitation", "sender"),
        )
    )

    assert links and set(links) <= users
    assert set(invitations) == {"0" * 32}  # the old rows name no sender


def _sorted(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["id"]) if "id" in row else repr(row))


def test_it_keeps_the_installations_id_and_permissions(upgraded: Upgraded) -> None:
    before = {row["id"]: row for row in upgraded.before["django_content_type"]}
    after = {row["id"]: row for row in upgraded.after["django_content_type"]}
    changed = [after[key] for key, row in before.items() if after[key] != row]

    assert "Applying operations.0001_installation_from_config... OK" in upgraded.output
    assert "Applying config.0002_installation_to_operations... OK" in upgraded.output
    assert [(row["app_label"], row["model"]) for row in changed] == [("operations", "installation")]


def test_it_reads_every_row_with_todays_models(upgraded: Upgraded) -> None:
    read = json.loads(upgraded.database.manage("shell", "-v", "0", "-c", READ_EVERYTHING))

    assert read == {table: len(upgraded.after[table]) for table in read}


def test_it_changes_nothing_on_a_second_migrate(upgraded: Upgraded) -> None:
    output = upgraded.database.manage("migrate")

    assert "No migrations to apply." in output
    assert upgraded.database.tables() == upgraded.after


def test_it_needs_no_further_migration_after_an_upgrade(upgraded: Upgraded) -> None:
    output = upgraded.database.manage("makemigrations", "--check", "--dry-run")

    assert "No changes detected" in output


@pytest.mark.django_db
def test_it_creates_the_same_table_in_a_new_installation() -> None:
    tables = connection.introspection.table_names()

    assert "config_installation" in tables and "operations_installation" not in tables
    assert Installation.current() == Installation.current()


def test_it_counts_running_trials_for_first_owners(upgraded: Upgraded) -> None:
    on_trial = {
        row["id"] for row in upgraded.before["locations_account"] if row["state"] == "trial"
    }
    owners = {
        (row["account_id"], row["user_id"])
        for row in upgraded.before["locations_member"]
        if row["role"] == "owner" and row["account_id"] in on_trial
    }

    started = upgraded.after["locations_trialstart"]

    assert {row["account_id"] for row in started} == {account for account, _ in owners} != set()
    assert {(row["account_id"], row["user_id"]) for row in started} <= owners
