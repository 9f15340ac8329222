"""Invitations by mail. Each action is one transaction, which writes an audit row and the mail with
the token; the token is stored nowhere else.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import tenancy
from locations.accounts import mails
from locations.accounts.rules import mailbox_of
from locations.audit import AccountVerb, record
from locations.models import Account, Invitation, Member, Role, User
from locations.plans import entitlements
from locations.plans.action_limits import ActionLimit, count_action
from locations.plans.limits import Resource
from locations.principals import Principal

PENDING_KEY = "invitation"  # in the session: the token of a visitor who must sign in first


class NotInvited(Exception):
    """The address cannot be invited. ``str()`` is a sentence for users."""


class Unusable(Exception):
    """The invitation is used, revoked, expired or for another user."""


def open_invitations(account_id: UUID) -> list[Invitation]:
    """Return those that were neither accepted nor revoked, newest first, also those that ended
    (``ended``, see InvitationQuerySet.with_state) and can be sent again."""
    rows = Invitation.objects.of_accounts([account_id]).open()
    return list(rows.with_state(timezone.now()))


def count_open(account_id: UUID) -> int:
    """Count those that can still be accepted. Each counts as a member against the plan."""
    rows = Invitation.objects.of_accounts([account_id])
    return int(rows.acceptable(timezone.now()).count())


def invite(principal: Principal, account: Account, email: str, role: Role) -> Invitation:
    """Invite ``email``. Raises NotInvited if they are a member or invited already, TooOften, and
    OverLimit if the plan's limit is reached."""
    email = email.lower()
    if Member.objects.filter(account=account, user__email__iexact=email).exists():
        raise NotInvited(_("%s is already a member. You can change the role below.") % email)
    if Invitation.objects.of_accounts([account.pk]).open().filter(email=email).exists():
        raise _invited_already(email)
    _count_mail(principal, account.pk, email)
    invitation = Invitation(
        account=account,
        email=email,
        role=role,
        invited_by=principal.name[:254],
        sender=principal.user_id,
    )
    token = invitation.renew()
    try:
        with transaction.atomic():
            entitlements.require(account, Resource.MEMBERS)
            invitation.save(force_insert=True)
            record(principal, account.pk, AccountVerb.INVITED, email, role.value)
            mails.send_invitation(invitation, token)
    except IntegrityError:
        raise _invited_already(email) from None
    return invitation


def _invited_already(email: str) -> NotInvited:
    return NotInvited(_("%s is already invited. Resend or revoke that invitation below.") % email)


def _count_mail(principal: Principal, account_id: UUID, email: str) -> None:
    """Count a mail to an address that has not asked for it. Raises TooOften."""
    sender = principal.user.pk if principal.user else principal.name
    count_action(
        (ActionLimit.INVITATIONS_OF_ACCOUNT, account_id),
        (ActionLimit.INVITATIONS_OF_USER, sender),
        (ActionLimit.INVITATIONS_OF_RECIPIENT, mailbox_of(email)),
    )


def resend(principal: Principal, invitation: Invitation) -> None:
    """Mail a new token, valid for seven days, in place of the old one, in the name of
    ``principal``. Raises Unusable if the invitation is not open, TooOften, and OverLimit if the
    plan's limit is reached."""
    if not Invitation.objects.open().filter(pk=invitation.pk).exists():
        raise Unusable
    _count_mail(principal, invitation.account_id, invitation.email)
    with transaction.atomic():
        current = _lock_open(invitation.pk)
        if not Invitation.objects.acceptable(timezone.now()).filter(pk=current.pk).exists():
            entitlements.require(current.account, Resource.MEMBERS)
        token = current.renew()
        current.sender, current.invited_by = principal.user_id, principal.name[:254]
        current.save(update_fields=["token_hash", "expires_at", "sender", "invited_by"])
        record(principal, current.account_id, AccountVerb.INVITATION_RESENT, current.email)
        mails.send_invitation(current, token)


def revoke(principal: Principal, invitation: Invitation) -> None:
    """Revoke the invitation. Raises Unusable if it has been accepted or revoked."""
    with transaction.atomic():
        current = _lock_open(invitation.pk)
        current.revoked_at = timezone.now()
        current.save(update_fields=["revoked_at"])
        record(principal, current.account_id, AccountVerb.INVITATION_REVOKED, current.email)


def usable(token: str) -> Invitation | None:
    """Return the invitation that ``token`` can accept now, if there is one."""
    with tenancy.everyone():  # the token identifies the account
        rows = Invitation.objects.with_token(token, timezone.now()).select_related("account")
        found: Invitation | None = rows.first()
    return found


def is_for(invitation: Invitation, user: User) -> bool:
    """Return whether ``user`` was invited by it."""
    return invitation.email == user.email.lower()


def accept(principal: Principal, token: str) -> Account:
    """Make ``principal`` a member and return the account. Raises Unusable, or OverLimit if the
    plan has become too small in the meantime."""
    with tenancy.everyone(), transaction.atomic():
        rows = Invitation.objects.with_token(token, timezone.now())
        invitation = rows.select_for_update(of=("self",)).first()
        user = principal.user
        if invitation is None or user is None or not is_for(invitation, user):
            raise Unusable
        account: Account = invitation.account
        entitlements.require(account, Resource.MEMBERS, adding=0)  # is counted already
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        Member.objects.get_or_create(
            account=account, user=user, defaults={"role": Role(invitation.role)}
        )
        record(principal, account.pk, AccountVerb.INVITATION_ACCEPTED, user.email, invitation.role)
    return account


def pending(request: HttpRequest) -> Invitation | None:
    """Return the invitation that this visitor opened before signing in, if it is still usable."""
    token = request.session.get(PENDING_KEY)
    return usable(token) if isinstance(token, str) else None


def way_back(request: HttpRequest) -> str | None:
    """Return the URL of the pending invitation, the page to open after the sign-in."""
    token = request.session.get(PENDING_KEY)
    return reverse("invitation", args=[token]) if isinstance(token, str) else None


def _lock_open(pk: UUID) -> Invitation:
    row = Invitation.objects.open().select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise Unusable
    invitation: Invitation = row
    return invitation
