"""The doors of the bell: how many notices are unread, and the list of all."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.web.decorators import page
from locations.current_user import principal_of
from notifications.notices.forms import NewsFilterForm
from notifications.notices.inbox import kinds, listed, mark_read, unread


@page
def notices_page(request: HttpRequest) -> HttpResponse:
    """Who opens it has read all that there is."""
    principal = principal_of(request)
    form = NewsFilterForm(kinds(principal), request.GET)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "kind": ""}
    rows = listed(principal, text=asked["q"], kind=asked["kind"], page=request.GET.get("page", "1"))
    if request.method == "GET":
        mark_read(principal)
    filters = urlencode({name: value for name, value in asked.items() if value})
    context = {"form": form, "rows": rows, "filters": filters}
    return render(
        request, "notifications/notices/notices.html", context, status=422 if form.errors else 200
    )


@page
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, for pages that are open; nothing (204) when it shows that already."""
    count = unread(principal_of(request))
    if request.GET.get("shown") == str(count):
        return HttpResponse(status=204)
    return render(request, "notifications/notices/_bell.html", {"unread": count})
