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

from core import tenancy
from locations.current_user import principal_of
from locations.impersonation import in_session
from locations.models import User
from locations.operator_access import why_not
from locations.principals import Principal

ADMIN = "admin"  # the app's name in the URL configuration


@sync_and_async_middleware
def tenant_scope(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Limit each request to the rows of its caller: a signed-in user, an authenticated API key, or
    all rows for an operator in the admin.

    Requests start without a scope, whatever was open before. Public views must open one
    themselves. A response reads its rows before it is returned; only files are streamed."""
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
        PermissionDenied for what is closed to an operator who is impersonating."""
        match = request.resolver_match
        if match is None:
            return None
        if match.app_name != ADMIN:
            redirect: HttpResponseBase | None = super().process_view(
                request, view_func, view_args, view_kwargs
            )
            if redirect is not None:
                return redirect
        if match.app_name != ADMIN and in_session(request.session) is not None:
            refusal = why_not(match.view_name or "", request.method or "")
            if refusal is not None:
                raise PermissionDenied(refusal)
        return None
