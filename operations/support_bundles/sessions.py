"""What a bundle says of sessions: how each stands, and its timeline. Read only."""

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
# Of each session's timeline the latest; fewer when a bundle is about many.
MAX_EVENTS, MAX_EVENTS_OF_MANY = 1_000, 200
_FREE_TEXT_COLUMNS = ("detail", "who")  # by people and libraries; the rest are our own words
_TIMELINE_COLUMNS = {
    "at": "at", "event": "event", "from": "old_status", "to": "new_status", "reason": "reason",
    "detail": "detail", "who": "actor", "version": "version",
}  # fmt: skip


def select_sessions(account: UUID | None, session: UUID | None) -> list[Session]:
    """The session asked for, or those of the account, or of everybody: at most ``MOST_SESSIONS``,
    those first that should be linked and are not."""
    rows = Session.objects.select_related("location", "account")
    if account is not None:
        rows = rows.of_accounts([account])
    if session is not None:
        rows = rows.filter(pk=session)
    down = When(wanted=Wanted.LINKED, status=Status.DISCONNECTED, then=Value(0))
    return list(rows.order_by(Case(down, default=Value(1)), "-since")[:MAX_SESSIONS])


def count_sessions(account: UUID | None) -> int:
    """How many sessions there are to choose from."""
    rows = Session.objects.all()
    return int((rows if account is None else rows.of_accounts([account])).count())


def describe_session(session: Session) -> Mapping[str, object]:
    """How it stands, without codes, keys and the whole number."""
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


def timeline(session: Session, most: int) -> Iterator[Mapping[str, object]]:
    """Its ``most`` latest events, the oldest of them first."""
    events = SessionEvent.objects.filter(session=session).order_by("-version")
    latest = events.values("pk")[:most]
    rows = SessionEvent.objects.filter(pk__in=latest).order_by("version")
    for row in columns(rows, _TIMELINE_COLUMNS):
        yield {**row, **{name: redact_value(row[name]) for name in _FREE_TEXT_COLUMNS}}
