"""The tenant door: the only way from a person or a key to a row of tenant data.

Whatever the caller may not see does not exist for him (404); what he may see but not change
is refused (403). Rows of tenant data have an ``account`` and a ``TenantQuerySet``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from locations.models import ApiKey, Member, Role, Scope, TenantQuerySet, User

_WRITERS = frozenset({Role.OWNER, Role.MEMBER})
EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True)
class Principal:
    """Who asks: his role in each of his accounts, and the name for the timeline."""

    roles: Mapping[uuid.UUID, Role]
    name: str
    user: User | None = None
    address: str | None = None  # the IP address that the request came from, for the audit log
    # What a key is limited to. People are not: their role says what they may do.
    scopes: frozenset[Scope] = EVERY_SCOPE
    locations: frozenset[uuid.UUID] | None = None  # None: all of the account

    # DRF and templates ask these of whoever is in ``request.user``.
    is_authenticated = True
    is_active = True

    @property
    def account_ids(self) -> list[uuid.UUID]:
        return list(self.roles)

    def may_write(self, account_id: uuid.UUID) -> bool:
        return self.roles.get(account_id) in _WRITERS


def principal_of_user(user: User | AnonymousUser) -> Principal:
    """The principal of a signed-in user; an anonymous one has no accounts."""
    if not isinstance(user, User) or not user.is_active:
        return Principal(roles={}, name="")
    rows = Member.objects.filter(user=user).values_list("account_id", "role")
    return Principal({account: Role(role) for account, role in rows}, user.email, user)


def principal_of_key(key: ApiKey) -> Principal:
    """The principal of an API key: it acts in its own account, by its scopes, at its locations."""
    scopes = frozenset(Scope(scope) for scope in key.scopes if scope in Scope)
    role = Role.VIEWER if scopes <= {Scope.READ} else Role.MEMBER
    places = key.locations.values_list("pk", flat=True) if key.is_limited else None
    return Principal(
        roles={key.account_id: role},
        name=f"API key {key.name}",
        scopes=scopes,
        locations=None if places is None else frozenset(places),
    )


def visible(queryset: TenantQuerySet, principal: Principal) -> TenantQuerySet:
    """The rows of ``queryset`` that ``principal`` may see."""
    rows = queryset.of_accounts(principal.account_ids)
    return rows if principal.locations is None else rows.of_locations(principal.locations)


def find(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """The row with ``pk`` (a UUID or its text) if ``principal`` may see it, else Http404."""
    try:
        key = pk if isinstance(pk, uuid.UUID) else uuid.UUID(str(pk))
    except ValueError:
        raise Http404("No such thing here.") from None
    row = visible(queryset, principal).filter(pk=key).first()
    if row is None:
        raise Http404("No such thing here.")
    return row


def find_writable(queryset: TenantQuerySet, principal: Principal, pk: object) -> Any:
    """As ``find``; PermissionDenied when ``principal`` may see the row but not change it."""
    row = find(queryset, principal, pk)
    if not principal.may_write(row.account_id):
        raise PermissionDenied("You may look at this but not change it.")
    return row
