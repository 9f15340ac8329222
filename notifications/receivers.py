"""Receivers of signals of lower apps: exports, account deletion, mails, sign-up."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_signed_up
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import get_language, ngettext

from core import tenancy
from core.mail.content import RenderedMail, render
from locations.models import Member, Role, User
from locations.signals import (
    ExportFile,
    Loss,
    export_asked,
    location_closing,
    loss_asked,
    mail_wanted,
)
from notifications.mail import outbox
from notifications.mail_content.welcome import welcome_mail
from notifications.models import Webhook
from notifications.preferences.actions import guess_zone
from notifications.webhooks.actions import mark_deleted

_WEBHOOKS = {
    "id": "id", "url": "shown_url", "format": "format", "events": "events",
    "location": "location_id", "enabled": "enabled", "disabled_reason": "disabled_reason",
    "created_at": "created_at", "created_by": "created_by",
}  # fmt: skip


@receiver(export_asked)
def export_rows(sender: object, account_id: UUID, **kwargs: object) -> list[ExportFile]:
    """Export the webhooks of an account, without their secrets and logs."""
    rows = Webhook.objects.of_accounts([account_id]).order_by("created_at", "id")
    shown = [{name: getattr(row, source) for name, source in _WEBHOOKS.items()} for row in rows]
    return [ExportFile("webhooks.json", shown)]


@receiver(loss_asked)
def deletion_summary(sender: object, account_id: UUID, **kwargs: object) -> list[Loss]:
    """Count the webhooks that are deleted with an account."""
    count = Webhook.objects.of_accounts([account_id]).count()
    return [Loss(count, ngettext("%d webhook", "%d webhooks", count) % count)]


@receiver(location_closing)
def close_webhooks(sender: object, location_id: UUID, at: datetime, **kwargs: object) -> None:
    """Mark the webhooks of a location that is being deleted: they are deleted with it."""
    mark_deleted(Webhook.objects.filter(location_id=location_id), at)


@receiver(user_signed_up)
def keep_zone(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """Save the time zone that the browser reports at sign-up, for the first mails.

    Users change it under Settings › Notifications.
    """
    guess_zone(user, request.POST.get("time_zone", ""))


@receiver(mail_wanted)
def queue_mail(
    mail: RenderedMail, to: str, kind: str, account_id: uuid.UUID | None, **kwargs: Any
) -> None:
    """Put ``mail`` into the outbox, under a new key each time.

    An invitation that is sent again contains a new token, so it is a new mail.
    """
    user = User.objects.filter(email__iexact=to).first()
    row = outbox.mail_of(mail, to=to, kind=kind, key=f"{kind}:{uuid.uuid4()}", user=user)
    row.account_id = account_id
    with tenancy.everyone():  # the sender of the signal has checked permissions
        outbox.put([row])


@receiver(email_confirmed)
def welcome(email_address: EmailAddress, **kwargs: Any) -> None:
    """Put the welcome mail into the outbox for the owner of a new account.

    Users who have signed in before have only changed their address, and invited members have
    got an invitation.
    """
    user = email_address.user
    if user.last_login is not None:
        return
    with tenancy.everyone():  # no user is signed in yet; the link has verified the address
        owned = Member.objects.filter(user=user, role=Role.OWNER).select_related("account").first()
        if owned is None:
            return
        mail = render(welcome_mail(owned.account.name), get_language() or settings.LANGUAGE_CODE)
        row = outbox.mail_of(
            mail,
            to=email_address.email,
            kind="welcome",
            key=f"welcome:{user.pk}",
            account=owned.account,
            user=user,
        )
        outbox.put([row])
