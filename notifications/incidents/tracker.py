"""Open, change and end incidents in the transaction that writes the changes of sessions.

Notices that are due at once are written there, too: a crash loses none, and a change that is
rolled back has none. A drop that may heal by itself writes nothing here: most are over within a
second, and ``timers.py`` finds the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from notifications.incidents.notices import PendingNotice, notices_of
from notifications.incidents.rules import HEALING, OpenIncident, SessionChange, Step, after
from notifications.models import Incident, Notice
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from sessions_app.signals import sessions_written
from sessions_app.store.transitions import Written

GATHERED_WITHIN = timedelta(seconds=5)
"""How long a notice waits for others of its kind, so that they are sent together."""

COLUMNS = ("reason", "due_at", "told", "told_at", "reminders", "remind_at", "ended_at", "ending")


def connect() -> None:
    """Connect the receiver; calling it again changes nothing."""
    sessions_written.connect(_on_sessions, dispatch_uid="incidents")


@dataclass(frozen=True)
class _Move:
    """The change of one session's incident.

    ``row`` is the incident afterwards, ``before`` the open incident before; each may be None.
    """

    row: Incident | None
    before: OpenIncident | None
    step: Step
    session: Session
    by: str


def open_state(row: Incident) -> OpenIncident:
    """Return ``row`` in the form that the rules work on."""
    return OpenIncident(
        began_with=Reason(row.began_with),
        reason=Reason(row.reason),
        opened_at=row.opened_at,
        due_at=row.due_at,
        told=frozenset(row.told),
        told_at=row.told_at,
        reminders=row.reminders,
        remind_at=row.remind_at,
    )


def apply_step(row: Incident, step: Step, now: datetime) -> None:
    """Set the ``COLUMNS`` of ``row`` to the result of ``step``, without saving."""
    if step.incident is None:
        row.ended_at, row.ending, row.due_at, row.remind_at = now, step.ending, None, None
        return
    row.reason = step.incident.reason
    row.due_at = step.incident.due_at
    row.told = sorted(step.incident.told)
    row.told_at = step.incident.told_at
    row.reminders = step.incident.reminders
    row.remind_at = step.incident.remind_at


def _on_sessions(sender: object, changes: Sequence[Written], **_: Any) -> None:
    now = timezone.now()
    changes = [change for change in changes if change.moved and not _just_dropped(change)]
    if not changes:
        return
    rows = _open_rows([change.session for change in changes])
    moves = [_move(change, rows.get(change.session.pk), now) for change in changes]
    _write(moves, now)
    pending = [
        PendingNotice(m.step.notice, m.session, m.row, by=m.by) for m in moves if m.step.notice
    ]
    Notice.objects.write(notices_of(pending, now, tell_at=now + GATHERED_WITHIN))


def _just_dropped(change: Written) -> bool:
    """Return whether a ready number dropped for a reason that heals by itself."""
    return change.old_status == Status.READY and change.session.reason in HEALING


def _open_rows(sessions: Sequence[Session]) -> dict[UUID, Incident]:
    found = Incident.objects.open().filter(session__in=sessions).order_by("pk")
    return {row.session_id: row for row in found.select_for_update(of=("self",))}


def _move(written: Written, row: Incident | None, now: datetime) -> _Move:
    session = written.session
    change = SessionChange(
        Status(session.status),
        Reason(session.reason),
        linked=written.was_linked or session.is_linked or session.reason == Reason.OTHER_NUMBER,
        at=now,
    )
    grace = timedelta(seconds=settings.INCIDENT_GRACE_SECONDS)
    before = open_state(row) if row else None
    step = after(before, change, grace)
    if row is None and session.reason in HEALING:
        step = Step(None)
    row = _opened(session, step.incident) if row is None and step.incident else row
    if row is not None:
        apply_step(row, step, now)
    return _Move(row, before, step, session, written.change.actor)


def _opened(session: Session, incident: OpenIncident) -> Incident:
    return Incident(
        account_id=session.account_id,
        session=session,
        opened_at=incident.opened_at,
        began_with=incident.began_with,
    )


def _write(moves: Sequence[_Move], now: datetime) -> None:
    """Save new, changed and ended incidents.

    Ended ones share an UPDATE for each ending: when many numbers reconnect, that is faster than
    ``bulk_update`` with a case for each row.
    """
    known = [(move.row, move) for move in moves if move.row is not None]
    Incident.objects.bulk_create([row for row, move in known if move.before is None])
    changed = [row for row, m in known if m.before and m.step.incident not in (None, m.before)]
    Incident.objects.bulk_update(changed, COLUMNS)
    over: defaultdict[str, list[UUID]] = defaultdict(list)
    for row, move in known:
        if move.step.incident is None:
            over[move.step.ending].append(row.pk)
    for ending, keys in over.items():
        gone = {"ended_at": now, "ending": ending, "due_at": None, "remind_at": None}
        Incident.objects.filter(pk__in=keys).update(**gone)
