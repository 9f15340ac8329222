"""The pages of an account's locations: list, add, change, delete."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.web.decorators import form_page, page
from locations import actions
from locations.access import find_writable, visible
from locations.current_user import principal_of
from locations.forms import LocationForm
from locations.models import Location
from locations.plans.entitlements import OverLimit

ROWS_A_PAGE = 25


@page
def location_list(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    rows = visible(Location.objects.order_by("name", "pk"), principal)
    context = {
        "rows": Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page", "1")),
        "may_write": principal.may_add,
    }
    return render(request, "locations/list.html", context)


@form_page
def location_new(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    account = actions.account_to_add_to(principal)
    form = LocationForm(request.POST if request.method == "POST" else None)
    refused: OverLimit | None = None
    if request.method == "POST" and form.is_valid():
        try:
            location = actions.add(account, **form.cleaned_data, by=principal)
            messages.success(request, _("Added. Now link its number."))
            return redirect(f"{reverse('connect')}?location={location.pk}")
        except actions.GhlIdTaken as error:
            form.add_error("ghl_id", str(error))
        except OverLimit as error:
            refused = error
    status = 422 if form.errors or refused else 200
    return render(request, "locations/new.html", {"form": form, "refused": refused}, status=status)


@form_page
def location_change(request: HttpRequest, location_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    location: Location = find_writable(Location.objects.all(), principal, location_id)
    known = {"name": location.name, "ghl_id": location.ghl_id}
    form = LocationForm(request.POST if request.method == "POST" else None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(location, **form.cleaned_data, by=principal)
            messages.success(request, _("Saved."))
            return redirect("location_list")
        except actions.GhlIdTaken as error:
            form.add_error("ghl_id", str(error))
    context = {"form": form, "location": location, "name": known["name"]}
    return render(request, "locations/change.html", context, status=422 if form.errors else 200)


@form_page
def location_delete(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """Delete a location after a confirmation."""
    principal = principal_of(request)
    location: Location = find_writable(Location.objects.all(), principal, location_id)
    held = ""
    try:
        if request.method == "POST":
            actions.delete(location, by=principal)
            messages.success(request, _("%(name)s was deleted.") % {"name": location.name})
            return redirect("location_list")
        if actions.is_held(location.pk):
            raise actions.StillLinked
    except actions.StillLinked as error:
        held = str(error)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "locations/delete.html", {"location": location, "held": held}, status=status
    )
