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
from locations.accounts.rules import masked_email
from locations.models import Account, Invitation, Member, Role
from locations.signals import mail_wanted


def send_invitation(invitation: Invitation, token: str) -> None:
    """Mail the invitation: the only place where its token appears."""
    account, role = invitation.account, Role(invitation.role)
    content = invitation_mail(account.name, invitation.invited_by, role, token)
    _send("invitation", invitation.email, content, account.pk)


def send_removed(account: Account, email: str, by: str) -> None:
    """Mail a user who was removed from the account."""
    _send("removed", email, removed_mail(account.name, by), account.pk)


def send_role_changed(member: Member, role: Role, by: str) -> None:
    """Mail a member whose role has changed."""
    content = role_changed_mail(member.account.name, by, role)
    _send("role_changed", member.user.email, content, member.account_id)


def send_address_changed(old: str, new: str, *, to: str) -> None:
    """Mail a user whose address has changed from ``old`` to ``new``, at one of the two."""
    content = new_address_mail(old, new) if to == new else old_address_mail(old, new)
    _send("address_changed", to, content, None)


def send_deleted(account: Account, emails: Iterable[str], by: str) -> None:
    """Mail each member of a deleted account separately."""
    content = account_deleted_mail(account.name, by)
    for email in sorted(emails):
        _send("account_deleted", email, content, None)


def _send(kind: str, to: str, content: MailContent, account_id: UUID | None) -> None:
    mail = render(content, get_language() or settings.LANGUAGE_CODE)
    mail_wanted.send(None, mail=mail, to=to, kind=kind, account_id=account_id)


def invitation_mail(account: str, by: str, role: Role, token: str) -> MailContent:
    """Return the invitation to ``account`` as ``role``. ``token`` opens it."""
    names = {"by": by, "account": account, "role": role.label}
    return MailContent(
        # Without names, which the sender chooses: this mail goes to people who are no customers.
        subject=_("You are invited to join an account on Pairline"),
        lead=_("Join %(account)s on Pairline.") % names,
        button=Button(_("Accept the invitation"), reverse("invitation", args=[token])),
        why=_("%(by)s invites you to join as: %(role)s.") % names,
        facts=[(_("Your role"), _role(role))],
        paragraphs=[
            _("The link works once, within 7 days, and only for this address."),
            _("If you did not expect this invitation, ignore this mail."),
        ],
        account=account,
    )


def removed_mail(account: str, by: str) -> MailContent:
    """Return the mail to a user who was removed from ``account``."""
    names = {"by": by, "account": account}
    return MailContent(
        subject=_("You were removed from %(account)s") % names,
        lead=_("If you expected this, there is nothing to do."),
        why=_("%(by)s removed you from %(account)s on Pairline.") % names,
        paragraphs=[
            _("You can no longer see this account."),
            _("If this was a mistake, ask an owner of the account to invite you again."),
        ],
        account=account,
    )


def role_changed_mail(account: str, by: str, role: Role) -> MailContent:
    """Return the mail to a member of ``account`` whose role has changed."""
    names = {"by": by, "account": account, "role": role.label}
    return MailContent(
        subject=_("Your role in %(account)s changed") % names,
        lead=_("Your role is now: %(role)s.") % names,
        button=Button(_("Open Pairline"), "/"),
        why=_("%(by)s changed your role in %(account)s on Pairline.") % names,
        facts=[(_("What you can do"), _role(role))],
        account=account,
    )


def account_deleted_mail(account: str, by: str) -> MailContent:
    """Return the mail to the members of a deleted ``account``."""
    names = {"by": by, "account": account}
    return MailContent(
        subject=_("%(account)s was deleted from Pairline") % names,
        lead=_("There is nothing to do. This is for your information."),
        why=_("%(by)s deleted %(account)s on Pairline.") % names,
        paragraphs=[
            _(
                "Its numbers are being unlinked, and its data will be deleted within two minutes "
                "of this mail. This cannot be undone."
            )
        ],
        account=account,
    )


def old_address_mail(old: str, new: str) -> MailContent:
    """Return the mail to the former address ``old`` of a user. It hides most of ``new``: the old
    mailbox may belong to someone else by now."""
    return MailContent(
        subject=_("Your e-mail address was changed"),
        lead=_(
            "If you asked for this, there is nothing to do. If not, ask your operator for help."
        ),
        why=_("An operator has changed the address of your sign-in."),
        facts=[(_("Old address"), old), (_("New address"), masked_email(new))],
        paragraphs=[
            _("This address can no longer sign in or choose a new password."),
            _("All sign-ins were ended."),
        ],
    )


def new_address_mail(old: str, new: str) -> MailContent:
    """Return the mail to the new address ``new`` of a user."""
    return MailContent(
        subject=_("This is now your e-mail address on Pairline"),
        lead=_("Sign in with this address from now on."),
        button=Button(_("Sign in"), reverse("account_login")),
        why=_("The address of your sign-in was changed."),
        facts=[(_("Old address"), old), (_("New address"), new)],
        paragraphs=[
            _("All other sign-ins were ended. Your password stays the same."),
            _("If you did not ask for this, ask your operator for help."),
        ],
    )


def _role(role: Role) -> str:
    descriptions = {
        Role.OWNER: _("As an owner you manage the numbers, the members and the account."),
        Role.MEMBER: _("As a member you link numbers and send and read messages."),
        Role.VIEWER: _("As a viewer you see the numbers and messages but cannot change anything."),
    }
    return descriptions[role]
