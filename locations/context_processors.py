"""Template context about the current account. Evaluated only where a template uses it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils import timezone

from locations.current_user import principal_of
from locations.impersonation import Viewing, in_session
from locations.models import User
from locations.plans.banner import Banner, banner_for


def account(request: HttpRequest) -> dict[str, Callable[[], object]]:
    """Return ``account_banner`` and ``viewing`` for a signed-in user; each may be None."""
    if not isinstance(getattr(request, "user", None), User):
        return {}
    return {"account_banner": lambda: _banner(request), "viewing": lambda: _viewing(request)}


def _banner(request: HttpRequest) -> Banner | None:
    principal = principal_of(request)
    terms = None if principal.account is None else principal.terms.get(principal.account)
    if terms is None:
        return None
    owns = principal.owns(principal.account)
    return banner_for(terms.state, terms.trial_ends_at, timezone.now(), owns=owns)


def _viewing(request: HttpRequest) -> Viewing | None:
    return in_session(request.session) if principal_of(request).operator else None
