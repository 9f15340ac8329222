"""The queue of mails: each function is one whole transaction.

A mail is claimed for ``LEASE``, longer than an attempt may take. If the process dies, the mail is
due again after that time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.background.backoff import draw_chance
from core.background.row_queue import Lease, QueueSpec, RowQueue
from core.security.encryption import SealBroken
from notifications.mail import suppression
from notifications.mail.message import ClaimedMail
from notifications.mail.outcomes import ERROR_CHARACTERS, SendResult
from notifications.mail.retry import GIVE_UP_AFTER, SendOutcome, wait_before_next
from notifications.mail.smtp_connection import ATTEMPT_SECONDS
from notifications.models import Mail, MailServerTrouble, MailState

_MARGIN_SECONDS = 30.0  # to write the result
_BATCH_SECONDS = 60.0  # mails claimed together are sent one after another
LEASE = timedelta(seconds=ATTEMPT_SECONDS + _BATCH_SECONDS + _MARGIN_SECONDS)
KEPT = timedelta(days=90)
FAILED_TEXTS_KEPT = timedelta(days=7)
TROUBLE_FADES = timedelta(minutes=15)  # while mails wait, it is seen every five at least
# Mails to people who are no customers: sent when nothing else is due.
_LAST_KINDS = ("invitation",)
_ADDRESS_STOPPED = gettext_noop("Not sent: mails to this address have come back.")
_TOO_OLD = gettext_noop("Given up after three days.")
_UNREADABLE = gettext_noop("The stored text cannot be read any more.")


MAILS: RowQueue[Mail] = RowQueue(
    QueueSpec(
        model=Mail,
        due=lambda rows, at: rows.due(at),
        order=("next_attempt_at",),
        fence=("state", "next_attempt_at"),
        lease=LEASE,
        lease_column="next_attempt_at",
        fair_by="account_id",
    )
)


def claim(room: int) -> list[ClaimedMail]:
    """Claim up to ``room`` due mails, those that have been due longest first, account by account.
    Invitations come after all others.

    Mails that need no attempt end here: too old, or to an address on the suppression list.
    """
    usable_until = time.monotonic() + _BATCH_SECONDS
    rows = MAILS.claim(room, Mail.objects.exclude(kind__in=_LAST_KINDS))
    if len(rows) < room:
        rows += MAILS.claim(room - len(rows), Mail.objects.filter(kind__in=_LAST_KINDS))
    if not rows:
        return []
    now, suppressed = timezone.now(), suppression.suppressed(row.to for row in rows)
    claimed = []
    for row in rows:
        lease = MAILS.lease_of(row)
        if ending := _ending_without_an_attempt(row, now, suppressed):
            MAILS.finish(lease, **ending)
        else:
            claimed.append(_prepared(row, lease, usable_until))
    return claimed


def _ending_without_an_attempt(row: Mail, now: datetime, suppressed: set[str]) -> dict[str, Any]:
    """Return the columns that end a mail without an attempt; none if it needs one."""
    gone = {"text": "", "html": ""}
    if row.to.lower() in suppressed:
        return {**gone, "state": MailState.SKIPPED, "error": _ADDRESS_STOPPED}
    if now - row.queued_at > GIVE_UP_AFTER:
        error = f"{_TOO_OLD} {row.error}".strip()[:ERROR_CHARACTERS]
        return {"state": MailState.FAILED, "error": error}
    try:
        _ = row.text, row.html
    except SealBroken:
        return {**gone, "state": MailState.FAILED, "error": _UNREADABLE}
    return {}


def _prepared(row: Mail, lease: Lease, usable_until: float) -> ClaimedMail:
    return ClaimedMail(
        mail=row.pk,
        account=row.account_id,
        to=row.to,
        subject=row.subject,
        created_at=row.created_at,
        queued_at=row.queued_at,
        attempts=row.attempts,
        lease=lease,
        usable_until=usable_until,
        text=row.text,
        html=row.html,
        headers=row.headers,
    )


def finish(sent: ClaimedMail, result: SendResult) -> None:
    """Write how an attempt ended, unless the lease is lost."""
    now = timezone.now()
    if result.outcome is not SendOutcome.NO_MAILBOX:
        MAILS.finish(sent.lease, **_columns(sent, result, now))
        return
    with transaction.atomic():
        if MAILS.finish(sent.lease, **_columns(sent, result, now)):
            suppression.suppress(sent.to, result.error, result.code, sent.account)


def _columns(sent: ClaimedMail, result: SendResult, now: datetime) -> dict[str, Any]:
    """Return the columns that change with ``result``."""
    answer = {"smtp_code": result.code, "error": result.error}
    if result.outcome is SendOutcome.SERVER:  # not this mail's fault: no attempt, and it stays due
        return {**answer, "next_attempt_at": now}
    answer["attempts"] = sent.attempts + 1
    if result.outcome is SendOutcome.SENT:
        gone = {"text": "", "html": "", "provider_id": result.provider_id[:200]}
        return {**answer, **gone, "state": MailState.SENT, "sent_at": now}
    if result.outcome is SendOutcome.NO_MAILBOX:
        return {**answer, "state": MailState.BOUNCED, "text": "", "html": ""}
    wait = wait_before_next(sent.attempts + 1, now - sent.queued_at, draw_chance())
    if result.outcome is SendOutcome.FAILED or wait is None:
        return {**answer, "state": MailState.FAILED}
    return {**answer, "next_attempt_at": now + wait}


def give_back(claimed: Iterable[ClaimedMail]) -> None:
    """Make mails due at once that were claimed but not attempted."""
    MAILS.give_back(one.lease for one in claimed)


def send_again(mail: Mail) -> bool:
    """Queue a failed mail anew. False if its text is gone by now."""
    now = timezone.now()
    mine = Mail.objects.filter(pk=mail.pk, state=MailState.FAILED).exclude(text="")
    again = {"attempts": 0, "error": "", "smtp_code": None}
    return mine.update(state=MailState.WAITING, queued_at=now, next_attempt_at=now, **again) > 0


def note_trouble(error: str) -> None:
    """Record that the mail server accepts nothing, for operators to see. Trouble that was not
    seen for ``TROUBLE_FADES`` is new trouble."""
    now = timezone.now()
    seen = {"at": now, "error": error[:ERROR_CHARACTERS]}
    lately = MailServerTrouble.objects.filter(pk=1, at__gt=now - TROUBLE_FADES)
    if not lately.update(**seen):
        MailServerTrouble.objects.update_or_create(pk=1, defaults={**seen, "since": now})


def forget_trouble() -> None:
    """Record that the mail server works."""
    MailServerTrouble.objects.all().delete()


def forget_old() -> int:
    """Delete mails made more than ``KEPT`` ago, and empty those that failed more than
    ``FAILED_TEXTS_KEPT`` ago. Returns how many were deleted."""
    now = timezone.now()
    given_up = Mail.objects.filter(state=MailState.FAILED).exclude(text="", html="")
    given_up.filter(queued_at__lt=now - FAILED_TEXTS_KEPT).update(text="", html="")
    return MAILS.forget(Mail.objects.filter(created_at__lt=now - KEPT))
