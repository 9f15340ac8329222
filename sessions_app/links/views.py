"""The pages on which users create and revoke one-time links to a location's code."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.security import show_once
from core.web.decorators import form_page, post_only
from locations.access import find_writable
from locations.current_user import choose_account, principal_of
from locations.models import Location
from locations.plans.action_limits import TooOften
from sessions_app.links import actions
from sessions_app.links.actions import LIFETIMES, USUAL_LIFETIME
from sessions_app.models import ConnectLink, NotPossible


class LifetimeForm(forms.Form):
    """The lifetime of a link."""

    lifetime = forms.ChoiceField(
        label=_("It can be opened for"),
        choices=[("1h", _("1 hour")), ("24h", _("24 hours")), ("7d", _("7 days"))],
        initial=USUAL_LIFETIME,
    )


@post_only
def link_new(request: HttpRequest) -> HttpResponse:
    """Redirect from a list of locations to the links of the chosen one. It is a POST because the
    form has secrets in other fields, which must not get into a URL."""
    chosen = request.POST.get("location", "")
    if not chosen:
        messages.warning(request, gettext("Choose a location first."))
        return redirect("connect")
    location = find_writable(Location.objects.all(), principal_of(request), chosen)
    if request.POST.get("host"):
        text = gettext("Create the connection first, so that its proxy is set. Then send a link.")
        messages.warning(request, text)
        return redirect(f"{reverse('connect')}?location={location.pk}")
    return redirect("location_links", location.pk)


@form_page
def location_links(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """List the open links of a location; a POST creates one, which is then shown once."""
    principal = principal_of(request)
    location = find_writable(Location.objects.all(), principal, location_id)
    choose_account(request, location.account_id)
    form = LifetimeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            lifetime = LIFETIMES[form.cleaned_data["lifetime"]]
            _link, token = actions.create(principal, location, lifetime)
            address = request.build_absolute_uri(reverse("link", args=[token]))
            show_once.keep(request, location.pk, address)
            return redirect("location_links", location.pk)
        except (NotPossible, TooOften) as error:
            form.add_error(None, str(error))
    context = {
        "form": form,
        "location": location,
        "address": show_once.take(request, location.pk),
        "session": actions.live_session(location),
        "rows": actions.open_links(location),
    }
    return render(
        request, "sessions_app/links/links.html", context, status=422 if form.errors else 200
    )


@post_only
def link_revoke(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """End a link, also in the browser that has it open."""
    principal = principal_of(request)
    rows = ConnectLink.objects.select_related("location")
    link: ConnectLink = find_writable(rows, principal, link_id)
    actions.revoke(principal, link)
    messages.success(request, gettext("The link is revoked and can no longer be opened."))
    return redirect("location_links", link.location_id)
