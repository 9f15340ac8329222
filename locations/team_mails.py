"""Mails about a team: plain text and simple HTML. Call these after the commit.

Each returns whether the mail was handed over; a mail server that is down is logged, and the
caller says so where it matters.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from locations.models import Account, Invitation, Member, Role

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 10  # somebody waits for the page


def send_invitation(invitation: Invitation, token: str) -> bool:
    """The only place where the token is shown."""
    account = invitation.account
    return _send(
        "invitation",
        invitation.email,
        _("%(by)s invites you to %(account)s on Pairline")
        % {"by": invitation.invited_by, "account": account.name},
        {
            "invitation": invitation,
            "account": account,
            "role": Role(invitation.role).label,
            "address": settings.PUBLIC_URL + reverse("invitation", args=[token]),
        },
    )


def send_removed(account: Account, email: str, by: str) -> bool:
    """To somebody who was taken out of the account."""
    subject = _("You were removed from %s") % account.name
    return _send("removed", email, subject, {"account": account, "by": by})


def send_role_changed(member: Member, role: Role, by: str) -> bool:
    """To somebody who has another role now."""
    account = member.account
    subject = _("Your role in %s changed") % account.name
    context = {"account": account, "by": by, "role": role, "label": role.label}
    return _send("role_changed", member.user.email, subject, context)


def send_deleted(account: Account, emails: Iterable[str], by: str) -> None:
    """To everybody who was in an account that is deleted, to each alone."""
    subject = _("%s was deleted from Pairline") % account.name
    for email in sorted(emails):
        _send("account_deleted", email, subject, {"account": account, "by": by})


def _send(name: str, to: str, subject: str, context: dict[str, object]) -> bool:
    context = {**context, "site": settings.PUBLIC_URL}
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"team/mail/{name}.txt", context),
        to=[to],
        connection=get_connection(timeout=PATIENCE_SECONDS),
    )
    mail.attach_alternative(render_to_string(f"team/mail/{name}.html", context), "text/html")
    try:
        return mail.send() == 1
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("A mail could not be sent", extra={"mail": name, "error": repr(error)[:80]})
        return False
