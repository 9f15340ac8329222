"""The facts about sessions that the rules of ``rules.py`` need, read by one query."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from sessions_app.cleanup.rules import SessionFacts
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from sessions_app.store.leases import needs_gateway

_COLUMNS = ("id", "account_id", "status", "reason", "since", "wanted_at", "wanted_attempt")


def session_facts(only: Collection[UUID] | None = None) -> dict[UUID, SessionFacts]:
    """Return all sessions by id, or those with the ids ``only``. The latter are locked until the
    end of the transaction, so that no gateway claims one meanwhile."""
    rows = Session.objects.order_by()
    if only is not None:
        rows = rows.select_for_update().filter(pk__in=only)
    found = rows.annotate(
        leased=_true_when(Q(lease_expires_at__gt=Now())), pending=_true_when(needs_gateway())
    ).values(*_COLUMNS, "version", "jid", "leased", "pending")
    return {row["id"]: _facts(row) for row in found}


def linked_addresses() -> dict[str, UUID]:
    """Return the WhatsApp addresses (JIDs) of all linked sessions, with their ids."""
    return dict(Session.objects.exclude(jid="").values_list("jid", "id"))


def _true_when(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, output_field=BooleanField(null=True))


def _facts(row: dict[str, object]) -> SessionFacts:
    flags = {name: bool(row.pop(name)) for name in ("leased", "pending")}
    linked, status = bool(row.pop("jid")), Status(str(row.pop("status")))
    return SessionFacts(**row, **flags, linked=linked, status=status)  # type: ignore[arg-type]
