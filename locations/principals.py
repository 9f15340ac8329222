"""The caller of a request: a user or an API key, with roles and scopes for each account."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser

from core import tenancy
from locations.models import ApiKey, Member, Role, Scope, User

_WRITERS = frozenset({Role.OWNER, Role.MEMBER})
EVERY_SCOPE = frozenset(Scope)


class Terms(NamedTuple):
    """The columns of an account's state; ``locations.plans.account_state`` interprets them."""

    state: str
    trial_ends_at: datetime | None


@dataclass(frozen=True)
class Principal:
    """The caller: their role in each of their accounts, and their name for the timeline.
    ``chosen``: the account they have selected; see ``account``."""

    roles: Mapping[uuid.UUID, Role]
    name: str
    user: User | None = None
    address: str | None = None  # the IP address, for the audit log
    chosen: uuid.UUID | None = None
    names: Mapping[uuid.UUID, str] = field(default_factory=dict)  # of the accounts
    closing: frozenset[uuid.UUID] = frozenset()  # accounts that are being deleted
    terms: Mapping[uuid.UUID, Terms] = field(default_factory=dict)  # of the accounts
    operator: str = ""  # the e-mail of an impersonating operator
    # The limits of a key. Users are limited by their role only.
    scopes: frozenset[Scope] = EVERY_SCOPE
    locations: frozenset[uuid.UUID] | None = None  # None: all locations of the account

    # Read by DRF and templates from ``request.user``.
    is_authenticated = True
    is_active = True

    @property
    def account_ids(self) -> list[uuid.UUID]:
        return list(self.roles)

    @property
    def account(self) -> uuid.UUID | None:
        """The current account: the chosen one if the caller is a member, else their first; None if
        they have none."""
        if self.chosen in self.roles:
            return self.chosen
        return next(iter(self.roles), None)

    @property
    def user_id(self) -> uuid.UUID | None:
        """The id of the user whose rights these are; None for keys and operators."""
        return None if self.user is None or self.operator else self.user.pk

    def may_write(self, account_id: uuid.UUID) -> bool:
        return self.roles.get(account_id) in _WRITERS and account_id not in self.closing

    def may_see_codes(self, account_id: uuid.UUID) -> bool:
        """Return whether the caller may see QR and pairing codes of the account: they link a phone,
        so only those who may manage numbers see them."""
        return self.may_write(account_id) and Scope.MANAGE in self.scopes

    @property
    def may_add(self) -> bool:
        """Whether the caller may add something to the current account."""
        return self.account is not None and self.may_write(self.account)

    def owns(self, account_id: uuid.UUID | None) -> bool:
        """Return whether the caller is an owner, even while the account is being deleted."""
        return account_id is not None and self.roles.get(account_id) is Role.OWNER


class Membership(NamedTuple):
    """A user's membership in one account."""

    account: uuid.UUID
    role: str
    name: str
    deleting_at: datetime | None
    last_seen_at: datetime | None
    state: str
    trial_ends_at: datetime | None


def memberships(user: User | AnonymousUser) -> list[Membership]:
    """Return the memberships of ``user``, oldest first. None if anonymous or inactive."""
    return memberships_of([user])[user.pk] if isinstance(user, User) else []


def memberships_of(users: Collection[User]) -> Mapping[uuid.UUID, list[Membership]]:
    """Return the memberships of each of ``users``, oldest first, by the id of the user. Inactive
    users have none."""
    found: dict[uuid.UUID, list[Membership]] = {user.pk: [] for user in users}
    active = [user.pk for user in users if user.is_active]
    if not active:
        return found
    with tenancy.everyone():  # authentication: no tenant is known yet
        rows = Member.objects.filter(user__in=active).order_by("created_at", "pk")
        for user_id, *columns in rows.values_list("user_id", *_MEMBERSHIP_COLUMNS):
            found[user_id].append(Membership(*columns))
    return found


_MEMBERSHIP_COLUMNS = (
    "account_id",
    "role",
    "account__name",
    "account__deleting_at",
    "last_seen_at",
    "account__state",
    "account__trial_ends_at",
)


def principal_of_user(
    user: User | AnonymousUser,
    chosen: uuid.UUID | None = None,
    address: str | None = None,
    rows: Sequence[Membership] | None = None,
) -> Principal:
    """Return the principal of a user with ``chosen`` as current account. Anonymous users have no
    accounts. ``rows``: the memberships, if they have been read already."""
    if not isinstance(user, User) or not user.is_active:
        return Principal(roles={}, name="", address=address)
    rows = memberships(user) if rows is None else rows
    return Principal(
        roles={row.account: Role(row.role) for row in rows},
        name=user.email,
        user=user,
        address=address,
        chosen=chosen,
        names={row.account: row.name for row in rows},
        closing=frozenset(row.account for row in rows if row.deleting_at is not None),
        terms={row.account: Terms(row.state, row.trial_ends_at) for row in rows},
    )


def principal_of_key(key: ApiKey, address: str | None = None) -> Principal:
    """Return the principal of an API key: it acts in its account, scopes and locations only."""
    scopes = frozenset(Scope(scope) for scope in key.scopes if scope in Scope)
    role = Role.VIEWER if scopes <= {Scope.READ} else Role.MEMBER
    location_ids = key.locations.values_list("pk", flat=True) if key.is_limited else None
    return Principal(
        roles={key.account_id: role},
        name=f"API key {key.name}",
        address=address,
        closing=frozenset() if key.account.deleting_at is None else frozenset({key.account_id}),
        scopes=scopes,
        locations=None if location_ids is None else frozenset(location_ids),
    )
