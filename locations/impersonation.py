"""Impersonation: an operator views an account as its owner, for half an hour at most.

The operator stays signed in as themselves; only the result of ``current_user.principal_of``
changes. So pages about a user (password, e-mail, second factor) never show those of the owner.
``operator_access`` lists the few changes that a viewing operator may make. Start, end and reason
are in the audit log of the account, and actions in between are recorded with both names.
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
    """The account has no owner to view it as. ``str()`` is a sentence for operators."""


@dataclass(frozen=True)
class Viewing:
    """An impersonation, as stored in the operator's session."""

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
    """Return whether ``user`` is an operator with the permission to impersonate."""
    return isinstance(user, User) and user.is_staff and user.has_perm(PERMISSION)


def begin(request: HttpRequest, account: Account, reason: str, address: str | None) -> Viewing:
    """Start viewing ``account`` as its owner in this operator's session. The caller has checked
    ``may_view``. Raises NotViewable if all owners are staff."""
    owner = _owner_of(account.pk)
    if owner is None:
        raise NotViewable(_("This account has no owner who is not staff."))
    viewing = Viewing(account.pk, owner.email, timezone.now() + LENGTH)
    end(request, address)
    detail = f"{reason[:REASON_CHARACTERS]} (until {viewing.until:%H:%M} UTC at the latest)"
    with tenancy.everyone(), transaction.atomic():
        record(
            _named(request, address), account.pk, AccountVerb.VIEWED_AS_OWNER, owner.email, detail
        )
    request.session.cycle_key()
    request.session[_KEY] = {
        "account": str(viewing.account),
        "owner": viewing.owner,
        "until": viewing.until.timestamp(),
    }
    return viewing


def end(request: HttpRequest, address: str | None) -> UUID | None:
    """Stop viewing. Return the account that was viewed, if any."""
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
    """Return the impersonation stored in the session, even if its time is over."""
    kept = session.get(_KEY)
    if not isinstance(kept, dict):
        return None
    until = datetime.fromtimestamp(kept["until"], UTC)
    return Viewing(UUID(kept["account"]), kept["owner"], until)


def is_over(viewing: Viewing, user: User | AnonymousUser, now: datetime) -> bool:
    """Return whether the time is over, or the operator has lost the permission."""
    return now >= viewing.until or not may_view(user)


def principal_of_viewer(
    viewing: Viewing, user: User, now: datetime, address: str | None = None
) -> Principal | None:
    """Return the principal of a viewing operator; None if it is over or the owner is gone."""
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
    """Return the first owner of the account (or the one with ``email``) who is not staff."""
    with tenancy.everyone():  # authentication: no tenant is known yet
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
    """Return the operator under their own name, for the start and the end."""
    return operator(getattr(request.user, "email", ""), address)


def operator(email: str, address: str | None = None) -> Principal:
    """Return the principal for an operator's own actions in a customer's audit log."""
    return Principal(roles={}, name=f"Operator {email}", address=address)


@receiver(user_logged_out)
def _on_sign_out(sender: object, request: HttpRequest | None, **kwargs: object) -> None:
    if request is not None:
        end(request, None)
