"""What is done with an account's people and its name: each function is one whole transaction,
which leaves an audit row and the mail to whom it is about (not to who did it himself).

NotPossible   ``str()`` says why, and what to do
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from locations.accounts import mails
from locations.accounts.rules import why_not_become, why_not_leave
from locations.audit import AccountVerb, record
from locations.models import Account, Member, Role
from locations.principals import Principal


class NotPossible(Exception):
    """What was asked cannot be done; ``str()`` says why, and what to do instead."""


def members_of(account_id: UUID) -> list[Member]:
    """The people of an account: owners first, then by address. The caller has been through the
    door."""
    rows = Member.objects.filter(account=account_id).select_related("user")
    order = {Role.OWNER: 0, Role.MEMBER: 1, Role.VIEWER: 2}
    return sorted(rows, key=lambda row: (order[Role(row.role)], row.user.email))


def member_of(account: Account, user_id: UUID) -> Member | None:
    """The member of ``account`` who is that user."""
    return Member.objects.filter(account=account, user=user_id).select_related("user").first()


def change_role(principal: Principal, member: Member, role: Role) -> bool:
    """Give ``member`` the role; False when he has it already. Raises NotPossible for the last
    owner."""
    with transaction.atomic():
        current, owners = _locked(member)
        if why := why_not_become(current.role, role, owners):
            raise NotPossible(why)
        if current.role == role:
            return False
        detail = f"{Role(current.role).value} → {role.value}"
        current.role = role
        current.save(update_fields=["role"])
        record(principal, member.account_id, AccountVerb.ROLE_CHANGED, member.user.email, detail)
        if member.user != principal.user:
            mails.send_role_changed(member, role, principal.name)
    return True


def remove(principal: Principal, member: Member) -> None:
    """Take ``member`` out of the account. Raises NotPossible for the last owner."""
    with transaction.atomic():
        current, owners = _locked(member)
        if why_not_leave(current.role, owners):
            raise NotPossible(why_not_become(current.role, "", owners))
        current.delete()
        record(principal, member.account_id, AccountVerb.MEMBER_REMOVED, member.user.email)
        if member.user != principal.user:
            mails.send_removed(member.account, member.user.email, principal.name)


def leave(principal: Principal, member: Member) -> None:
    """``principal`` is ``member``, and goes. Raises NotPossible for the last owner."""
    with transaction.atomic():
        current, owners = _locked(member)
        if why := why_not_leave(current.role, owners):
            raise NotPossible(why)
        current.delete()
        record(principal, member.account_id, AccountVerb.MEMBER_LEFT, member.user.email)


def hand_over(principal: Principal, member: Member) -> None:
    """Make ``member`` an owner and ``principal``, who is one, a member. Raises NotPossible when
    he was no owner any more."""
    with transaction.atomic():
        heir, _owners = _locked(member)
        giver = Member.objects.filter(account=member.account_id, user=principal.user).first()
        if giver is None or giver.role != Role.OWNER or giver.pk == heir.pk:
            raise NotPossible(_("You are not an owner of this account any more."))
        heir.role, giver.role = Role.OWNER, Role.MEMBER
        heir.save(update_fields=["role"])
        giver.save(update_fields=["role"])
        record(principal, member.account_id, AccountVerb.OWNERSHIP_HANDED_OVER, member.user.email)
        mails.send_role_changed(member, Role.OWNER, principal.name)


def rename(principal: Principal, account: Account, name: str) -> bool:
    """Call the account ``name``; False when that is its name already."""
    if account.name == name:
        return False
    with transaction.atomic():
        old = account.name
        account.name = name
        account.save(update_fields=["name"])
        record(principal, account.pk, AccountVerb.ACCOUNT_RENAMED, name, _("before: %s") % old)
    return True


def _locked(member: Member) -> tuple[Member, int]:
    """The row as it is now and how many owners there are. The account stays locked until the
    end of the transaction: two owners who go at once cannot both go. Raises NotPossible when
    the member is gone."""
    Account.objects.select_for_update(no_key=True).get(pk=member.account_id)
    current = Member.objects.filter(pk=member.pk).first()
    if current is None:
        raise NotPossible(_("%s is not a member any more.") % member.user.email)
    owners = Member.objects.filter(account=member.account_id, role=Role.OWNER).count()
    return current, owners
