"""The daily summary: at most one mail per day, member and account, at the hour the member chose.

It lists the notices that the member gets daily, and those beyond the daily limit of mails; without
any, no mail is sent. Each batch of members is one transaction, which puts their mails into the
outbox and schedules their next summary. The key of the mail contains the local day, so there are
never two on one day, even if the member changes the hour or the time zone.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation

from core.mail.content import MailContent, render
from locations.models import Account, Member
from notifications.kinds import NoticeKind
from notifications.mail import outbox
from notifications.mail_content.daily_summary import digest_mail
from notifications.models import Digest, Mail, Notice
from notifications.preferences.actions import enrol, turn_of
from notifications.preferences.digest_schedule import DigestTurn
from notifications.preferences.recipients import Recipient, recipients_among
from notifications.preferences.unsubscribe import digest_unsubscribe_path, with_unsubscribe

logger = logging.getLogger(__name__)

BATCH = 25  # members in one transaction: on SQLite, all other writes wait for it (0.1 s, measured)
NEWCOMERS = 500
SETTLED = timedelta(minutes=1)  # longer than from the time of a notice to its commit

Sent = Mapping[UUID, Sequence[Notice]]


def send_digests(now: datetime) -> int:
    """Put the summaries due at ``now`` into the outbox, for up to ``BATCH`` members.

    Return the number of members processed; 0 means that no summary is due.
    """
    return _send_due(now) or _enrol_newcomers(now)


def _enrol_newcomers(now: datetime) -> int:
    rows = Member.objects.filter(digest=None).select_related("user__mail_habits")
    newcomers: list[Member] = list(rows.order_by("pk")[:NEWCOMERS])
    enrol(newcomers, now)
    return len(newcomers)


def _send_due(now: datetime) -> int:
    if not Digest.objects.due(now).exists():  # usually; checked without a lock
        return 0
    with transaction.atomic():
        due = Digest.objects.due(now).select_related("member__user__mail_habits")
        locked = due.order_by("next_at", "pk").select_for_update(skip_locked=True, of=("self",))
        digests: list[Digest] = list(locked[:BATCH])
        until = now - SETTLED
        outbox.put(_mails(digests, until))
        _schedule_next(digests, until, now)
    return len(digests)


def _mails(digests: Sequence[Digest], until: datetime) -> list[Mail]:
    recipients = recipients_among(digest.pk for digest in digests)
    ids = {digest.member.account_id for digest in digests}
    accounts = Account.objects.filter(deleting_at=None).in_bulk(ids)
    since = min((digest.told_until for digest in digests), default=until)
    sent = _sent(accounts, since, until)
    mailed = _mailed(sent, since)
    mails = []
    for digest in digests:
        account, recipient = accounts.get(digest.member.account_id), recipients.get(digest.pk)
        if account is None or recipient is None:  # being deleted, or not allowed to sign in
            continue
        if notices := _for(recipient, digest, sent.get(account.pk, ()), mailed):
            try:
                mails.append(_mail(notices, recipient, account, digest))
            except Exception:  # one broken summary must not block all others
                logger.exception("The daily summary of member %s failed", digest.pk)
    return mails


def _sent(account_ids: Iterable[UUID], since: datetime, until: datetime) -> Sent:
    """Return the notices sent in these accounts after ``since`` up to ``until``, latest first."""
    rows = Notice.objects.of_accounts(account_ids).told()
    found: defaultdict[UUID, list[Notice]] = defaultdict(list)
    for notice in rows.filter(told_at__gt=since, told_at__lte=until):
        found[notice.account_id].append(notice)
    return found


def _mailed(sent: Sent, since: datetime) -> frozenset[str]:
    """Return the keys of mails about these notices, for accounts with quiet ones.

    A notice becomes quiet when one member reaches the daily limit. Other members have got their
    mail about it already.
    """
    accounts = [key for key, notices in sent.items() if any(notice.quiet for notice in notices)]
    if not accounts:
        return frozenset()
    mails = Mail.objects.of_accounts(accounts).filter(created_at__gt=since - SETTLED)
    return frozenset(mails.filter(kind__in=NoticeKind.values).values_list("key", flat=True))


def _for(
    recipient: Recipient, digest: Digest, sent: Iterable[Notice], mailed: frozenset[str]
) -> list[Notice]:
    return [
        notice
        for notice in sent
        if notice.told_at is not None
        and notice.told_at > digest.told_until
        and recipient.wants_in_summary(
            NoticeKind(notice.kind), notice.told_at, addressee=notice.user_id, quiet=notice.quiet
        )
        and notice.mail_key(recipient.user) not in mailed
    ]


def _mail(
    notices: Sequence[Notice], recipient: Recipient, account: Account, digest: Digest
) -> Mail:
    with translation.override(recipient.language):
        content = _content(notices, recipient, account)
    mail = outbox.mail_of(
        render(content, recipient.language),
        to=recipient.email,
        kind="digest",
        key=f"digest:{digest.pk}:{digest.day}",
        account=account,
    )
    mail.user_id = recipient.user
    return mail


def _content(notices: Sequence[Notice], recipient: Recipient, account: Account) -> MailContent:
    of_kind: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        of_kind[notice.kind].append(notice)
    sections = [(kind, of_kind[kind]) for kind in NoticeKind if kind in of_kind]
    content = digest_mail(sections, account.name, recipient)
    path = digest_unsubscribe_path(recipient, [kind for kind, _notices in sections])
    return with_unsubscribe(content, path)


def _schedule_next(digests: Iterable[Digest], until: datetime, now: datetime) -> None:
    """Schedule the next summary of each member, with one UPDATE for all with the same time."""
    alike: defaultdict[tuple[date, DigestTurn, datetime], list[int]] = defaultdict(list)
    for digest in digests:
        turn = turn_of(getattr(digest.member.user, "mail_habits", None), now, after=digest.day)
        alike[digest.day, turn, max(digest.told_until, until)].append(digest.pk)
    for (told_on, turn, told_until), members in alike.items():
        Digest.objects.filter(pk__in=members).update(
            told_on=told_on, day=turn.day, next_at=turn.at, told_until=told_until
        )
