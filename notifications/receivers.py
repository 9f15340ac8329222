"""What this app does when lower apps announce something: exports, mails, the welcome."""

from __future__ import annotations

import uuid
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
from locations.signals import ExportFile, Loss, export_asked, loss_asked, mail_wanted
from notifications.mail import outbox
from notifications.mail_content import welcome_letter
from notifications.models import Webhook
from notifications.preferences.actions import guess_zone

_WEBHOOKS = {
    "id": "id", "url": "shown_url", "format": "format", "events": "events",
    "location": "location_id", "enabled": "enabled", "disabled_reason": "disabled_reason",
    "created_at": "created_at", "created_by": "created_by",
}  # fmt: skip


@receiver(export_asked)
def export_rows(sender: object, account_id: UUID, **kwargs: object) -> list[ExportFile]:
    """Without their secrets, and without the log, which is no more than 30 days old."""
    rows = Webhook.objects.of_accounts([account_id]).order_by("created_at", "id")
    shown = [{name: getattr(row, source) for name, source in _WEBHOOKS.items()} for row in rows]
    return [ExportFile("webhooks.json", shown)]


@receiver(loss_asked)
def deletion_summary(sender: object, account_id: UUID, **kwargs: object) -> list[Loss]:
    count = Webhook.objects.of_accounts([account_id]).count()
    return [Loss(count, ngettext("%d webhook", "%d webhooks", count) % count)]


@receiver(user_signed_up)
def keep_zone(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """The time zone that his browser told, if it told one: his first mails have the right
    times. He chooses another under Settings › Notifications."""
    guess_zone(user, request.POST.get("time_zone", ""))


@receiver(mail_wanted)
def put_on_its_way(
    mail: RenderedMail, to: str, kind: str, account_id: uuid.UUID | None, **kwargs: Any
) -> None:
    """Each time anew: an invitation that is sent again has another key in it."""
    user = User.objects.filter(email__iexact=to).first()
    row = outbox.mail_of(mail, to=to, kind=kind, key=f"{kind}:{uuid.uuid4()}", user=user)
    row.account_id = account_id
    with tenancy.everyone():  # who asked has been judged; the outbox is everybody's
        outbox.put([row])


@receiver(email_confirmed)
def welcome(email_address: EmailAddress, **kwargs: Any) -> None:
    """Put the welcome into the outbox for the owner of a new account. Who was in before only
    changed his address, and who joins another's account was welcomed by whoever invited him."""
    user = email_address.user
    if user.last_login is not None:
        return
    with tenancy.everyone():  # nobody is signed in yet; the address is proved by the link
        owned = Member.objects.filter(user=user, role=Role.OWNER).select_related("account").first()
        if owned is None:
            return
        mail = render(welcome_letter(owned.account.name), get_language() or settings.LANGUAGE_CODE)
        row = outbox.mail_of(
            mail,
            to=email_address.email,
            kind="welcome",
            key=f"welcome:{user.pk}",
            account=owned.account,
            user=user,
        )
        outbox.put([row])
