"""Send the notices that are due: those of one account and kind go out together.

One transaction marks the notices and puts the mails into the outbox. If the process dies before
the commit, the next one sends the same notices, so each goes out once.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import translation

from core.mail.content import render
from locations.models import Account
from notifications.kinds import NoticeKind, When
from notifications.mail import outbox
from notifications.mail_content.by_kind import content_for
from notifications.models import Mail, Notice
from notifications.notices.webhook_channel import deliver
from notifications.preferences.recipients import Recipient, recipients_of
from notifications.preferences.unsubscribe import unsubscribe_path, with_unsubscribe

BATCH = 200  # accounts in one transaction
_DAY = timedelta(days=1)
Group = Sequence[Notice]


def gather(now: datetime) -> set[UUID]:
    """Send the notices due at ``now`` of up to ``BATCH`` accounts, in one transaction.

    Return the accounts that were notified: their open pages need a hint. Notices that another
    process has locked are skipped. An empty set means that nothing is due.
    """
    due = Notice.objects.to_gather(now).order_by()
    if not due.exists():  # checked first, so that an idle poll takes no write lock
        return set()
    with transaction.atomic():
        accounts = due.values_list("account_id", flat=True).distinct()[:BATCH]
        unsent = Notice.objects.filter(batch=None, account_id__in=list(accounts)).order_by("at")
        groups = _groups(unsent.select_for_update(skip_locked=True), now)
        mails = _mails(groups, now)
        for group in groups:
            sent = {"batch": group[0].batch, "told_at": now, "quiet": group[0].quiet}
            Notice.objects.filter(pk__in=[row.pk for row in group]).update(**sent)
        outbox.put(mails)
        deliver(groups)
    return {group[0].account_id for group in groups}


def _groups(rows: Iterable[Notice], now: datetime) -> list[Group]:
    """Group the notices that go out together and give each group a new batch.

    Once one notice is due, the others of its account and kind go out with it.
    """
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
    """Return the mails of ``groups``, at most ``MAILS_A_DAY`` for each user.

    A notice beyond that limit becomes quiet: it appears in the daily summary instead.
    """
    accounts = Account.objects.filter(deleting_at=None).in_bulk({g[0].account_id for g in groups})
    recipients = recipients_of(accounts)
    sent = _sent_today((one.user for some in recipients.values() for one in some), now)
    mails = []
    for group in groups:
        account = accounts.get(group[0].account_id)
        if account is None or group[0].quiet:
            continue
        for recipient in _mailed_at_once(group, recipients.get(account.pk, [])):
            if sent[recipient.user] < settings.MAILS_A_DAY:
                sent[recipient.user] += 1
                mails.append(_mail(group, recipient, account))
            else:
                for notice in group:
                    notice.quiet = True
    return mails


def _mailed_at_once(group: Group, recipients: Iterable[Recipient]) -> list[Recipient]:
    kind, addressee = NoticeKind(group[0].kind), group[0].user_id
    return [one for one in recipients if one.wants(kind, addressee) is When.AT_ONCE]


def _sent_today(users: Iterable[UUID], now: datetime) -> Counter[UUID]:
    """Count the mails about notices that each of ``users`` got in the last 24 hours."""
    rows = Mail.objects.filter(user__in=set(users), created_at__gt=now - _DAY)
    sent = rows.filter(kind__in=NoticeKind.values).order_by()
    counted = sent.values_list("user_id").annotate(count=Count("pk"))
    return Counter(dict(counted))


def _mail(group: Group, recipient: Recipient, account: Account) -> Mail:
    kind = NoticeKind(group[0].kind)
    with translation.override(recipient.language):
        content = content_for(kind, group, account.name, recipient)
    mail = outbox.mail_of(
        render(with_unsubscribe(content, unsubscribe_path(recipient, kind)), recipient.language),
        to=recipient.email,
        kind=kind,
        key=group[0].mail_key(recipient.user),
        account=account,
    )
    mail.user_id = recipient.user
    return mail
