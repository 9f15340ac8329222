"""The views of the overview and of a session's messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conversations.actions import NotReady, send
from conversations.dashboard.overview import overview
from conversations.forms import MessageForm
from conversations.queries import MessagePage, messages_of
from core.web.decorators import form_page, page
from locations.access import find_writable
from locations.current_user import principal_of
from sessions_app.models import Session
from sessions_app.pages.live_updates import summary_parts
from sessions_app.pages.session_page import session_view
from sessions_app.pages.summary import summary


@page
def overview_page(request: HttpRequest) -> HttpResponse:
    if principal_of(request).account is None:
        return redirect("account_new")
    principal = principal_of(request)
    found = overview(principal, request.GET.get("uptime", "1"))
    return render(
        request, "conversations/dashboard/overview.html", {**found, "principal": principal}
    )


@page
def overview_live(request: HttpRequest) -> HttpResponse:
    """Return the live parts of the overview, for a page without an open socket."""
    principal = principal_of(request)
    parts = summary_parts(summary(principal), principal, first="first" in request.GET)
    return HttpResponse("".join(parts.values()))


@form_page
def messages_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """List the messages page by page, or return the list alone to htmx; a POST queues a text."""
    if request.method == "POST":
        return _send(request, session_id)
    view = session_view(principal_of(request), session_id)
    before = request.GET.get("before", "")
    found = messages_of(session_id, before)
    context = {**view, **_list(session_id, found), "before": before}
    part = request.htmx  # type: ignore[attr-defined]
    name = "conversations/_list.html" if part else "conversations/messages.html"
    return render(request, name, context)


def _list(session_id: UUID, found: MessagePage) -> dict[str, Any]:
    return {"session_id": session_id, "rows": found.rows, "older": found.older}


def _send(request: HttpRequest, session_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    session = find_writable(Session.objects.select_related("location"), principal, session_id)
    form = MessageForm(request.POST)
    if form.is_valid():
        try:
            send(principal, session, **form.cleaned_data)
        except NotReady as error:
            form.add_error(None, str(error))
    if form.errors:
        return _with_errors(request, session_id, form)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("session", session_id)
    fresh = MessageForm.for_the_next(form.data["to"])
    context = {**_list(session_id, messages_of(session_id)), "form": fresh}
    return render(request, "conversations/_sent.html", context)


def _with_errors(request: HttpRequest, session_id: UUID, form: MessageForm) -> HttpResponse:
    """Return the form with its errors: alone to htmx, otherwise in the session page."""
    if request.htmx:  # type: ignore[attr-defined]
        context = {"session_id": session_id, "form": form}
        return render(request, "conversations/_form.html", context, status=422)
    view = session_view(principal_of(request), session_id)
    return render(
        request,
        "sessions_app/pages/session/session.html",
        {**view, "message_form": form},
        status=422,
    )
