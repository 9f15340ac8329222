"""Mails about a team, in the words of ``team_letters.py``. Call these after the commit.

Each returns whether the mail was handed over; a mail server that is down is logged, and the
caller says so where it matters.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import get_language

from locations import team_letters
from locations.letters import Letter, message_of, rendered
from locations.models import Account, Invitation, Member, Role

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 10  # somebody waits for the page


def send_invitation(invitation: Invitation, token: str) -> bool:
    """The only place where the token is shown."""
    account, role = invitation.account, Role(invitation.role)
    letter = team_letters.invitation(account.name, invitation.invited_by, role, token)
    return _send("invitation", invitation.email, letter)


def send_removed(account: Account, email: str, by: str) -> bool:
    """To somebody who was taken out of the account."""
    return _send("removed", email, team_letters.removed(account.name, by))


def send_role_changed(member: Member, role: Role, by: str) -> bool:
    """To somebody who has another role now."""
    letter = team_letters.role_changed(member.account.name, by, role)
    return _send("role_changed", member.user.email, letter)


def send_deleted(account: Account, emails: Iterable[str], by: str) -> None:
    """To everybody who was in an account that is deleted, to each alone."""
    letter = team_letters.account_deleted(account.name, by)
    for email in sorted(emails):
        _send("account_deleted", email, letter)


def _send(name: str, to: str, letter: Letter) -> bool:
    mail = rendered(letter, get_language() or settings.LANGUAGE_CODE)
    message = message_of(mail, to, get_connection(timeout=PATIENCE_SECONDS))
    try:
        return message.send() == 1
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("A mail could not be sent", extra={"mail": name, "error": repr(error)[:80]})
        return False
