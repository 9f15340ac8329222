"""Gathers notices whose time has come, and tells those of one account and kind together.

One transaction marks the notices and puts the mails into the outbox: a process that dies on the
way has told nothing, and the next one tells it all, once.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import translation

from locations.letters import rendered
from locations.models import Account
from notifications import outbox
from notifications.kinds import NoticeKind, When
from notifications.letters import letter_of
from notifications.mails import Mail
from notifications.notices import Notice
from notifications.readers import Reader, readers_of
from notifications.unsubscribing import unsubscribe_headers, unsubscribe_path

AT_ONCE = 500  # notices a transaction
Group = Sequence[Notice]


def gather(now: datetime) -> int:
    """Tell what is due by ``now``, up to ``AT_ONCE`` notices in one transaction; how many they
    were. What another process gathers at this moment is left to it."""
    with transaction.atomic():
        due = Notice.objects.to_gather(now).order_by("account_id", "kind", "at")
        rows = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
        groups = _groups(rows)
        for group in groups:
            batch = uuid.uuid4()
            for notice in group:
                notice.batch = batch
        Notice.objects.bulk_update(rows, ["batch"])
        outbox.put(_mails(groups))
        return len(rows)


def _groups(rows: Iterable[Notice]) -> list[Group]:
    found: defaultdict[object, list[Notice]] = defaultdict(list)
    for row in rows:
        found[row.account_id, row.kind, row.user_id, row.quiet].append(row)
    return list(found.values())


def _mails(groups: Sequence[Group]) -> list[Mail]:
    loud = [group for group in groups if not group[0].quiet]
    account_ids = {group[0].account_id for group in loud}
    accounts = Account.objects.in_bulk(account_ids)
    readers = readers_of(account_ids)
    return [
        _mail(group, reader, accounts[group[0].account_id])
        for group in loud
        for reader in readers.get(group[0].account_id, [])
        if reader.wants(NoticeKind(group[0].kind), group[0].user_id) is When.AT_ONCE
    ]


def _mail(group: Group, reader: Reader, account: Account) -> Mail:
    kind = NoticeKind(group[0].kind)
    with translation.override(reader.language):
        letter = letter_of(kind, group, account.name, reader)
    path = unsubscribe_path(reader, kind)
    letter = replace(letter, unsubscribe=path, headers=unsubscribe_headers(path))
    mail = outbox.mail_of(
        rendered(letter, reader.language),
        to=reader.email,
        kind=kind,
        key=f"{group[0].batch}:{reader.user}",
        account=account,
    )
    mail.user_id = reader.user
    return mail
