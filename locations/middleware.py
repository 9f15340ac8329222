"""What every request passes through before its view."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext_lazy as _

from core import tenancy
from locations.current_user import principal_of
from locations.impersonation import in_session
from locations.models import User
from locations.principals import Principal

ADMIN = "admin"  # the app's name in the URL configuration


@sync_and_async_middleware
def tenant_scope(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """A request begins as nobody, whatever was open around it, and may touch the rows of
    whoever turns out to ask: a person (by the login), a key (once the API has let it in), an
    operator in the admin. A view that is open to the whole world has to say whose rows it is
    about. An answer that streams reads its rows before it is returned."""
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
    asker: object = request.user
    if isinstance(asker, Principal):  # a key, which the API has let in
        return frozenset(asker.account_ids)
    if not isinstance(asker, User):
        return None
    match = request.resolver_match
    if asker.is_active and asker.is_staff and match is not None and match.app_name == ADMIN:
        return tenancy.EVERYONE
    return frozenset(principal_of(request).account_ids)


class SignInRequired(LoginRequiredMiddleware):
    """Redirect anonymous requests to the sign-in page, except for public views (marked with
    ``login_not_required``) and for the admin, which redirects to its own sign-in."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is not None and match.app_name == ADMIN:
            return None
        response: HttpResponseBase | None = super().process_view(
            request, view_func, view_args, view_kwargs
        )
        return response


# About a person, not about the account: the page would be the operator's own.
_OWN = ("mfa_", "usersessions_", "account_email", "account_change_", "account_set_")
_OWN_NAMES = frozenset(
    {
        "account_new", "account_switch", "account_leave", "account_delete", "account_export",
        "account_reauthenticate", "audit_download", "invitation", "invitation_other",
        "mail_preferences",
    }
)  # fmt: skip
CLOSED = _("You are viewing this account as its owner. Stop that first: this page is about you.")


class OwnThingsStayClosed(MiddlewareMixin):
    """Refuses passwords, addresses, second steps, and what begins or ends an account."""

    def process_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Raises PermissionDenied."""
        match = request.resolver_match
        if match is None or in_session(request.session) is None:
            return
        if match.view_name in _OWN_NAMES or match.view_name.startswith(_OWN):
            raise PermissionDenied(CLOSED)
