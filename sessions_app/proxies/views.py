"""The page of a number's proxy."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from core.web.decorators import form_page, post_only
from locations.access import find_writable
from locations.current_user import principal_of
from sessions_app import actions
from sessions_app.models import NotPossible, Session
from sessions_app.pages.session_page import opened
from sessions_app.proxies.forms import ProxyForm


@sensitive_post_parameters("user", "password")
@form_page
def session_proxy(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show the number's proxy; a POST checks another one and stores it."""
    principal = principal_of(request)
    session = find_writable(Session.objects.select_related("location"), principal, session_id)
    stored = actions.stored_proxy(session)
    form = ProxyForm(request.POST if request.method == "POST" else None, stored=stored.address)
    if (
        request.method == "POST"
        and form.is_valid()
        and form.proxy is not None
        and form.works_for(session.account_id)
    ):
        try:
            actions.set_proxy(principal, session, form.proxy)
            messages.success(request, gettext("The proxy works and is used from now on."))
            return redirect("session", session_id)
        except NotPossible as error:
            form.add_error(None, str(error))
    context = {**opened(request, session_id), "form": form, "stored": stored}
    return render(
        request,
        "sessions_app/proxies/proxy.html",
        context,
        status=422 if form.errors else 200,
    )


@post_only
def session_proxy_remove(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Stop using a proxy."""
    principal = principal_of(request)
    session = find_writable(Session.objects.select_related("location"), principal, session_id)
    try:
        actions.remove_proxy(principal, session)
        messages.success(request, gettext("Removed. The number connects without a proxy."))
    except NotPossible as error:
        messages.error(request, str(error))
    return redirect("session", session_id)
