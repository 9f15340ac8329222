"""Inviting people by mail: each function is one whole transaction, which leaves an audit row and
the mail with the token, which stands nowhere else.

NotInvited   the address cannot be invited; ``str()`` says why
Unusable     the invitation cannot be accepted (any more)
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
from locations.audit import AccountVerb, record
from locations.models import Account, Invitation, Member, Role, User
from locations.plans import entitlements
from locations.plans.limits import Resource
from locations.principals import Principal

PENDING_KEY = "invitation"  # in the session: the token of somebody who is to sign in or up first


class NotInvited(Exception):
    """The address cannot be invited; ``str()`` says why."""


class Unusable(Exception):
    """The invitation cannot be accepted: it is used, revoked, expired or another's."""


def open_invitations(account_id: UUID) -> list[Invitation]:
    """Those that were neither accepted nor revoked, the newest first; expired ones, too."""
    return list(Invitation.objects.of_accounts([account_id]).open())


def count_open(account_id: UUID) -> int:
    """How many could still be accepted: each takes a place in the account's plan."""
    rows = Invitation.objects.of_accounts([account_id]).open()
    return int(rows.filter(expires_at__gt=timezone.now()).count())


def invite(principal: Principal, account: Account, email: str, role: Role) -> Invitation:
    """An invitation for ``email``. Raises NotInvited for who is a member or invited already,
    OverLimit when the plan has no place left."""
    email = email.lower()
    if Member.objects.filter(account=account, user__email__iexact=email).exists():
        raise NotInvited(_("%s is a member already. You can change the role below.") % email)
    invitation = Invitation(
        account=account, email=email, role=role, invited_by=principal.name[:254]
    )
    token = invitation.renew()
    try:
        with transaction.atomic():
            entitlements.require(account, Resource.MEMBERS)
            invitation.save(force_insert=True)
            record(principal, account.pk, AccountVerb.INVITED, email, role.value)
            mails.send_invitation(invitation, token)
    except IntegrityError:
        raise NotInvited(
            _("%s is invited already. Resend or revoke that invitation below.") % email
        ) from None
    return invitation


def resend(principal: Principal, invitation: Invitation) -> None:
    """Mail a new token for it, which lives seven days from now; the one before is worth nothing.
    Raises Unusable when it is not open any more, OverLimit when its place has been taken."""
    with transaction.atomic():
        current = _lock_open(invitation.pk)
        if current.expires_at <= timezone.now():
            entitlements.require(current.account, Resource.MEMBERS)
        token = current.renew()
        current.save(update_fields=["token_hash", "expires_at"])
        record(principal, current.account_id, AccountVerb.INVITATION_RESENT, current.email)
        mails.send_invitation(current, token)


def revoke(principal: Principal, invitation: Invitation) -> None:
    """Nobody can accept it any more. Raises Unusable when somebody just did."""
    with transaction.atomic():
        current = _lock_open(invitation.pk)
        current.revoked_at = timezone.now()
        current.save(update_fields=["revoked_at"])
        record(principal, current.account_id, AccountVerb.INVITATION_REVOKED, current.email)


def usable(token: str) -> Invitation | None:
    """The invitation that ``token`` accepts now, if there is one."""
    with tenancy.everyone():  # whose it is, is what the token says
        rows = Invitation.objects.with_token(token, timezone.now()).select_related("account")
        found: Invitation | None = rows.first()
    return found


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether ``user`` is the one who was invited."""
    return invitation.email == user.email.lower()


def accept(principal: Principal, token: str) -> Account:
    """Make ``principal`` a member; the account. Raises Unusable, or OverLimit when the plan has
    become smaller than the account meanwhile."""
    with tenancy.everyone(), transaction.atomic():
        rows = Invitation.objects.with_token(token, timezone.now())
        invitation = rows.select_for_update(of=("self",)).first()
        user = principal.user
        if invitation is None or user is None or not is_for(invitation, user):
            raise Unusable
        account: Account = invitation.account
        entitlements.require(account, Resource.MEMBERS, adding=0)  # its place is its own
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        Member.objects.get_or_create(
            account=account, user=user, defaults={"role": Role(invitation.role)}
        )
        record(principal, account.pk, AccountVerb.INVITATION_ACCEPTED, user.email, invitation.role)
    return account


def pending(request: HttpRequest) -> Invitation | None:
    """The invitation that this visitor opened before he signed in or up, while it is usable."""
    token = request.session.get(PENDING_KEY)
    return usable(token) if isinstance(token, str) else None


def way_back(request: HttpRequest) -> str | None:
    """The address of the pending invitation's page: where to go after the sign-in or sign-up."""
    token = request.session.get(PENDING_KEY)
    return reverse("invitation", args=[token]) if isinstance(token, str) else None


def _lock_open(pk: UUID) -> Invitation:
    row = Invitation.objects.open().select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise Unusable
    invitation: Invitation = row
    return invitation
