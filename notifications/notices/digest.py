"""The daily summary: one mail a day, member and account, at the member's own hour, with what he
wants told there and what was not mailed for there was too much; none when there is nothing.

Each slice of members is one transaction, which puts their mails into the outbox and sets their
next turn: a process that dies on the way has told nothing. The mail's key names the local day,
so there are never two for one, whatever clock or hour is changed.
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
from core.text.dates import zone_of
from core.text.timezones import UTC_NAME
from locations.models import Account, Member
from notifications.kinds import NoticeKind
from notifications.mail import outbox
from notifications.mail_content import digest_letter
from notifications.models import Digest, Mail, Notice
from notifications.models.preference import USUAL_HOUR
from notifications.preferences.actions import enrol
from notifications.preferences.digest_schedule import Turn, next_turn
from notifications.preferences.recipients import Reader, readers_among
from notifications.preferences.unsubscribe import digest_unsubscribe_path, with_unsubscribe

logger = logging.getLogger(__name__)

AT_ONCE = 25  # members a transaction: on SQLite all other changes wait for it, 0.1 s (measured)
NEWCOMERS = 500
SETTLED = timedelta(minutes=1)  # longer than from a notice's time to the end of its transaction

Told = Mapping[UUID, Sequence[Notice]]


def send_digests(now: datetime) -> int:
    """Put the summaries that are due by ``now`` into the outbox, up to ``AT_ONCE`` members in
    one transaction; how many members were looked at. 0: nobody is due any more."""
    return _send_due(now) or _enrol_newcomers(now)


def _enrol_newcomers(now: datetime) -> int:
    rows = Member.objects.filter(digest=None).select_related("user__mail_habits")
    newcomers: list[Member] = list(rows.order_by("pk")[:NEWCOMERS])
    enrol(newcomers, now)
    return len(newcomers)


def _send_due(now: datetime) -> int:
    if not Digest.objects.due(now).exists():  # without a lock: mostly there is nobody
        return 0
    with transaction.atomic():
        due = Digest.objects.due(now).select_related("member__user__mail_habits")
        locked = due.order_by("next_at", "pk").select_for_update(skip_locked=True, of=("self",))
        digests: list[Digest] = list(locked[:AT_ONCE])
        until = now - SETTLED
        outbox.put(_mails(digests, until))
        _take_turns(digests, until, now)
    return len(digests)


def _mails(digests: Sequence[Digest], until: datetime) -> list[Mail]:
    readers = readers_among(digest.pk for digest in digests)
    ids = {digest.member.account_id for digest in digests}
    accounts = Account.objects.filter(deleting_at=None).in_bulk(ids)
    since = min((digest.told_until for digest in digests), default=until)
    told = _told(accounts, since, until)
    mailed = _mailed(told, since)
    mails = []
    for digest in digests:
        account, reader = accounts.get(digest.member.account_id), readers.get(digest.pk)
        if account is None or reader is None:  # on its way out; or he may not sign in any more
            continue
        if notices := _for(reader, digest, told.get(account.pk, ()), mailed):
            try:
                mails.append(_mail(notices, reader, account, digest))
            except Exception:  # one letter that cannot be written must not hold up all others
                logger.exception("A daily summary cannot be written: member %s", digest.pk)
    return mails


def _told(account_ids: Iterable[UUID], since: datetime, until: datetime) -> Told:
    """What was told in these accounts after ``since``, up to ``until``, the latest first."""
    rows = Notice.objects.of_accounts(account_ids).told()
    found: defaultdict[UUID, list[Notice]] = defaultdict(list)
    for notice in rows.filter(told_at__gt=since, told_at__lte=until):
        found[notice.account_id].append(notice)
    return found


def _mailed(told: Told, since: datetime) -> frozenset[str]:
    """The keys of the mails that told of these notices at once, if any of them is quiet: one
    becomes so when somebody has had too much that day, and the others have had their mails."""
    accounts = [key for key, notices in told.items() if any(notice.quiet for notice in notices)]
    if not accounts:
        return frozenset()
    mails = Mail.objects.of_accounts(accounts).filter(created_at__gt=since - SETTLED)
    return frozenset(mails.filter(kind__in=NoticeKind.values).values_list("key", flat=True))


def _for(
    reader: Reader, digest: Digest, told: Iterable[Notice], mailed: frozenset[str]
) -> list[Notice]:
    return [
        notice
        for notice in told
        if notice.told_at is not None
        and notice.told_at > digest.told_until
        and reader.wants_in_summary(
            NoticeKind(notice.kind), notice.told_at, named=notice.user_id, quiet=notice.quiet
        )
        and notice.mail_key(reader.user) not in mailed
    ]


def _mail(notices: Sequence[Notice], reader: Reader, account: Account, digest: Digest) -> Mail:
    with translation.override(reader.language):
        letter = _letter(notices, reader, account)
    mail = outbox.mail_of(
        render(letter, reader.language),
        to=reader.email,
        kind="digest",
        key=f"digest:{digest.pk}:{digest.day}",
        account=account,
    )
    mail.user_id = reader.user
    return mail


def _letter(notices: Sequence[Notice], reader: Reader, account: Account) -> MailContent:
    of_kind: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        of_kind[notice.kind].append(notice)
    sections = [(kind, of_kind[kind]) for kind in NoticeKind if kind in of_kind]
    letter = digest_letter(sections, account.name, reader)
    path = digest_unsubscribe_path(reader, [kind for kind, _notices in sections])
    return with_unsubscribe(letter, path)


def _take_turns(digests: Iterable[Digest], until: datetime, now: datetime) -> None:
    """Set the next turn of each, by one statement for all who share it."""
    alike: defaultdict[tuple[date, Turn, datetime], list[int]] = defaultdict(list)
    for digest in digests:
        habits = getattr(digest.member.user, "mail_habits", None)
        zone = zone_of(habits.time_zone if habits else UTC_NAME)
        hour = habits.digest_hour if habits else USUAL_HOUR
        turn = next_turn(now, zone, hour, after=digest.day)
        alike[digest.day, turn, max(digest.told_until, until)].append(digest.pk)
    for (told_on, turn, told_until), members in alike.items():
        Digest.objects.filter(pk__in=members).update(
            told_on=told_on, day=turn.day, next_at=turn.at, told_until=told_until
        )
