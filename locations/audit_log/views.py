"""The audit log page and its CSV download, for owners."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from core.web.decorators import page
from core.web.streaming import download
from locations.access import ONLY_OWNERS
from locations.audit_log import queries
from locations.audit_log.forms import AuditFilterForm
from locations.current_user import principal_of


@page
def audit_page(request: HttpRequest) -> HttpResponse:
    if principal_of(request).account is None:
        return redirect("account_new")
    account_id = _owned(request)
    form = AuditFilterForm(queries.actors(account_id), request.GET)
    filters: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    rows = queries.filtered(account_id, filters)
    context = {
        "form": form,
        "rows": queries.page(rows, request.GET.get("page", "1")),
        "filters": urlencode({name: value for name, value in filters.items() if value}),
    }
    return render(
        request, "locations/audit_log/audit_log.html", context, status=422 if form.errors else 200
    )


@page
def audit_download(request: HttpRequest) -> HttpResponseBase:
    if principal_of(request).account is None:
        raise Http404("There is no account.")
    account_id = _owned(request)
    form = AuditFilterForm(queries.actors(account_id), request.GET)
    if not form.is_valid():
        return redirect("audit_log")
    lines = queries.as_csv(queries.filtered(account_id, form.cleaned_data))
    name = f"audit-log-{timezone.now():%Y-%m-%d}.csv"
    return download(request, lines, "text/csv; charset=utf-8", name)


def _owned(request: HttpRequest) -> UUID:
    """Return the current account. Raises PermissionDenied unless the user owns it."""
    principal = principal_of(request)
    if principal.account is None or not principal.owns(principal.account):
        raise PermissionDenied(ONLY_OWNERS)
    return principal.account
