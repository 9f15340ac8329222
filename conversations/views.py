"""The doors of a session's messages: the list, and a text to send."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from conversations.forms import MessageForm
from conversations.ledger import LedgerError, queue_text
from conversations.reading import recent_messages
from locations.access import find, find_writable, principal_of_user
from sessions_app.models import Session
from sessions_app.reading import session_view


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def messages_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The list of messages as a part; a POST queues a text."""
    if request.method == "POST":
        return _send(request, session_id)
    session = find(Session.objects.all(), principal_of_user(request.user), session_id)
    context = {"session_id": session.pk, "rows": recent_messages(session.pk)}
    return render(request, "conversations/_list.html", context)


def _send(request: HttpRequest, session_id: UUID) -> HttpResponse:
    principal = principal_of_user(request.user)
    session = find_writable(Session.objects.all(), principal, session_id)
    form = MessageForm(request.POST)
    if form.is_valid():
        try:
            queue_text(session, **form.cleaned_data, by=principal.name)
        except LedgerError as error:
            form.add_error(None, str(error))
    if form.errors:
        return _again(request, session_id, form)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("session", session_id)
    fresh = MessageForm.for_the_next(form.data["to"])
    context = {"session_id": session_id, "form": fresh, "rows": recent_messages(session_id)}
    return render(request, "conversations/_sent.html", context)


def _again(request: HttpRequest, session_id: UUID, form: MessageForm) -> HttpResponse:
    """The form with what was typed and what is wrong with it."""
    if request.htmx:  # type: ignore[attr-defined]
        context = {"session_id": session_id, "form": form}
        return render(request, "conversations/_form.html", context, status=422)
    view = session_view(principal_of_user(request.user), session_id)
    return render(request, "sessions/session.html", {**view, "message_form": form}, status=422)
