"""The sessions in a support bundle: their state and their timeline. Read only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from django.db.models import Case, Value, When
from django.utils import timezone

from core.data.csv_export import columns
from core.logs.redaction import redact_value
from core.text.masking import masked
from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import Session, SessionEvent
from sessions_app.snapshot import observed

MAX_SESSIONS = 200
# The latest events of each session; fewer in a bundle about several sessions.
MAX_EVENTS, MAX_EVENTS_OF_MANY = 1_000, 200
_FREE_TEXT_COLUMNS = ("detail", "who")  # typed by users or libraries; the others are our own words
_TIMELINE_COLUMNS = {
    "at": "at", "event": "event", "from": "old_status", "to": "new_status", "reason": "reason",
    "detail": "detail", "who": "actor", "version": "version",
}  # fmt: skip


def select_sessions(account: UUID | None, session: UUID | None) -> list[Session]:
    """Return the requested session, or the sessions of ``account``, or all: at most
    ``MAX_SESSIONS``, first those that are disconnected but should be linked."""
    rows = Session.objects.select_related("location", "account")
    if account is not None:
        rows = rows.of_accounts([account])
    if session is not None:
        rows = rows.filter(pk=session)
    down = When(wanted=Wanted.LINKED, status=Status.DISCONNECTED, then=Value(0))
    return list(rows.order_by(Case(down, default=Value(1)), "-since")[:MAX_SESSIONS])


def count_sessions(account: UUID | None) -> int:
    """Count the sessions of ``account``, or all."""
    rows = Session.objects.all()
    return int((rows if account is None else rows.of_accounts([account])).count())


def describe_session(session: Session) -> Mapping[str, object]:
    """Return the state of ``session``, without codes, keys and the whole number."""
    status, reason = observed(session, timezone.now())
    facts = {
        "id": session.pk,
        "account": session.account.name,
        "location": session.location.name,
        "location_id": session.location_id,
        "number": masked(session.phone_number),
        "wanted": session.wanted,
        "status": str(status),
        "reason": str(reason),
        "detail": session.detail,
        "since": session.since,
        "created_at": session.created_at,
        "last_proof_at": session.last_proof_at,
        "next_retry_at": session.next_retry_at,
        "attempt": session.attempt,
        "version": session.version,
        "has_proxy": session.has_proxy,
    }
    return {name: redact_value(value) for name, value in facts.items()}


def timeline(session: Session, limit: int) -> Iterator[Mapping[str, object]]:
    """Yield the latest ``limit`` events of ``session``, oldest first."""
    events = SessionEvent.objects.filter(session=session).order_by("-version")
    latest = events.values("pk")[:limit]
    rows = SessionEvent.objects.filter(pk__in=latest).order_by("version")
    for row in columns(rows, _TIMELINE_COLUMNS):
        yield {**row, **{name: redact_value(row[name]) for name in _FREE_TEXT_COLUMNS}}
