"""The suppression list: addresses whose mails bounced, or that complained."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from locations.models import Member
from notifications.kinds import NoticeKind
from notifications.models import Mail, MailState, Notice, StoppedAddress

BOUNCED = gettext_noop("Mails to this address bounced.")
COMPLAINED = gettext_noop("The recipient marked one of our mails as spam.")
_WHY_CHARACTERS = 200


def suppress(email: str, why: str, code: int | None = None, account: UUID | None = None) -> bool:
    """Put ``email`` on the suppression list; return whether it was not on it before.

    The owners of every account with such a member are notified, and those of ``account``, whose
    mail bounced.
    """
    with transaction.atomic():
        row, new = StoppedAddress.objects.get_or_create(
            email=email.lower(), defaults={"why": why[:_WHY_CHARACTERS], "smtp_code": code}
        )
        if new:
            Notice.objects.write(_notices(row, account))
        return new


def _notices(row: StoppedAddress, account: UUID | None) -> list[Notice]:
    members = Member.objects.filter(user__email__iexact=row.email)
    accounts = {*members.values_list("account_id", flat=True)} | ({account} if account else set())
    return [
        Notice(
            account_id=one,
            kind=NoticeKind.BOUNCED,
            key=f"bounced:{row.pk}:{one}",
            facts={"email": row.email, "why": row.why},
        )
        for one in sorted(accounts)
    ]


def suppressed(emails: Iterable[str]) -> set[str]:
    """Return those of ``emails`` that are on the suppression list, in lower case."""
    found = StoppedAddress.objects.filter(email__in={email.lower() for email in emails})
    return set(found.values_list("email", flat=True))


def suppressed_address(email: str) -> StoppedAddress | None:
    """Return the entry of ``email`` on the suppression list, or None."""
    return StoppedAddress.objects.filter(email=email.lower()).first()


def try_again(email: str) -> bool:
    """Take ``email`` off the suppression list; return whether it was on it."""
    count, _deleted = StoppedAddress.objects.filter(email=email.lower()).delete()
    return count > 0


def record_bounce(mail: Mail, why: str = "") -> None:
    """Record that a sent mail bounced, and suppress its address."""
    why = why or _(BOUNCED)
    with transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(
            state=MailState.BOUNCED, error=why[:_WHY_CHARACTERS], text="", html=""
        )
        suppress(mail.to, why, account=mail.account_id)
