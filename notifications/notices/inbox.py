"""The list of notices of an account, and how many of them the user has not read."""

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


class InboxRow(TypedDict):
    """A row of the list. ``session`` is the id of the session, if it still exists."""

    sentence: str
    at: datetime
    new: bool
    session: UUID | None


def unread(principal: Principal) -> int:
    """Count the unread notices of ``principal``, up to ``COUNTED`` + 1, in one query."""
    since = _read_until(principal)
    if since is None:
        return 0
    return int(_for(principal).filter(told_at__gt=since).order_by()[: COUNTED + 1].count())


def kinds(principal: Principal) -> list[NoticeKind]:
    """Return the kinds of notices that ``principal`` may see."""
    return kinds_for(owner=principal.owns(principal.account))


def listed(principal: Principal, *, text: str, kind: str, page: str) -> Page[InboxRow]:
    """Return a page of the notices that ``principal`` may see, the latest first.

    ``text`` (a part of the name of a location) and ``kind`` filter them unless they are empty.
    """
    found = _for(principal).told()
    if text:
        found = found.at_locations_called(text)
    if kind:
        found = found.of_kinds([NoticeKind(kind)])
    shown: Page[Any] = Paginator(found, ROWS_A_PAGE).get_page(page)
    shown.object_list = _rows(list(shown.object_list), principal)
    return shown


def mark_read(principal: Principal) -> None:
    """Mark all notices as read, and update the number on other pages of the user."""
    account, user = principal.account, principal.user
    if not unread(principal) or account is None or user is None:
        return
    # Not the present time: a notice that is being sent right now is not on the page yet.
    latest = _for(principal).aggregate(latest=Max("told_at"))["latest"]
    Bell.objects.update_or_create(account_id=account, user=user, defaults={"read_at": latest})
    transaction.on_commit(partial(hint_read, user.pk), robust=True)


def _for(principal: Principal) -> NoticeQuerySet:
    user_id = principal.user.pk if principal.user else UUID(int=0)
    rows: Any = visible(Notice.objects.of_kinds(kinds(principal)), principal)
    mine: NoticeQuerySet = rows.for_user(user_id)
    return mine


def _read_until(principal: Principal) -> Coalesce | None:
    """Return the time up to which the user has read, as an expression for queries.

    None for API keys, and for operators who view the account.
    """
    account, user = principal.account, principal.user
    if account is None or user is None or principal.operator:
        return None
    mine = {"account": account, "user": user.pk}
    read_at = Subquery(Bell.objects.filter(**mine).values("read_at"))
    joined_at = Subquery(Member.objects.filter(**mine).values("created_at"))
    return Coalesce(read_at, joined_at)


def _rows(notices: Iterable[Notice], principal: Principal) -> list[InboxRow]:
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
