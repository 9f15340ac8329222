"""Welcomes who signed up, once his address is confirmed for the first time."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.conf import settings
from django.dispatch import receiver
from django.utils.translation import get_language

from core import tenancy
from core.mail.content import rendered
from locations.models import Member, Role
from notifications.mail import outbox
from notifications.mail_content import welcome_letter


@receiver(email_confirmed, dispatch_uid="notifications.welcome")
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
        mail = rendered(
            welcome_letter(owned.account.name), get_language() or settings.LANGUAGE_CODE
        )
        row = outbox.mail_of(
            mail,
            to=email_address.email,
            kind="welcome",
            key=f"welcome:{user.pk}",
            account=owned.account,
            user=user,
        )
        outbox.put([row])
