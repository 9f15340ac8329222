"""Signing in, and the first account of somebody who has none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.views import LoginView
from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

View = Callable[..., HttpResponseBase]


class SignIn(LoginView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A part of a page that asks for a sign-in takes the whole page there."""
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(resolve_url("account_login"))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


def refusing(view: View) -> View:
    """``view``, which shows a form again that it does not take: with 422, as our own pages do."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        context = getattr(response, "context_data", None) or {}
        wrong = any(isinstance(form, forms.BaseForm) and form.errors for form in context.values())
        if request.method == "POST" and response.status_code == HTTPStatus.OK and wrong:
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response

    return answered
