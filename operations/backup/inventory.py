"""The models that a backup includes, and those that it leaves out with a reason.

Add every new model to one of the two tables; a test checks it. If its rows must not be restored
unchanged (for example because they wait to be sent), adjust them in ``restored_rows.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db.models import SET_NULL, ManyToOneRel, Model

INCLUDED = frozenset(
    {
        "account.EmailAddress",
        "auth.Group",
        "auth.Group_permissions",
        "operations.Installation",
        "conversations.EarlyReceipt",
        "conversations.Message",
        "locations.Account",
        "locations.ApiKey",
        "locations.ApiKey_locations",
        "locations.AuditEvent",
        "locations.IdempotentAnswer",
        "locations.Invitation",
        "locations.Location",
        "locations.Member",
        "locations.Plan",
        "locations.TrialStart",
        "locations.User",
        "locations.User_groups",
        "locations.User_user_permissions",
        "mfa.Authenticator",
        "notifications.Bell",
        "notifications.Delivery",
        "notifications.Digest",
        "notifications.Incident",
        "notifications.Mail",
        "notifications.MailHabits",
        "notifications.Notice",
        "notifications.Outage",
        "notifications.StoppedAddress",
        "notifications.Webhook",
        "notifications.Wish",
        "sessions_app.ConnectLink",
        "sessions_app.Session",
        "sessions_app.SessionEvent",
    }
)

EXCLUDED: Mapping[str, str] = {
    "account.EmailConfirmation": "links in mails, valid for a few days: users request a new one",
    "admin.LogEntry": "names rows by content type ids, which differ between databases",
    "auth.Permission": "created by migrations; rows refer to it by its natural key",
    "contenttypes.ContentType": "created by migrations",
    "locations.Export": "its file is kept for three days and is not part of a backup",
    "notifications.MailServerTrouble": "the state of the mail server, which is checked again",
    "sessions.Session": "sign-ins: users sign in again",
    "sessions_app.Gateway": "processes on the machine that was backed up",
    "sessions_app.ScheduledJob": "the schedule of the machine that was backed up",
    "sessions_app.SupportBundle": "its file is kept for a week and is not part of a backup",
    "usersessions.UserSession": "signed-in devices: users sign in again",
}


FORMER_LABELS: Mapping[str, str] = {"operations.Installation": "config.Installation"}
"""Labels in backups made by older versions, by today's label of the model."""

ADDED_LATER = frozenset({"locations.TrialStart"})
"""Models that backups made by older versions lack: a restore leaves their tables empty."""

BLANK: Mapping[str, Mapping[str, str]] = {
    "sessions_app.Session": {"qr_text": "", "pairing_code": ""},
}
"""Columns that a backup leaves blank: codes that wait for a scan."""


def included_models() -> list[type[Model]]:
    """Return the models of a backup, each after the models that it references."""
    models = {model for model in apps.get_models(include_auto_created=True) if _is_included(model)}
    order = TopologicalSorter(
        {
            model: referenced_models(model) & models - {model}
            for model in sorted(models, key=model_label)
        }
    )
    return list(order.static_order())


def _is_included(model: type[Model]) -> bool:
    return model._meta.label in INCLUDED


def model_label(model: type[Model]) -> str:
    """Return the name of ``model`` in a backup."""
    return str(model._meta.label)


def entry_name(model: type[Model]) -> str:
    """Return the name of the archive entry with the rows of ``model``."""
    return f"rows/{model_label(model)}.jsonl"


def find_entry(names: Collection[str], model: type[Model]) -> str:
    """Return the entry with the rows of ``model`` in an archive with the entries ``names``. An
    older version may have written it under the model's former label."""
    former = f"rows/{FORMER_LABELS.get(model_label(model), '')}.jsonl"
    return former if former in names else entry_name(model)


def referenced_models(model: type[Model]) -> set[Any]:
    """Return the models that the foreign keys of ``model`` point to."""
    return {remote for _, remote in foreign_keys(model)}


def is_nullable_reference(model: type[Model], column: str) -> bool:
    """Return whether a row of ``model`` stays when the row that ``column`` points to is deleted
    (``SET_NULL``)."""
    field = next(field for field in model._meta.concrete_fields if field.attname == column)
    relation = field.remote_field
    return isinstance(relation, ManyToOneRel) and relation.on_delete is SET_NULL


def foreign_keys(model: type[Model]) -> list[tuple[str, type[Model]]]:
    """Return the foreign key columns of ``model``, each with the model that it points to."""
    return [
        (field.attname, field.related_model)
        for field in model._meta.concrete_fields
        if field.remote_field is not None and isinstance(field.related_model, type)
    ]
