"""Tells the owners of an account by mail that a webhook was switched off."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from locations.models import Member, Role
from notifications.models import Webhook

logger = logging.getLogger(__name__)
_AT_ONCE = 20


@dataclass(frozen=True)
class Notice:
    """What is to be mailed: to whom, about which webhook."""

    webhook: UUID
    to: tuple[str, ...]
    account: str
    url: str
    reason: str


def take_due() -> list[Notice]:
    """The notices that nobody has mailed yet; they count as mailed from now on."""
    with transaction.atomic():
        untold = Webhook.objects.dead().filter(owners_told_at=None).order_by("disabled_at")
        rows = list(
            untold.select_related("account").select_for_update(skip_locked=True, of=("self",))[
                :_AT_ONCE
            ]
        )
        Webhook.objects.filter(pk__in=[row.pk for row in rows]).update(
            owners_told_at=timezone.now()
        )
        return [_notice(row) for row in rows]


def _notice(webhook: Webhook) -> Notice:
    owners = Member.objects.filter(
        account_id=webhook.account_id, role=Role.OWNER, user__is_active=True
    )
    return Notice(
        webhook=webhook.pk,
        to=tuple(owners.order_by("pk").values_list("user__email", flat=True)),
        account=webhook.account.name,
        url=webhook.url,
        reason=webhook.disabled_reason,
    )


def mail(notice: Notice) -> bool:
    """Send ``notice`` to each owner by himself; whether it could be handed to the mail server.
    No database is asked, so that a slow mail server holds up nobody."""
    page = settings.PUBLIC_URL + reverse("webhook", args=[notice.webhook])
    text = render_to_string("notifications/mail/webhook_off.txt", {"notice": notice, "page": page})
    subject = _("A webhook of %s was switched off") % notice.account
    try:
        for owner in notice.to:
            EmailMessage(" ".join(subject.split()), text, to=[owner]).send()
    except OSError:  # whatever the mail server does; smtplib's errors are OSErrors
        logger.warning("A mail about a webhook could not be sent; it is tried again")
        return False
    return True


def give_back(notice: Notice) -> None:
    """It could not be mailed: the next round tries again."""
    Webhook.objects.dead().filter(pk=notice.webhook).update(owners_told_at=None)
