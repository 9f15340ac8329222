"""Changes to allauth's views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.views import ConfirmEmailView, LoginView, PasswordResetFromKeyView
from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

View = Callable[..., HttpResponseBase]


class SignIn(LoginView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect the whole page if the sign-in is requested for a part of it."""
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(resolve_url("account_login"))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class _OpenedByScanners:
    """A page behind a mailed link. Mail scanners open it, so only its form signs out a browser in
    which another user is signed in."""

    request: HttpRequest

    def logout(self) -> None:
        if self.request.method == "POST":
            super().logout()  # type: ignore[misc]


class ConfirmAddress(_OpenedByScanners, ConfirmEmailView):  # type: ignore[misc]
    """Confirm an e-mail address."""


class NewPassword(_OpenedByScanners, PasswordResetFromKeyView):  # type: ignore[misc]
    """Choose a new password."""


def with_422(view: View) -> View:
    """Wrap ``view`` to respond with status 422 when it shows a form with errors again."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        context = getattr(response, "context_data", None) or {}
        invalid = any(isinstance(form, forms.BaseForm) and form.errors for form in context.values())
        if request.method == "POST" and response.status_code == HTTPStatus.OK and invalid:
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response

    return wrapped
