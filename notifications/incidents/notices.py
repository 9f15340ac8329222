"""Build the notices of incidents: their facts, their keys, and whether they are quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count

from locations.models import Location
from notifications.incidents.rules import LOSSES_A_DAY, RULES
from notifications.kinds import REMINDERS, NoticeKind
from notifications.models import Incident, Notice
from sessions_app.lifecycle import Reason
from sessions_app.models import Session

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PendingNotice:
    """A notice to write about ``session``; ``incident`` is as it is after the change."""

    kind: NoticeKind
    session: Session
    incident: Incident | None = None
    by: str = ""


def notices_of(pending: Sequence[PendingNotice], now: datetime, tell_at: datetime) -> list[Notice]:
    """Return the notices, not saved, due at ``tell_at``, with two queries for all of them."""
    if not pending:
        return []
    names = _names(one.session.location_id for one in pending)
    lost = _lost_today([one.session.pk for one in pending], now)
    return [
        Notice(
            account_id=one.session.account_id,
            kind=one.kind,
            key=_key(one),
            session_id=one.session.pk,
            location_id=one.session.location_id,
            facts={"location": names.get(one.session.location_id, ""), **_facts(one, now)},
            at=now,
            tell_at=tell_at,
            quiet=_is_quiet(one, lost[one.session.pk]),
        )
        for one in pending
    ]


def _names(location_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    rows = Location.objects.filter(pk__in=set(location_ids)).order_by()
    return dict(rows.values_list("pk", "name"))


def _lost_today(session_ids: Sequence[UUID], now: datetime) -> Counter[UUID]:
    """Count the notices of a loss of each number in the last 24 hours."""
    rows = Notice.objects.filter(
        session_id__in=session_ids, kind=NoticeKind.LOST, at__gt=now - _DAY
    )
    counted = rows.order_by().values("session_id").annotate(count=Count("pk"))
    return Counter({row["session_id"]: row["count"] for row in counted})


def _is_quiet(notice: PendingNotice, lost: int) -> bool:
    """Return whether the daily limit of a flapping number is reached."""
    if notice.kind is NoticeKind.LOST:
        return lost >= LOSSES_A_DAY
    return notice.kind is NoticeKind.RECOVERED and lost > LOSSES_A_DAY


def _key(notice: PendingNotice) -> str:
    if notice.incident is None or notice.kind is NoticeKind.STOPPED:
        return f"{notice.session.pk}:{notice.kind}:{notice.session.version}"
    name = f"{notice.incident.pk}:{notice.kind}"
    if notice.kind is NoticeKind.LOST:
        return f"{name}:{RULES[Reason(notice.incident.reason)].cause}"
    return f"{name}:{notice.incident.reminders}" if notice.kind is NoticeKind.REMINDER else name


def _facts(notice: PendingNotice, now: datetime) -> dict[str, Any]:
    incident = notice.incident
    facts: dict[str, Any] = {
        "number": notice.session.phone_number,
        "reason": incident.reason if incident else notice.session.reason,
        "since": (incident.opened_at if incident else now).isoformat(),
        "by": notice.by if notice.kind is NoticeKind.STOPPED else "",
    }
    if notice.kind is NoticeKind.STOPPED:
        facts |= {"reason": notice.session.reason, "since": now.isoformat()}
    elif notice.kind is NoticeKind.RECOVERED and incident is not None:
        facts["seconds"] = round((now - incident.opened_at).total_seconds())
    elif notice.kind is NoticeKind.REMINDER and incident is not None:
        facts["days"] = REMINDERS[incident.reminders - 1].days
    if facts["reason"] == Reason.TEMP_BAN and notice.session.next_retry_at:
        facts["until"] = notice.session.next_retry_at.isoformat()
    return facts
