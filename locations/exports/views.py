"""The pages of exports, for owners: request one, follow its progress, download it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core.web.decorators import page
from core.web.streaming import TooManyDownloads, download
from locations.access import find_owned
from locations.current_user import choose_account, principal_of
from locations.exports import actions
from locations.exports.contents import content_of, file_name
from locations.models import Export, ExportKind


def ask_for_export(
    request: HttpRequest,
    account_id: UUID,
    kind: ExportKind,
    filters: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Request an export of an account that the user owns, and go to its page. If that is refused,
    go to the export that is being written, or to the page of the account, with the reason."""
    try:
        export = actions.ask(principal_of(request), account_id, kind, filters or {})
    except actions.ExportRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect("export", refusal.export.pk) if refusal.export else redirect("account_page")
    return redirect("export", export.pk)


def _found(request: HttpRequest, export_id: UUID) -> Export:
    export: Export = find_owned(Export.objects.all(), principal_of(request), export_id)
    return export


@page
def export_page(request: HttpRequest, export_id: UUID) -> HttpResponse:
    export = _found(request, export_id)
    choose_account(request, export.account_id)
    return render(request, "locations/exports/export.html", {"export": export})


@page
def export_live(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Return the part that changes, or 204 while it is as the page shows it."""
    export = _found(request, export_id)
    shown = (request.GET.get("state"), request.GET.get("written"))
    if shown == (export.state, str(export.written)):
        return HttpResponse(status=204)
    return render(request, "locations/exports/_state.html", {"export": export})


@never_cache
@require_GET  # no HEAD: each request is recorded as a download in the audit log
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    export = _found(request, export_id)
    content_type = content_of(export.kind).content_type
    try:
        path = actions.file_of(export)
        response = download(request, path, content_type, file_name(export))
    except (actions.NoExportFile, TooManyDownloads) as error:
        messages.error(request, str(error))
        return redirect("export", export.pk)
    actions.record_download(principal_of(request), export)
    return response
