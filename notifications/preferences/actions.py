"""Change mail preferences. Each function is one transaction, with an entry in the audit log.

Callers have checked access to the account, or hold a token from a mail.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import transaction
from django.utils import timezone

from core.text.dates import zone_of
from core.text.timezones import current_name, is_zone
from locations.audit import record
from locations.models import Member, User
from locations.principals import Principal
from notifications.audit_verbs import NotificationVerb
from notifications.kinds import FOLLOWS, NoticeKind, When
from notifications.models import Digest, MailHabits, Wish
from notifications.models.preference import USUAL_HOUR
from notifications.preferences.digest_schedule import DigestTurn, next_turn
from notifications.preferences.recipients import Recipient, recipients_among

logger = logging.getLogger(__name__)

CHOICES = tuple(kind for kind in NoticeKind if kind not in FOLLOWS)


@dataclass(frozen=True)
class ChosenPreferences:
    """The submitted form of preferences."""

    preferences: Mapping[NoticeKind, When]
    quiet_too: bool
    language: str
    time_zone: str
    hour: int


def recipient_of(member: Member) -> Recipient:
    """Return ``member`` as a recipient, with their preferences."""
    return recipients_among([member.pk])[member.pk]


def habits_of(user: User) -> MailHabits | None:
    """Return the saved language, time zone and hour of ``user``, or None."""
    return MailHabits.objects.filter(user=user).first()


def choose(principal: Principal, member: Member, chosen: ChosenPreferences) -> bool:
    """Save the preferences of ``member``, who is ``principal``; return whether any changed.

    Raises ValidationError for an unknown time zone.
    """
    now = timezone.now()
    with transaction.atomic():
        preferences = Wish.objects.choose(member, chosen.preferences, now)
        quiet = set_quiet_too(member, chosen.quiet_too, now)
        habits = _set_habits(member.user, chosen, now)
        if not (preferences or quiet or habits):
            return False
        record(principal, member.account_id, NotificationVerb.MAILS_CHOSEN, member.user.email)
    return True


def guess_zone(user: User, name: str) -> None:
    """Save the time zone ``name`` that the browser reports, unless the user has chosen one."""
    if is_zone(name):
        MailHabits.objects.get_or_create(user=user, defaults={"time_zone": current_name(name)})


def enrol(members: list[Member], now: datetime) -> None:
    """Start the daily summaries of ``members``, with ``user__mail_habits`` already fetched."""
    digests = []
    for member in members:
        turn = turn_of(getattr(member.user, "mail_habits", None), now)
        digests.append(Digest(member=member, told_until=now, day=turn.day, next_at=turn.at))
    Digest.objects.bulk_create(digests, ignore_conflicts=True)


def turn_of(habits: MailHabits | None, now: datetime, after: date | None = None) -> DigestTurn:
    """Return the next summary with these ``habits``, later than the local day ``after``.

    Never raises: one member with broken habits must not keep the others from their summaries.
    """
    if habits is not None:
        try:
            return next_turn(now, zone_of(habits.time_zone), habits.digest_hour, after)
        except Exception:
            logger.exception("The mail habits %s are broken: using UTC", habits.pk)
    return next_turn(now, UTC, USUAL_HOUR, after)


def set_quiet_too(member: Member, wanted: bool, now: datetime) -> bool:
    """Include notices beyond the daily limit in the summary or not; return whether it changed."""
    enrol([member], now)
    return bool(Digest.objects.filter(member=member, quiet_too=not wanted).update(quiet_too=wanted))


def _set_habits(user: User, chosen: ChosenPreferences, now: datetime) -> bool:
    known = habits_of(user)
    asked = (chosen.language, chosen.time_zone, chosen.hour)
    if known is not None and asked == (known.language, known.time_zone, known.digest_hour):
        return False
    habits = known or MailHabits(user=user)
    habits.language, habits.time_zone, habits.digest_hour = asked
    habits.clean_fields(exclude=["user"])
    habits.save()
    _move_digests(user, habits, now)
    return True


def _move_digests(user: User, habits: MailHabits, now: datetime) -> None:
    """Move the daily summaries to the new hour, in all accounts of ``user``."""
    for digest in Digest.objects.filter(member__user=user):
        turn = turn_of(habits, now, after=digest.told_on)
        Digest.objects.filter(pk=digest.pk).update(day=turn.day, next_at=turn.at)
