"""Mails about a team, in the words of ``team_letters.py``. Call these in the change's transaction.

They are put into the outbox and nobody waits for the mail server: when it is down, they are late.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language

from core.mail.content import Letter, rendered
from locations import team_letters
from locations.models import Account, Invitation, Member, Role
from locations.signals import mail_wanted


def send_invitation(invitation: Invitation, token: str) -> None:
    """The only place where the token is shown."""
    account, role = invitation.account, Role(invitation.role)
    letter = team_letters.invitation(account.name, invitation.invited_by, role, token)
    _send("invitation", invitation.email, letter, account.pk)


def send_removed(account: Account, email: str, by: str) -> None:
    """To somebody who was taken out of the account."""
    _send("removed", email, team_letters.removed(account.name, by), account.pk)


def send_role_changed(member: Member, role: Role, by: str) -> None:
    """To somebody who has another role now."""
    letter = team_letters.role_changed(member.account.name, by, role)
    _send("role_changed", member.user.email, letter, member.account_id)


def send_deleted(account: Account, emails: Iterable[str], by: str) -> None:
    """To everybody who was in an account that is deleted, to each alone."""
    letter = team_letters.account_deleted(account.name, by)
    for email in sorted(emails):
        _send("account_deleted", email, letter, None)


def _send(kind: str, to: str, letter: Letter, account_id: UUID | None) -> None:
    mail = rendered(letter, get_language() or settings.LANGUAGE_CODE)
    mail_wanted.send(None, mail=mail, to=to, kind=kind, account_id=account_id)
