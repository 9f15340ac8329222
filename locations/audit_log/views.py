"""The audit log page and its CSV download, for owners."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.web.decorators import form_page, page
from locations.access import ONLY_OWNERS
from locations.audit_log import content, queries
from locations.audit_log.forms import AuditFilterForm
from locations.current_user import principal_of
from locations.exports.views import ask_for_export
from locations.models import ExportKind


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
        "is_short": queries.is_short(rows),
        "filters": urlencode({name: value for name, value in filters.items() if value}),
    }
    return render(
        request, "locations/audit_log/audit_log.html", context, status=422 if form.errors else 200
    )


@form_page
def audit_download(request: HttpRequest) -> HttpResponse:
    """Return a short log as a CSV file at once; a POST requests an export of any length."""
    if principal_of(request).account is None:
        raise Http404("There is no account.")
    account_id = _owned(request)
    form = AuditFilterForm(queries.actors(account_id), request.GET)
    if not form.is_valid():
        return redirect("audit_log")
    filters = {name: str(value) for name, value in form.cleaned_data.items() if value}
    if request.method == "POST":
        return ask_for_export(request, account_id, ExportKind.AUDIT_LOG, filters)
    rows = queries.filtered(account_id, form.cleaned_data)
    if not queries.is_short(rows):
        messages.info(request, _("This log is long. Choose “Make a CSV file” below."))
        return redirect(f"{reverse('audit_log')}?{urlencode(filters)}")
    name = f"audit-log-{timezone.now():%Y-%m-%d}.csv"
    return HttpResponse(
        b"".join(queries.as_csv(rows)),  # bounded, so that no reader keeps a query open
        content_type=content.CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _owned(request: HttpRequest) -> UUID:
    """Return the current account. Raises PermissionDenied unless the user owns it."""
    principal = principal_of(request)
    if principal.account is None or not principal.owns(principal.account):
        raise PermissionDenied(ONLY_OWNERS)
    return principal.account
