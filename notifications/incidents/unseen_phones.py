"""Warn of phones that have been offline for a long time: WhatsApp unlinks them after 14 days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from notifications.incidents.rules import UNSEEN_WARNINGS, unseen_warning
from notifications.kinds import NoticeKind
from notifications.models import Notice
from sessions_app.models import Session

BATCH = 500  # sessions


def warn_offline_phones(now: datetime) -> None:
    """Write the warnings due at ``now``, each once per offline period of a phone."""
    unseen = Session.objects.phones_unseen_since(now - timedelta(days=min(UNSEEN_WARNINGS)))
    rows: list[Session] = []
    for row in unseen.select_related("location").order_by("pk").iterator(BATCH):
        rows.append(row)
        if len(rows) == BATCH:
            _write(rows, now)
            rows.clear()
    _write(rows, now)


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
