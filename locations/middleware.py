"""Middleware: the tenant scope, required sign-in, and pages closed to impersonation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext_lazy as _

from core import tenancy
from locations.current_user import principal_of
from locations.impersonation import in_session
from locations.models import User
from locations.principals import Principal

ADMIN = "admin"  # the app's name in the URL configuration


@sync_and_async_middleware
def tenant_scope(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Limit each request to the rows of its caller: a signed-in user, an authenticated API key, or
    all rows for an operator in the admin.

    Requests start without a scope, whatever was open before. Public views must open one
    themselves. A streaming response must read its rows before it is returned."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            with tenancy.decided_by(lambda: _scope_of(request)):
                awaited: Awaitable[HttpResponseBase] = get_response(request)
                return await awaited

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        with tenancy.decided_by(lambda: _scope_of(request)):
            response: HttpResponseBase = get_response(request)
            return response

    return answer


def _scope_of(request: HttpRequest) -> tenancy.Scope:
    caller: object = request.user
    if isinstance(caller, Principal):  # an authenticated API key
        return frozenset(caller.account_ids)
    if not isinstance(caller, User):
        return None
    match = request.resolver_match
    if caller.is_active and caller.is_staff and match is not None and match.app_name == ADMIN:
        return tenancy.EVERYONE
    return frozenset(principal_of(request).account_ids)


# Pages about a user and not about the account would show the operator's own data.
_OWN = ("mfa_", "usersessions_", "account_email", "account_change_", "account_set_")
_OWN_NAMES = frozenset(
    {
        "account_new", "account_switch", "account_leave", "account_delete", "account_export",
        "account_reauthenticate", "audit_download", "invitation", "invitation_other",
        "mail_preferences",
    }
)  # fmt: skip
CLOSED = _("You are viewing this account as its owner. Stop viewing first: this page is about you.")


class PageAccess(LoginRequiredMiddleware):
    """Decides who may open a page, before its view runs.

    One class, because an async server runs each ``process_view`` on another thread, which costs
    a switch there and back for every request.
    """

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Redirect anonymous requests to the sign-in page, except for public views (marked with
        ``login_not_required``) and for the admin, which redirects to its own sign-in. Raise
        PermissionDenied for the pages that are closed to an operator who is impersonating."""
        match = request.resolver_match
        if match is None:
            return None
        if match.app_name != ADMIN:
            redirect: HttpResponseBase | None = super().process_view(
                request, view_func, view_args, view_kwargs
            )
            if redirect is not None:
                return redirect
        if in_session(request.session) is not None and _is_personal(match.view_name):
            raise PermissionDenied(CLOSED)
        return None


def _is_personal(view_name: str) -> bool:
    return view_name in _OWN_NAMES or view_name.startswith(_OWN)
