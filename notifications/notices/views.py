"""The list of notices, and the number of unread ones."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.web.decorators import page
from locations.current_user import principal_of
from notifications.notices.forms import NoticeFilterForm
from notifications.notices.inbox import kinds, listed, mark_read, unread


@page
def notices_page(request: HttpRequest) -> HttpResponse:
    """List the notices, and mark all of them as read."""
    principal = principal_of(request)
    form = NoticeFilterForm(kinds(principal), request.GET)
    chosen = form.cleaned_data if form.is_valid() else {"q": "", "kind": ""}
    rows = listed(
        principal, text=chosen["q"], kind=chosen["kind"], page=request.GET.get("page", "1")
    )
    if request.method == "GET":
        mark_read(principal)
    filters = urlencode({name: value for name, value in chosen.items() if value})
    context = {"form": form, "rows": rows, "filters": filters}
    return render(
        request, "notifications/notices/notices.html", context, status=422 if form.errors else 200
    )


@page
def unread_notices(request: HttpRequest) -> HttpResponse:
    """Return the link with the number of unread notices; 204 if ``shown`` is up to date."""
    count = unread(principal_of(request))
    if request.GET.get("shown") == str(count):
        return HttpResponse(status=204)
    return render(request, "notifications/notices/_unread.html", {"unread": count})
