"""Access control: the only way from a principal to a row of tenant data.

Rows that the caller may not see do not exist for them (404); changing a row that they may only see
is refused (403). Tenant data has an ``account`` and a ``TenantQuerySet``.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from locations.models import Account, TenantQuerySet
from locations.principals import Principal

READ_ONLY = _(
    "Your role in this account is viewer. Ask an owner or member of the account to do this."
)
ONLY_OWNERS = _("Only owners of the account may do this. Ask one of them.")
NOT_FOR_OPERATORS = _(
    "You are viewing this account as its owner. Only the owner can do this: ask them to."
)
CLOSING = _("This account is being deleted and can no longer be changed.")


def visible(queryset: TenantQuerySet, principal: Principal) -> TenantQuerySet:
    """Return the rows of ``queryset`` in the current account of ``principal``."""
    return visible_in(queryset, principal, principal.account)


def visible_in(
    queryset: TenantQuerySet, principal: Principal, account_id: uuid.UUID | None
) -> TenantQuerySet:
    """Return the rows of ``queryset`` in one account of ``principal``, current or not; none for
    the account of others."""
    known = [known for known in principal.account_ids if known == account_id]
    return _within(queryset.of_accounts(known), principal)


def _within(rows: TenantQuerySet, principal: Principal) -> TenantQuerySet:
    """Limit the rows to the locations of the key, if it is limited, and leave out those of a
    location or webhook that is being deleted."""
    present = rows.present()
    return present if principal.locations is None else present.of_locations(principal.locations)


def find(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """Return the row with ``pk`` (a UUID or its text) from any account of ``principal``, so that
    links in mails work whatever the current account is. Raises Http404."""
    rows = _within(queryset.of_accounts(principal.account_ids), principal)
    row = rows.filter(pk=_uuid(pk)).first()
    if row is None:
        raise Http404("Not found.")
    return row


def find_writable(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """Like ``find``. Raises PermissionDenied if ``principal`` may not change the row."""
    row = find(queryset, principal, pk)
    if not principal.may_write(row.account_id):
        raise _refusal(principal, row.account_id)
    return row


def find_owned(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """Like ``find``. Raises PermissionDenied unless ``principal`` owns the account of the row."""
    row = find(queryset, principal, pk)
    check_owner(principal, row.account_id)
    return row


def find_account(principal: Principal, pk: object) -> Account:
    """Return the account with ``pk``. Raises Http404 unless ``principal`` is a member."""
    mine = Account.objects.filter(pk__in=principal.account_ids)
    account: Account | None = mine.filter(pk=_uuid(pk)).first()
    if account is None:
        raise Http404("Not found.")
    return account


def find_owned_account(principal: Principal, pk: object) -> Account:
    """Like ``find_account``. Raises PermissionDenied as ``check_owner`` does."""
    account = find_account(principal, pk)
    check_owner(principal, account.pk)
    return account


def check_owner(principal: Principal, account_id: uuid.UUID) -> None:
    """Raise PermissionDenied unless ``principal`` owns the account and it can be changed."""
    if not principal.owns(account_id):
        raise PermissionDenied(ONLY_OWNERS)
    if principal.operator:
        raise PermissionDenied(NOT_FOR_OPERATORS)
    if account_id in principal.closing:
        raise PermissionDenied(CLOSING)


def _refusal(principal: Principal, account_id: uuid.UUID) -> PermissionDenied:
    return PermissionDenied(CLOSING if account_id in principal.closing else READ_ONLY)


def _uuid(pk: object) -> uuid.UUID:
    try:
        return pk if isinstance(pk, uuid.UUID) else uuid.UUID(str(pk))
    except ValueError:
        raise Http404("Not found.") from None
