"""The views of the list of numbers and of a session's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from core.web.decorators import form_page, page, post_only
from locations.access import find_writable
from locations.current_user import principal_of
from locations.models import Location
from locations.plans.action_limits import TooOften
from locations.plans.entitlements import OverLimit
from locations.principals import Principal
from sessions_app import actions
from sessions_app.actions import LocationBusy
from sessions_app.forms import ConnectForm, DeviceNameForm, PairingForm
from sessions_app.models import NotPossible, Session
from sessions_app.models.session_queryset import SessionQuerySet
from sessions_app.pages import bulk_restart
from sessions_app.pages.live_parts import Reload, reload_element
from sessions_app.pages.live_updates import listing_parts, session_parts
from sessions_app.pages.number_list import Query, listing
from sessions_app.pages.session_page import SessionView, free_locations, opened, session_view
from sessions_app.proxies.forms import ProxyForm

Page = Callable[..., HttpResponse]
SessionAction = Callable[[Principal, Session], None]


def _rows() -> SessionQuerySet:
    rows: SessionQuerySet = Session.objects.select_related("location")
    return rows


@page
def numbers_page(request: HttpRequest) -> HttpResponse:
    found = listing(principal_of(request), Query.parse(request.GET))
    return render(request, "sessions_app/pages/number_list/numbers.html", {**found})


@page
def numbers_live(request: HttpRequest) -> HttpResponse:
    """Return the live parts of the list, for a page without an open socket."""
    found = listing(principal_of(request), Query.parse(request.GET))
    return HttpResponse("".join(listing_parts(found).values()))


@form_page
def numbers_restart(request: HttpRequest) -> HttpResponse:
    """Ask for confirmation to restart the selected numbers; a POST restarts them."""
    principal = principal_of(request)
    if request.method == "POST":
        result = bulk_restart.restart(
            principal, bulk_restart.listed_ids(request.POST.get("sessions", ""))
        )
        add = messages.warning if result.refused or not result.restarted else messages.success
        add(request, str(result) or gettext("No number was selected."))
        return redirect(_back(request.POST))
    rows = bulk_restart.selected(principal, request.GET)
    if not rows:
        messages.warning(request, gettext("First select the numbers that you want to restart."))
        return redirect(_back(request.GET))
    context = {
        "rows": rows,
        "ids": ",".join(str(row["session"]["id"]) for row in rows if row["session"]),
        "by_status": bulk_restart.by_status(rows).items(),
        "back": _back(request.GET),
        "query": Query.parse(request.GET),
    }
    return render(request, "sessions_app/pages/number_list/restart.html", context)


def _back(parameters: QueryDict) -> str:
    return reverse("numbers") + "?" + Query.parse(parameters).address


@sensitive_post_parameters("user", "password")  # of a proxy
@form_page
def connect_page(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    typed = request.POST if request.method == "POST" else None
    form, proxy_form = ConnectForm(typed), ProxyForm(typed, optional=True)
    refused: OverLimit | None = None
    if form.is_valid() and proxy_form.is_valid():
        location = find_writable(Location.objects.all(), principal, form.cleaned_data["location"])
        try:
            if proxy_form.works_for(location.account_id):
                session = actions.connect(principal, location, proxy_form.proxy)
                return redirect("session", session.pk)
        except (LocationBusy, TooOften) as error:
            form.add_error("location", str(error))
        except OverLimit as error:
            refused = error
    free = free_locations(principal)
    only = str(free[0].pk) if len(free) == 1 else ""
    context = {
        "form": form,
        "proxy_form": proxy_form,
        "free": free,
        "may_write": principal.may_add,
        "chosen": form["location"].value() or request.GET.get("location", "") or only,
        "refused": refused,
    }
    status = 422 if form.errors or proxy_form.errors or refused else 200
    return render(request, "sessions_app/pages/session/connect.html", context, status=status)


@page
def session_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    return render(
        request, "sessions_app/pages/session/session.html", {**opened(request, session_id)}
    )


@page
def session_live(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Return the live parts, for a page without an open socket."""
    view = session_view(principal_of(request), session_id)
    return _live_parts(request, view)


@post_only
def session_restart(request: HttpRequest, session_id: UUID) -> HttpResponse:
    return _act(request, session_id, actions.restart, gettext("Starting again."))


@form_page
def session_stop(request: HttpRequest, session_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _act(request, session_id, actions.stop, gettext("Stopping."))
    return _confirm(request, session_id, "sessions_app/pages/session/stop.html")


@form_page
def session_unlink(request: HttpRequest, session_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _act(request, session_id, actions.unlink, gettext("Unlinking."))
    return _confirm(request, session_id, "sessions_app/pages/session/unlink.html")


@form_page
def session_replace(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Ask for confirmation to use another number; a POST ends this session and begins another."""
    if request.method != "POST":
        return _confirm(request, session_id, "sessions_app/pages/session/replace.html")
    principal = principal_of(request)
    session = find_writable(_rows(), principal, session_id)
    try:
        fresh = actions.replace_number(principal, session)
    except (NotPossible, OverLimit) as error:
        messages.error(request, str(error))
        return redirect("session", session_id)
    messages.success(request, gettext("Scan the code with the phone of the other number."))
    return redirect("session", fresh.pk)


@form_page
def session_pairing(request: HttpRequest, session_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    session = find_writable(_rows(), principal, session_id)
    form = PairingForm(request.POST if request.method == "POST" else None)
    asked = False
    if request.method == "POST" and form.is_valid():
        try:
            actions.ask_pairing_code(principal, session, form.cleaned_data["phone"])
            asked = True
        except (NotPossible, TooOften) as error:
            form.add_error(None, str(error))
    if asked and not request.htmx:  # type: ignore[attr-defined]
        return redirect("session", session_id)
    context = {**opened(request, session_id), "pairing_form": form, "asked": asked}
    name = "_pairing.html" if request.htmx else "pairing.html"  # type: ignore[attr-defined]
    name = f"sessions_app/pages/session/{name}"
    return render(request, name, context, status=422 if form.errors else 200)


@form_page
def session_name(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show and change the name that the phone shows under Linked devices."""
    principal = principal_of(request)
    session = find_writable(_rows(), principal, session_id)
    form = DeviceNameForm(request.POST or None, initial={"name": session.device_name})
    if request.method == "POST" and form.is_valid():
        try:
            actions.name_device(principal, session, form.cleaned_data["name"])
            messages.success(request, gettext("Saved. Scan the new code."))
            return redirect("session", session_id)
        except (NotPossible, TooOften) as error:
            form.add_error(None, str(error))
    context = {**opened(request, session_id), "form": form}
    return render(
        request, "sessions_app/pages/session/name.html", context, status=422 if form.errors else 200
    )


def _act(request: HttpRequest, session_id: UUID, action: SessionAction, done: str) -> HttpResponse:
    """Run ``action`` on the session, then return the live parts for htmx, or redirect."""
    principal = principal_of(request)
    session = find_writable(_rows(), principal, session_id)
    try:
        action(principal, session)
        messages.success(request, done)
    except (NotPossible, TooOften) as error:
        messages.error(request, str(error))
    if request.htmx:  # type: ignore[attr-defined]
        view = session_view(principal, session_id)
        return _live_parts(request, view)
    return redirect("session", session_id)


def _live_parts(request: HttpRequest, view: SessionView) -> HttpResponse:
    context = {
        **view,
        "parts": session_parts(view),
        "messages_reload": reload_element(Reload.MESSAGES, session_id=view["session"]["id"]),
    }
    return render(request, "sessions_app/pages/session/_live.html", context)


def _confirm(request: HttpRequest, session_id: UUID, template: str) -> HttpResponse:
    """Return the page that explains the consequences and asks for confirmation."""
    principal = principal_of(request)
    find_writable(_rows(), principal, session_id)
    context: dict[str, Any] = {**opened(request, session_id)}
    return render(request, template, context)
