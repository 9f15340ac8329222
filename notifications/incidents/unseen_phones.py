"""Warns of phones that have not been online for long: WhatsApp unlinks after 14 days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from notifications.incidents.rules import UNSEEN_WARNINGS, unseen_warning
from notifications.kinds import NoticeKind
from notifications.models import Notice
from sessions_app.models import Session

AT_ONCE = 500  # sessions


def warn_of_unseen(now: datetime) -> int:
    """Write the warnings that are due at ``now``; each is told once for one silence of a phone.
    Always 0."""
    unseen = Session.objects.phones_unseen_since(now - timedelta(days=min(UNSEEN_WARNINGS)))
    rows: list[Session] = []
    for row in unseen.select_related("location").order_by("pk").iterator(AT_ONCE):
        rows.append(row)
        if len(rows) == AT_ONCE:
            _write(rows, now)
            rows.clear()
    _write(rows, now)
    return 0


def _write(rows: Iterable[Session], now: datetime) -> None:
    Notice.objects.write(_notice(row, row.phone_seen_at, now) for row in rows if row.phone_seen_at)


def _notice(row: Session, seen_at: datetime, now: datetime) -> Notice:
    days = unseen_warning(seen_at, now)
    return Notice(
        account_id=row.account_id,
        kind=NoticeKind.PHONE_OFFLINE,
        key=f"{row.pk}:phone:{seen_at:%Y%m%dT%H%M}:{days}",
        session_id=row.pk,
        location_id=row.location_id,
        facts={
            "location": row.location.name,
            "number": row.phone_number,
            "reason": row.reason,
            "since": seen_at.isoformat(),
            "by": "",
            "days": days,
        },
        at=now,
        tell_at=now,
    )
