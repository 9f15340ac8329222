"""Gathers notices whose time has come, and tells those of one account and kind together.

One transaction marks the notices and puts the mails into the outbox: a process that dies on the
way has told nothing, and the next one tells it all, once.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import translation

from core.mail.content import render
from locations.models import Account
from notifications.kinds import NoticeKind, When
from notifications.mail import outbox
from notifications.mail_content import content_for
from notifications.models import Mail, Notice
from notifications.notices.webhook_channel import deliver
from notifications.preferences.recipients import Reader, readers_of
from notifications.preferences.unsubscribe import unsubscribe_path, with_unsubscribe

AT_ONCE = 200  # accounts a transaction
_DAY = timedelta(days=1)
Group = Sequence[Notice]


def gather(now: datetime) -> int:
    """Tell what is due by ``now``, of up to ``AT_ONCE`` accounts in one transaction; how many
    notices they were. What another process gathers at this moment is left to it."""
    due = Notice.objects.to_gather(now).order_by()
    if not due.exists():  # a look at nothing should hold up nobody who writes
        return 0
    with transaction.atomic():
        accounts = due.values_list("account_id", flat=True).distinct()[:AT_ONCE]
        untold = Notice.objects.filter(batch=None, account_id__in=list(accounts)).order_by("at")
        groups = _groups(untold.select_for_update(skip_locked=True), now)
        mails = _mails(groups, now)
        for group in groups:
            told = {"batch": group[0].batch, "told_at": now, "quiet": group[0].quiet}
            Notice.objects.filter(pk__in=[row.pk for row in group]).update(**told)
        outbox.put(mails)
        announce(groups)
        return sum(map(len, groups))


def _groups(rows: Iterable[Notice], now: datetime) -> list[Group]:
    """What is told together, each with a new batch: once the first of its kind is due, the others
    that have come meanwhile go along."""
    found: defaultdict[object, list[Notice]] = defaultdict(list)
    for row in rows:
        found[row.account_id, row.kind, row.user_id, row.quiet].append(row)
    due: list[Group] = [
        group for group in found.values() if any(row.tell_at <= now for row in group)
    ]
    for group in due:
        batch = uuid.uuid4()
        for row in group:
            row.batch, row.told_at = batch, now
    return due


def _mails(groups: Sequence[Group], now: datetime) -> list[Mail]:
    """The mails of ``groups``. Whoever had as many as a day may bring gets no more: what it would
    have told becomes quiet, and is in the summary."""
    accounts = Account.objects.filter(deleting_at=None).in_bulk({g[0].account_id for g in groups})
    readers = readers_of(accounts)
    had = _had_today((one.user for some in readers.values() for one in some), now)
    mails = []
    for group in groups:
        account = accounts.get(group[0].account_id)
        if account is None or group[0].quiet:
            continue
        for reader in _hearing(group, readers.get(account.pk, [])):
            if had[reader.user] < settings.MAILS_A_DAY:
                had[reader.user] += 1
                mails.append(_mail(group, reader, account))
            else:
                for notice in group:
                    notice.quiet = True
    return mails


def _hearing(group: Group, readers: Iterable[Reader]) -> list[Reader]:
    kind, named = NoticeKind(group[0].kind), group[0].user_id
    return [one for one in readers if one.wants(kind, named) is When.AT_ONCE]


def _had_today(users: Iterable[UUID], now: datetime) -> Counter[UUID]:
    """How many mails of notices each of ``users`` was written within a day."""
    rows = Mail.objects.filter(user__in=set(users), created_at__gt=now - _DAY)
    told = rows.filter(kind__in=NoticeKind.values).order_by()
    counted = told.values_list("user_id").annotate(count=Count("pk"))
    return Counter(dict(counted))


def _mail(group: Group, reader: Reader, account: Account) -> Mail:
    kind = NoticeKind(group[0].kind)
    with translation.override(reader.language):
        letter = content_for(kind, group, account.name, reader)
    mail = outbox.mail_of(
        render(with_unsubscribe(letter, unsubscribe_path(reader, kind)), reader.language),
        to=reader.email,
        kind=kind,
        key=group[0].mail_key(reader.user),
        account=account,
    )
    mail.user_id = reader.user
    return mail


_told: SimpleQueue[UUID] = SimpleQueue()  # from the threads of transactions to the event loop


def announce(groups: Sequence[Sequence[Notice]]) -> None:
    """Tell of ``groups`` of notices that are gathered in this transaction, each of one account
    and kind."""
    deliver(groups)
    for account_id in {group[0].account_id for group in groups}:
        transaction.on_commit(partial(_told.put, account_id))


def accounts_told() -> set[UUID]:
    """The accounts that something was told to since this was asked last: their open pages should
    look. Who asks sends the hints, for that is the event loop's to do."""
    found: set[UUID] = set()
    try:
        while True:
            found.add(_told.get_nowait())
    except Empty:
        return found
