"""Makes notices of what incidents give to say: the facts, the name of the one thing, and whether
it is said aloud."""

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
class Said:
    """Something to say of ``session``, because of ``incident`` as it is after the change."""

    kind: NoticeKind
    session: Session
    incident: Incident | None = None
    by: str = ""


def notices_of(said: Sequence[Said], now: datetime, tell_at: datetime) -> list[Notice]:
    """The notices, not saved, to be gathered from ``tell_at`` on. A few queries for all."""
    if not said:
        return []
    names = _names(one.session.location_id for one in said)
    lost = _lost_today([one.session.pk for one in said], now)
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
        for one in said
    ]


def _names(location_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    rows = Location.objects.filter(pk__in=set(location_ids)).order_by()
    return dict(rows.values_list("pk", "name"))


def _lost_today(session_ids: Sequence[UUID], now: datetime) -> Counter[UUID]:
    """How many losses of each number were told within a day."""
    rows = Notice.objects.filter(
        session_id__in=session_ids, kind=NoticeKind.LOST, at__gt=now - _DAY
    )
    counted = rows.order_by().values("session_id").annotate(count=Count("pk"))
    return Counter({row["session_id"]: row["count"] for row in counted})


def _is_quiet(said: Said, lost: int) -> bool:
    """A number that comes and goes is not cried about all day."""
    if said.kind is NoticeKind.LOST:
        return lost >= LOSSES_A_DAY
    return said.kind is NoticeKind.RECOVERED and lost > LOSSES_A_DAY


def _key(said: Said) -> str:
    if said.incident is None or said.kind is NoticeKind.STOPPED:
        return f"{said.session.pk}:{said.kind}:{said.session.version}"
    name = f"{said.incident.pk}:{said.kind}"
    if said.kind is NoticeKind.LOST:
        return f"{name}:{RULES[Reason(said.incident.reason)].cause}"
    return f"{name}:{said.incident.reminders}" if said.kind is NoticeKind.REMINDER else name


def _facts(said: Said, now: datetime) -> dict[str, Any]:
    incident = said.incident
    facts: dict[str, Any] = {
        "number": said.session.phone_number,
        "reason": incident.reason if incident else said.session.reason,
        "since": (incident.opened_at if incident else now).isoformat(),
        "by": said.by if said.kind is NoticeKind.STOPPED else "",
    }
    if said.kind is NoticeKind.STOPPED:
        facts |= {"reason": said.session.reason, "since": now.isoformat()}
    elif said.kind is NoticeKind.RECOVERED and incident is not None:
        facts["seconds"] = round((now - incident.opened_at).total_seconds())
    elif said.kind is NoticeKind.REMINDER and incident is not None:
        facts["days"] = REMINDERS[incident.reminders - 1].days
    if facts["reason"] == Reason.TEMP_BAN and said.session.next_retry_at:
        facts["until"] = said.session.next_retry_at.isoformat()
    return facts
