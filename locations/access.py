"""The tenant door: the only way from a person or a key to a row of tenant data.

Whatever the caller may not see does not exist for him (404); what he may see but not change
is refused (403). Rows of tenant data have an ``account`` and a ``TenantQuerySet``.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from locations.models import Account, TenantQuerySet
from locations.principals import Principal

ONLY_LOOKS = _(
    "Your role in this account is viewer. Ask an owner or member of the account to do this."
)
ONLY_OWNERS = _("Only owners of the account may do this. Ask one of them.")
NOT_FOR_OPERATORS = _(
    "You are viewing this account as its owner. Only the owner himself may do this: ask him to."
)
CLOSING = _("This account is being deleted. Nothing in it can be changed any more.")


def visible(queryset: TenantQuerySet, principal: Principal) -> TenantQuerySet:
    """The rows of ``queryset`` in the account that ``principal`` looks at."""
    account = principal.account
    return _within(queryset.of_accounts([] if account is None else [account]), principal)


def _within(rows: TenantQuerySet, principal: Principal) -> TenantQuerySet:
    """Those of the locations that a key is limited to."""
    return rows if principal.locations is None else rows.of_locations(principal.locations)


def find(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """The row with ``pk`` (a UUID or its text) in any account of ``principal``, else Http404: a
    link in a mail leads to it whichever account he looks at."""
    rows = _within(queryset.of_accounts(principal.account_ids), principal)
    row = rows.filter(pk=_uuid(pk)).first()
    if row is None:
        raise Http404("No such thing here.")
    return row


def find_writable(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """As ``find``; PermissionDenied when ``principal`` may see the row but not change it."""
    row = find(queryset, principal, pk)
    if not principal.may_write(row.account_id):
        raise _refusal(principal, row.account_id)
    return row


def find_owned(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """As ``find``; PermissionDenied unless ``principal`` owns the account of the row."""
    row = find(queryset, principal, pk)
    check_owner(principal, row.account_id)
    return row


def find_account(principal: Principal, pk: object) -> Account:
    """The account with ``pk`` if ``principal`` is a member of it, else Http404."""
    mine = Account.objects.filter(pk__in=principal.account_ids)
    account: Account | None = mine.filter(pk=_uuid(pk)).first()
    if account is None:
        raise Http404("No such thing here.")
    return account


def find_owned_account(principal: Principal, pk: object) -> Account:
    """As ``find_account``; PermissionDenied unless ``principal`` owns it and it may change."""
    account = find_account(principal, pk)
    check_owner(principal, account.pk)
    return account


def check_owner(principal: Principal, account_id: uuid.UUID) -> None:
    """Raises PermissionDenied unless ``principal`` owns the account and it may change."""
    if not principal.owns(account_id):
        raise PermissionDenied(ONLY_OWNERS)
    if principal.operator:
        raise PermissionDenied(NOT_FOR_OPERATORS)
    if account_id in principal.closing:
        raise PermissionDenied(CLOSING)


def _refusal(principal: Principal, account_id: uuid.UUID) -> PermissionDenied:
    return PermissionDenied(CLOSING if account_id in principal.closing else ONLY_LOOKS)


def _uuid(pk: object) -> uuid.UUID:
    try:
        return pk if isinstance(pk, uuid.UUID) else uuid.UUID(str(pk))
    except ValueError:
        raise Http404("No such thing here.") from None
