"""What every page knows about the account that is looked at. Read only where it is shown."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils import timezone

from locations.current_user import principal_of
from locations.impersonation import Viewing, in_session
from locations.models import User
from locations.plans.banner import Notice, notice


def account(request: HttpRequest) -> dict[str, Callable[[], object]]:
    """``account_notice`` and ``viewing`` of whoever is signed in, each None when there is none."""
    if not isinstance(getattr(request, "user", None), User):
        return {}
    return {"account_notice": lambda: _notice(request), "viewing": lambda: _viewing(request)}


def _notice(request: HttpRequest) -> Notice | None:
    principal = principal_of(request)
    terms = None if principal.account is None else principal.terms.get(principal.account)
    if terms is None:
        return None
    owns = principal.owns(principal.account)
    return notice(terms.state, terms.trial_ends_at, timezone.now(), owns=owns)


def _viewing(request: HttpRequest) -> Viewing | None:
    return in_session(request.session) if principal_of(request).operator else None
