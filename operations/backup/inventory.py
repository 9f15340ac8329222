"""What of the database goes into a backup: every model stands in one of these two tables.

A new model joins one of them (a test says so). Where rows must not come back as they were, for
something may have happened since, ``settling.py`` says what becomes of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db.models import SET_NULL, ManyToOneRel, Model

KEPT = frozenset(
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

LEFT_OUT: Mapping[str, str] = {
    "account.EmailConfirmation": "links in mails that are valid for some days: asked for again",
    "admin.LogEntry": "what operators did in the admin names rows by numbers that change",
    "auth.Permission": "made by migrations; rows that lean on one name it by its words",
    "contenttypes.ContentType": "made by migrations",
    "notifications.MailServerTrouble": "how the mail server was: asked anew",
    "sessions.Session": "who is signed in: people sign in again",
    "sessions_app.Gateway": "processes that run, or ran, on the machine that was backed up",
    "sessions_app.ScheduledJob": "when each job ran on the machine that was backed up",
    "sessions_app.SupportBundle": "its file lives a week, and is not in a backup",
    "usersessions.UserSession": "devices that are signed in: people sign in again",
}


FORMER_LABELS: Mapping[str, str] = {"operations.Installation": "config.Installation"}
"""What a model is called in backups of older versions, by its label today."""

BLANK: Mapping[str, Mapping[str, str]] = {
    "sessions_app.Session": {"qr_text": "", "pairing_code": ""},
}
"""Columns whose values never leave the database: codes that wait for a scan."""


def kept_models() -> list[type[Model]]:
    """The models of a backup, each after those that its rows lean on."""
    models = {model for model in apps.get_models(include_auto_created=True) if _is_kept(model)}
    order = TopologicalSorter(
        {model: parents_of(model) & models - {model} for model in sorted(models, key=label_of)}
    )
    return list(order.static_order())


def _is_kept(model: type[Model]) -> bool:
    return model._meta.label in KEPT


def label_of(model: type[Model]) -> str:
    """How a model is called in a backup."""
    return str(model._meta.label)


def entry_of(model: type[Model]) -> str:
    """The name of the archive's entry with the rows of ``model``."""
    return f"rows/{label_of(model)}.jsonl"


def entry_in(names: Collection[str], model: type[Model]) -> str:
    """Return the entry with the rows of ``model`` in an archive with the entries ``names``, which
    an older version may have written."""
    former = f"rows/{FORMER_LABELS.get(label_of(model), '')}.jsonl"
    return former if former in names else entry_of(model)


def parents_of(model: type[Model]) -> set[Any]:
    """The models that rows of ``model`` lean on."""
    return {remote for _, remote in links_of(model)}


def may_lack(model: type[Model], column: str) -> bool:
    """Whether a row of ``model`` goes on without the row that ``column`` names, as it does when
    that one is deleted."""
    field = next(field for field in model._meta.concrete_fields if field.attname == column)
    relation = field.remote_field
    return isinstance(relation, ManyToOneRel) and relation.on_delete is SET_NULL


def links_of(model: type[Model]) -> list[tuple[str, type[Model]]]:
    """The columns of ``model`` that hold the key of another row, and that row's model."""
    return [
        (field.attname, field.related_model)
        for field in model._meta.concrete_fields
        if field.remote_field is not None and isinstance(field.related_model, type)
    ]
