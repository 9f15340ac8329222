"""Mails about the members of an account. Send them in the transaction of the change.

They go to the outbox; no request waits for the mail server.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.mail.content import Button, MailContent, render
from locations.models import Account, Invitation, Member, Role
from locations.signals import mail_wanted


def send_invitation(invitation: Invitation, token: str) -> None:
    """The only place where the token is shown."""
    account, role = invitation.account, Role(invitation.role)
    letter = invitation_mail(account.name, invitation.invited_by, role, token)
    _send("invitation", invitation.email, letter, account.pk)


def send_removed(account: Account, email: str, by: str) -> None:
    """To somebody who was taken out of the account."""
    _send("removed", email, removed_mail(account.name, by), account.pk)


def send_role_changed(member: Member, role: Role, by: str) -> None:
    """To somebody who has another role now."""
    letter = role_changed_mail(member.account.name, by, role)
    _send("role_changed", member.user.email, letter, member.account_id)


def send_deleted(account: Account, emails: Iterable[str], by: str) -> None:
    """To everybody who was in an account that is deleted, to each alone."""
    letter = account_deleted_mail(account.name, by)
    for email in sorted(emails):
        _send("account_deleted", email, letter, None)


def _send(kind: str, to: str, letter: MailContent, account_id: UUID | None) -> None:
    mail = render(letter, get_language() or settings.LANGUAGE_CODE)
    mail_wanted.send(None, mail=mail, to=to, kind=kind, account_id=account_id)


def invitation_mail(account: str, by: str, role: Role, token: str) -> MailContent:
    """To somebody who is to join ``account`` as ``role``; ``token`` is the key to it."""
    said = {"by": by, "account": account, "role": role.label}
    return MailContent(
        subject=_("%(by)s invites you to %(account)s on Pairline") % said,
        lead=_("Join %(account)s on Pairline.") % said,
        button=Button(_("Accept the invitation"), reverse("invitation", args=[token])),
        why=_("%(by)s invites you to join as: %(role)s.") % said,
        facts=[(_("Your role"), _role(role))],
        paragraphs=[
            _("The link works for 7 days, for this address alone, and once."),
            _("If you did not expect this, you need not do anything."),
        ],
        account=account,
    )


def removed_mail(account: str, by: str) -> MailContent:
    """To somebody who was taken out of ``account``."""
    said = {"by": by, "account": account}
    return MailContent(
        subject=_("You were removed from %(account)s") % said,
        lead=_("Nothing to do, if this was agreed."),
        why=_("%(by)s removed you from %(account)s on Pairline.") % said,
        paragraphs=[
            _("You see nothing of this account any more."),
            _("If this was a mistake, ask an owner of the account to invite you again."),
        ],
        account=account,
    )


def role_changed_mail(account: str, by: str, role: Role) -> MailContent:
    """To somebody who has another role in ``account`` now."""
    said = {"by": by, "account": account, "role": role.label}
    return MailContent(
        subject=_("Your role in %(account)s changed") % said,
        lead=_("Your role is now: %(role)s.") % said,
        button=Button(_("Open Pairline"), "/"),
        why=_("%(by)s changed your role in %(account)s on Pairline.") % said,
        facts=[(_("What you can do"), _role(role))],
        account=account,
    )


def account_deleted_mail(account: str, by: str) -> MailContent:
    """To everybody who was in ``account``."""
    said = {"by": by, "account": account}
    return MailContent(
        subject=_("%(account)s was deleted from Pairline") % said,
        lead=_("Nothing to do: this is to let you know."),
        why=_("%(by)s deleted %(account)s on Pairline.") % said,
        paragraphs=[
            _(
                "Its numbers are being unlinked, and its data is gone within two minutes of this "
                "mail. This cannot be undone."
            )
        ],
        account=account,
    )


def _role(role: Role) -> str:
    says = {
        Role.OWNER: _("As an owner you decide about its numbers, its people and the account."),
        Role.MEMBER: _("As a member you link numbers, send and read messages."),
        Role.VIEWER: _("As a viewer you see its numbers and messages, and change nothing."),
    }
    return says[role]
