"""An operator looks at an account as its owner: for half an hour, seen by the customer.

The operator stays who he is; only what ``current.principal_of`` answers changes. So whatever is
about a person (password, e-mail, second step) is never the owner's, and what only an owner may
do is refused by the door (``access.check_owner``). Start and end are in the account's audit log
with the reason, and what is done meanwhile with both names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from core import tenancy
from locations.audit import AccountVerb, record
from locations.models import Account, Member, Role, User
from locations.principals import Principal, Terms

LENGTH = timedelta(minutes=30)
PERMISSION = "locations.view_as_owner"
REASON_CHARACTERS = 140
_KEY = "viewing"  # in the session


class NotViewable(Exception):
    """Nobody is there to be viewed as; ``str()`` says why."""


@dataclass(frozen=True)
class Viewing:
    """What the session of a viewing operator holds."""

    account: UUID
    owner: str  # e-mail
    until: datetime


class _Owner(NamedTuple):
    email: str
    account: str
    deleting_at: datetime | None
    state: str
    trial_ends_at: datetime | None


def may_view(user: User | AnonymousUser) -> bool:
    """Whether ``user`` is an operator with the right to view accounts as their owners."""
    return isinstance(user, User) and user.is_staff and user.has_perm(PERMISSION)


def begin(request: HttpRequest, account: Account, reason: str, address: str | None) -> Viewing:
    """From now on this login of an operator sees ``account`` as its owner does. The caller has
    checked ``may_view``. Raises NotViewable when no owner is left who is not staff."""
    owner = _owner_of(account.pk)
    if owner is None:
        raise NotViewable(_("This account has no owner who is not staff himself."))
    viewing = Viewing(account.pk, owner.email, timezone.now() + LENGTH)
    end(request, address)
    told = f"{reason[:REASON_CHARACTERS]} (until {viewing.until:%H:%M} UTC at the latest)"
    with tenancy.everyone(), transaction.atomic():
        record(_named(request, address), account.pk, AccountVerb.VIEWED_AS_OWNER, owner.email, told)
    request.session.cycle_key()
    request.session[_KEY] = {
        "account": str(viewing.account),
        "owner": viewing.owner,
        "until": viewing.until.timestamp(),
    }
    return viewing


def end(request: HttpRequest, address: str | None) -> UUID | None:
    """Back to what the operator himself may see; the account that he viewed, if he did."""
    viewing = in_session(request.session)
    if viewing is None:
        return None
    del request.session[_KEY]
    request.session.cycle_key()
    with tenancy.everyone():
        if Account.objects.filter(pk=viewing.account).exists():
            record(
                _named(request, address),
                viewing.account,
                AccountVerb.STOPPED_VIEWING,
                viewing.owner,
            )
    return viewing.account


def in_session(session: Any) -> Viewing | None:
    """What the login says, whether its time is over or not; None when it views nobody."""
    kept = session.get(_KEY)
    if not isinstance(kept, dict):
        return None
    until = datetime.fromtimestamp(kept["until"], UTC)
    return Viewing(UUID(kept["account"]), kept["owner"], until)


def is_over(viewing: Viewing, user: User | AnonymousUser, now: datetime) -> bool:
    """Whether its half hour has passed, or the operator has lost the right to it."""
    return now >= viewing.until or not may_view(user)


def principal_of_viewer(
    viewing: Viewing, user: User, now: datetime, address: str | None = None
) -> Principal | None:
    """Who a viewing operator is to the account; None when it is over or has no owner left."""
    owner = None if is_over(viewing, user, now) else _owner_of(viewing.account, viewing.owner)
    if owner is None:
        return None
    account = viewing.account
    return Principal(
        roles={account: Role.OWNER},
        name=f"{user.email} as {owner.email}",
        user=user,
        address=address,
        chosen=account,
        names={account: owner.account},
        closing=frozenset() if owner.deleting_at is None else frozenset({account}),
        terms={account: Terms(owner.state, owner.trial_ends_at)},
        operator=user.email,
    )


def _owner_of(account_id: UUID, email: str | None = None) -> _Owner | None:
    """The account's first owner (or the one with ``email``) who is no operator himself."""
    with tenancy.everyone():  # the door itself: here it is found out whose rows may be seen
        rows = Member.objects.filter(
            account=account_id, role=Role.OWNER, user__is_active=True, user__is_staff=False,
            user__is_superuser=False,
        )  # fmt: skip
        if email is not None:
            rows = rows.filter(user__email=email)
        found = rows.order_by("created_at", "pk").values_list(
            "user__email", "account__name", "account__deleting_at", "account__state",
            "account__trial_ends_at",
        )  # fmt: skip
        row = found.first()
    return None if row is None else _Owner(*row)


def _named(request: HttpRequest, address: str | None) -> Principal:
    """The operator by his own name, for the start and the end."""
    return operator(getattr(request.user, "email", ""), address)


def operator(email: str, address: str | None = None) -> Principal:
    """How an operator's own acts stand in a customer's audit log."""
    return Principal(roles={}, name=f"Operator {email}", address=address)


@receiver(user_logged_out)
def _on_sign_out(sender: object, request: HttpRequest | None, **kwargs: object) -> None:
    if request is not None:
        end(request, None)
