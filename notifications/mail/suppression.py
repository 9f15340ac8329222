"""Addresses that take no mail: stopped when a mail comes back, and tried again when asked."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from locations.models import Member
from notifications.kinds import NoticeKind
from notifications.models import Mail, MailState, Notice, StoppedAddress

BOUNCED = gettext_noop("Mails to this address came back.")
COMPLAINED = gettext_noop("Whoever reads mails at this address called one of ours unwanted.")
_WHY_CHARACTERS = 200


def stop(email: str, why: str, code: int | None = None, account: UUID | None = None) -> bool:
    """Send nothing to ``email`` any more; whether that is news. The owners of every account that
    has it among its people are told, and those of ``account``, whose mail came back."""
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


def stopped(emails: Iterable[str]) -> set[str]:
    """Those of ``emails`` that take no mail, in small letters."""
    asked = {email.lower() for email in emails}
    found = StoppedAddress.objects.filter(email__in=asked)
    return set(found.values_list("email", flat=True))


def stopped_address(email: str) -> StoppedAddress | None:
    """The row of ``email``, if it takes no mail."""
    return StoppedAddress.objects.filter(email=email.lower()).first()


def try_again(email: str) -> bool:
    """Send to ``email`` again, from the next mail on; whether it was stopped."""
    count, _deleted = StoppedAddress.objects.filter(email=email.lower()).delete()
    return count > 0


def came_back(mail: Mail, why: str = "") -> None:
    """What was taken by the server was sent back: so the log says, and nobody mails there."""
    why = why or _(BOUNCED)
    with transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(
            state=MailState.BOUNCED, error=why[:_WHY_CHARACTERS], text="", html=""
        )
        stop(mail.to, why, account=mail.account_id)
