"""What one person has not read yet of the news of the account that he looks at, and the list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, TypedDict
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import Max, Subquery
from django.db.models.functions import Coalesce

from locations.access import visible
from locations.models import Member
from locations.principals import Principal
from notifications.kinds import NoticeKind, kinds_for
from notifications.models import Bell, Notice
from notifications.models.notice import NoticeQuerySet
from notifications.notices.sentences import sentence
from sessions_app.hints import hint_read
from sessions_app.models import Session

COUNTED = 9  # more are "9+"
ROWS_A_PAGE = 25


class Row(TypedDict):
    """A notice as it is listed. ``session`` is the id of its session if that is still there."""

    sentence: str
    at: datetime
    new: bool
    session: UUID | None


def unread(principal: Principal) -> int:
    """How many notices ``principal`` has not read, counted up to ``COUNTED`` + 1, in one query."""
    since = _read_until(principal)
    if since is None:
        return 0
    return int(_for(principal).filter(told_at__gt=since).order_by()[: COUNTED + 1].count())


def kinds(principal: Principal) -> list[NoticeKind]:
    """Those that he may hear of."""
    return kinds_for(owner=principal.owns(principal.account))


def listed(principal: Principal, *, text: str, kind: str, page: str) -> Page[Row]:
    """A page of what ``principal`` was told of, the latest first: of locations with ``text`` in
    their names and of one kind, where these are not empty."""
    found = _for(principal).told()
    if text:
        found = found.at_locations_called(text)
    if kind:
        found = found.of_kinds([NoticeKind(kind)])
    shown: Page[Any] = Paginator(found, ROWS_A_PAGE).get_page(page)
    shown.object_list = _rows(list(shown.object_list), principal)
    return shown


def mark_read(principal: Principal) -> None:
    """He has seen the list: all that was told until now is read, and his other pages know it."""
    account, user = principal.account, principal.user
    if not unread(principal) or account is None or user is None:
        return
    # Not the present moment: what is being told right now he has not seen.
    latest = _for(principal).aggregate(latest=Max("told_at"))["latest"]
    Bell.objects.update_or_create(account_id=account, user=user, defaults={"read_at": latest})
    transaction.on_commit(partial(hint_read, user.pk), robust=True)


def _for(principal: Principal) -> NoticeQuerySet:
    user_id = principal.user.pk if principal.user else UUID(int=0)
    rows: Any = visible(Notice.objects.of_kinds(kinds(principal)), principal)
    mine: NoticeQuerySet = rows.for_person(user_id)
    return mine


def _read_until(principal: Principal) -> Coalesce | None:
    """Until when he has read, for a query; None for an operator who views the account, and for
    whoever else has nothing to read there."""
    account, user = principal.account, principal.user
    if account is None or user is None or principal.operator:
        return None
    mine = {"account": account, "user": user.pk}
    read_at = Subquery(Bell.objects.filter(**mine).values("read_at"))
    joined_at = Subquery(Member.objects.filter(**mine).values("created_at"))
    return Coalesce(read_at, joined_at)


def _rows(notices: Iterable[Notice], principal: Principal) -> list[Row]:
    notices = list(notices)
    ids = {notice.session_id for notice in notices}
    there = set(
        visible(Session.objects.all(), principal).filter(pk__in=ids).values_list("pk", flat=True)
    )
    fresh = _fresh(notices, principal)
    return [
        {
            "sentence": sentence(NoticeKind(notice.kind), notice.facts),
            "at": notice.at,
            "new": notice.pk in fresh,
            "session": notice.session_id if notice.session_id in there else None,
        }
        for notice in notices
    ]


def _fresh(notices: Iterable[Notice], principal: Principal) -> set[UUID]:
    since = _read_until(principal)
    if since is None:
        return set()
    shown = Notice.objects.filter(pk__in=[notice.pk for notice in notices])
    return set(shown.filter(told_at__gt=since).values_list("pk", flat=True))
