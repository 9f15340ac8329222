"""Change the members and the name of an account.

Each function is one transaction. It writes an audit row and mails the member concerned, unless
they did it themselves.
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


class MembershipRefused(Exception):
    """The change is not allowed. ``str()`` is a sentence for users that explains what to do."""


def members_of(account_id: UUID) -> list[Member]:
    """Return the members of an account, owners first, then by address. The caller has checked
    the access."""
    rows = Member.objects.filter(account=account_id).select_related("user")
    order = {Role.OWNER: 0, Role.MEMBER: 1, Role.VIEWER: 2}
    return sorted(rows, key=lambda row: (order[Role(row.role)], row.user.email))


def member_of(account: Account, user_id: UUID) -> Member | None:
    """Return the membership of a user in ``account``, if there is one."""
    return Member.objects.filter(account=account, user=user_id).select_related("user").first()


def change_role(principal: Principal, member: Member, role: Role) -> bool:
    """Change the role of ``member``. Return False if they have it already. Raises
    MembershipRefused for the last owner."""
    with transaction.atomic():
        current, owners = _locked(member)
        if why := why_not_become(current.role, role, owners):
            raise MembershipRefused(why)
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
    """Remove ``member`` from the account. Raises MembershipRefused for the last owner."""
    with transaction.atomic():
        current, owners = _locked(member)
        if why_not_leave(current.role, owners):
            raise MembershipRefused(why_not_become(current.role, "", owners))
        current.delete()
        record(principal, member.account_id, AccountVerb.MEMBER_REMOVED, member.user.email)
        if member.user != principal.user:
            mails.send_removed(member.account, member.user.email, principal.name)


def leave(principal: Principal, member: Member) -> None:
    """Remove ``member``, who is ``principal``. Raises MembershipRefused for the last owner."""
    with transaction.atomic():
        current, owners = _locked(member)
        if why := why_not_leave(current.role, owners):
            raise MembershipRefused(why)
        current.delete()
        record(principal, member.account_id, AccountVerb.MEMBER_LEFT, member.user.email)


def hand_over(principal: Principal, member: Member) -> None:
    """Transfer ownership: ``member`` becomes an owner and ``principal`` a member. Raises
    MembershipRefused unless ``principal`` is an owner."""
    with transaction.atomic():
        new_owner, _owners = _locked(member)
        old_owner = Member.objects.filter(account=member.account_id, user=principal.user).first()
        if old_owner is None or old_owner.role != Role.OWNER or old_owner.pk == new_owner.pk:
            raise MembershipRefused(_("You are no longer an owner of this account."))
        new_owner.role, old_owner.role = Role.OWNER, Role.MEMBER
        new_owner.save(update_fields=["role"])
        old_owner.save(update_fields=["role"])
        record(principal, member.account_id, AccountVerb.OWNERSHIP_HANDED_OVER, member.user.email)
        mails.send_role_changed(member, Role.OWNER, principal.name)


def rename(principal: Principal, account: Account, name: str) -> bool:
    """Rename the account. Return False if it has that name already."""
    if account.name == name:
        return False
    with transaction.atomic():
        old = account.name
        account.name = name
        account.save(update_fields=["name"])
        record(principal, account.pk, AccountVerb.ACCOUNT_RENAMED, name, _("before: %s") % old)
    return True


def _locked(member: Member) -> tuple[Member, int]:
    """Return the current row and the number of owners.

    Locks the account until the end of the transaction, so that the last two owners cannot both
    leave. Raises MembershipRefused if the member is gone."""
    Account.objects.select_for_update(no_key=True).get(pk=member.account_id)
    current = Member.objects.filter(pk=member.pk).first()
    if current is None:
        raise MembershipRefused(_("%s is no longer a member.") % member.user.email)
    owners = Member.objects.filter(account=member.account_id, role=Role.OWNER).count()
    return current, owners
