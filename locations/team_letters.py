"""What is written to people about a team: invitations, roles, an account that is gone. No I/O."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.mail.content import Button, Letter
from locations.models import Role


def invitation(account: str, by: str, role: Role, token: str) -> Letter:
    """To somebody who is to join ``account`` as ``role``; ``token`` is the key to it."""
    said = {"by": by, "account": account, "role": role.label}
    return Letter(
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


def removed(account: str, by: str) -> Letter:
    """To somebody who was taken out of ``account``."""
    said = {"by": by, "account": account}
    return Letter(
        subject=_("You were removed from %(account)s") % said,
        lead=_("Nothing to do, if this was agreed."),
        why=_("%(by)s removed you from %(account)s on Pairline.") % said,
        paragraphs=[
            _("You see nothing of this account any more."),
            _("If this was a mistake, ask an owner of the account to invite you again."),
        ],
        account=account,
    )


def role_changed(account: str, by: str, role: Role) -> Letter:
    """To somebody who has another role in ``account`` now."""
    said = {"by": by, "account": account, "role": role.label}
    return Letter(
        subject=_("Your role in %(account)s changed") % said,
        lead=_("Your role is now: %(role)s.") % said,
        button=Button(_("Open Pairline"), "/"),
        why=_("%(by)s changed your role in %(account)s on Pairline.") % said,
        facts=[(_("What you can do"), _role(role))],
        account=account,
    )


def account_deleted(account: str, by: str) -> Letter:
    """To everybody who was in ``account``."""
    said = {"by": by, "account": account}
    return Letter(
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
