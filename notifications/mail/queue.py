"""The queue of mails: each function is one whole transaction of the mail sender.

A mail is claimed for ``LEASE``, longer than an attempt may take; the end of the claim tells it
from any other. Two processes never hold the same mail at once; when one dies with it, it is due
again after that time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.data.batch_delete import delete_in_batches
from core.security.encryption import SealBroken
from notifications.mail import suppression
from notifications.mail.message import ClaimedMail
from notifications.mail.outcomes import ERROR_CHARACTERS, SendResult
from notifications.mail.retry import GIVE_UP_AFTER, Fate, wait_before_next
from notifications.mail.smtp_connection import ATTEMPT_SECONDS
from notifications.models import Mail, MailServerTrouble, MailState

_MARGIN_SECONDS = 30.0  # to write down how it ended
_FOR_THE_OTHERS_SECONDS = 60.0  # what is claimed together goes out one after another
LEASE = timedelta(seconds=ATTEMPT_SECONDS + _FOR_THE_OTHERS_SECONDS + _MARGIN_SECONDS)
KEPT = timedelta(days=90)
FAILED_TEXTS_KEPT = timedelta(days=7)
TROUBLE_FADES = timedelta(minutes=15)  # it is seen at least every five while mails wait
_ADDRESS_STOPPED = gettext_noop("Not sent: mails to this address have come back.")
_TOO_OLD = gettext_noop("Given up after three days.")
_UNREADABLE = gettext_noop("The stored text cannot be read any more.")


def claim(room: int) -> list[ClaimedMail]:
    """The mails that have been due longest, at most ``room``, claimed for an attempt. What need
    not be tried is settled here: too old, or to an address that takes none."""
    usable_until = time.monotonic() + _FOR_THE_OTHERS_SECONDS
    now = timezone.now()
    if not Mail.objects.due(now).exists():  # a look at nothing should hold up nobody who writes
        return []
    with transaction.atomic():
        due = Mail.objects.due(now).order_by("next_attempt_at")
        rows: list[Mail] = list(due.select_for_update(skip_locked=True)[:room])
        stopped = suppression.suppressed(row.to for row in rows) if rows else set()
        until, claimed = now + LEASE, []
        for row in rows:
            if ending := _ending_without_an_attempt(row, now, stopped):
                Mail.objects.filter(pk=row.pk).update(**ending)
            else:
                claimed.append(_outgoing(row, until, usable_until))
        Mail.objects.filter(pk__in=[one.mail for one in claimed]).update(next_attempt_at=until)
        return claimed


def _ending_without_an_attempt(row: Mail, now: datetime, stopped: set[str]) -> dict[str, Any]:
    """The columns with which a mail ends that is not to be tried; none when it is."""
    gone = {"text": "", "html": ""}
    if row.to.lower() in stopped:
        return {**gone, "state": MailState.SKIPPED, "error": _ADDRESS_STOPPED}
    if now - row.queued_at > GIVE_UP_AFTER:
        error = f"{_TOO_OLD} {row.error}".strip()[:ERROR_CHARACTERS]
        return {"state": MailState.FAILED, "error": error}
    try:
        _ = row.text, row.html
    except SealBroken:
        return {**gone, "state": MailState.FAILED, "error": _UNREADABLE}
    return {}


def _outgoing(row: Mail, until: datetime, usable_until: float) -> ClaimedMail:
    return ClaimedMail(
        mail=row.pk,
        account=row.account_id,
        to=row.to,
        subject=row.subject,
        created_at=row.created_at,
        queued_at=row.queued_at,
        attempts=row.attempts,
        claimed_until=until,
        usable_until=usable_until,
        text=row.text,
        html=row.html,
        headers=row.headers,
    )


def settle(sent: ClaimedMail, outcome: SendResult) -> None:
    """Write how an attempt ended, unless the mail is somebody else's by now."""
    now = timezone.now()
    mine = Mail.objects.claimed(sent.mail, sent.claimed_until)
    if outcome.fate is not Fate.NO_MAILBOX:
        mine.update(**_columns(sent, outcome, now))
        return
    with transaction.atomic():
        if mine.update(**_columns(sent, outcome, now)):
            suppression.suppress(sent.to, outcome.error, outcome.code, sent.account)


def _columns(sent: ClaimedMail, outcome: SendResult, now: datetime) -> dict[str, Any]:
    """What of the row changes with ``outcome``."""
    said = {"smtp_code": outcome.code, "error": outcome.error}
    if outcome.fate is Fate.SERVER:  # no attempt of its own: it is due, and others come first
        return {**said, "next_attempt_at": now}
    said["attempts"] = sent.attempts + 1
    if outcome.fate is Fate.SENT:
        gone = {"text": "", "html": "", "provider_id": outcome.provider_id[:200]}
        return {**said, **gone, "state": MailState.SENT, "sent_at": now}
    if outcome.fate is Fate.NO_MAILBOX:
        return {**said, "state": MailState.BOUNCED, "text": "", "html": ""}
    chance = random.random()  # noqa: S311  spreads tries, keeps no secret
    wait = wait_before_next(sent.attempts + 1, now - sent.queued_at, chance)
    if outcome.fate is Fate.FAILED or wait is None:
        return {**said, "state": MailState.FAILED}
    return {**said, "next_attempt_at": now + wait}


def give_back(claimed: Iterable[ClaimedMail]) -> None:
    """Claimed and not attempted: due at once, for whoever comes next."""
    now = timezone.now()
    with transaction.atomic():
        for one in claimed:
            Mail.objects.claimed(one.mail, one.claimed_until).update(next_attempt_at=now)


def send_again(mail: Mail) -> bool:
    """Queue a mail that failed, as new; whether there is still a text to send."""
    now = timezone.now()
    mine = Mail.objects.filter(pk=mail.pk, state=MailState.FAILED).exclude(text="")
    again = {"attempts": 0, "error": "", "smtp_code": None}
    return mine.update(state=MailState.WAITING, queued_at=now, next_attempt_at=now, **again) > 0


def note_trouble(error: str) -> None:
    """The mail server takes nothing: operators see it. What was not seen for ``TROUBLE_FADES``
    is another trouble."""
    now = timezone.now()
    seen = {"at": now, "error": error[:ERROR_CHARACTERS]}
    lately = MailServerTrouble.objects.filter(pk=1, at__gt=now - TROUBLE_FADES)
    if not lately.update(**seen):
        MailServerTrouble.objects.update_or_create(pk=1, defaults={**seen, "since": now})


def forget_trouble() -> None:
    """The mail server works."""
    MailServerTrouble.objects.all().delete()


def forget_old() -> int:
    """Delete mails made more than ``KEPT`` ago, and empty those that failed more than
    ``FAILED_TEXTS_KEPT`` ago; how many were deleted."""
    now = timezone.now()
    given_up = Mail.objects.filter(state=MailState.FAILED).exclude(text="", html="")
    given_up.filter(queued_at__lt=now - FAILED_TEXTS_KEPT).update(text="", html="")
    return delete_in_batches(Mail.objects.filter(created_at__lt=now - KEPT))
