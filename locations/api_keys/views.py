"""The pages of API keys: the list for all members, the rest for owners."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.security import show_once
from core.web.decorators import form_page, page
from locations.access import find_owned, find_owned_account, visible
from locations.api_keys import actions
from locations.api_keys.forms import KeyForm, RotateForm
from locations.current_user import principal_of
from locations.models import ApiKey, Location
from locations.principals import Principal


@page
def key_list(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    now = timezone.now()
    context = {
        "rows": [
            {"key": key, "state": _state(key), "is_old_valid": _in_grace(key)}
            for key in actions.keys_of(principal)
        ],
        "now": now,
        "owns": principal.owns(principal.account),
    }
    return render(request, "locations/api_keys/list.html", context)


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.is_expired(timezone.now()) else "works"


def _in_grace(key: ApiKey) -> bool:
    return key.old_until is not None and key.old_until > timezone.now()


@form_page
def key_new(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    account = find_owned_account(principal, principal.account)
    locations = list(visible(Location.objects.order_by("name", "pk"), principal))
    form = KeyForm(request.POST if request.method == "POST" else None, locations=locations)
    if request.method == "POST" and form.is_valid():
        key, secret = actions.create(account, form.cleaned_data["name"], form.limits, principal)
        return _with_secret(request, key, secret)
    context = {"form": form, "locations": locations}
    return render(
        request, "locations/api_keys/new.html", context, status=422 if form.errors else 200
    )


@form_page
def key_rotate(request: HttpRequest, key_id: UUID) -> HttpResponse:
    principal, key = _owned(request, key_id)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _with_secret(request, key, actions.rotate(key, form.chosen, principal))
    context = {"form": form, "key": key}
    return render(
        request, "locations/api_keys/rotate.html", context, status=422 if form.errors else 200
    )


@page
def key_secret(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Show the secret of a new or rotated key once."""
    _principal, key = _owned(request, key_id)
    secret = show_once.take(request, key.pk)
    if not secret:
        text = _("The secret of %(name)s was shown when it was created. It cannot be shown again.")
        messages.info(request, text % {"name": key.name})
        return redirect("key_list")
    old_until = key.old_until if _in_grace(key) else None
    return render(
        request,
        "locations/api_keys/made.html",
        {"key": key, "secret": secret, "old_until": old_until},
    )


@form_page
def key_revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key after a confirmation."""
    principal, key = _owned(request, key_id)
    if request.method == "POST":
        actions.revoke(key, principal)
        messages.success(request, _("%(name)s was revoked.") % {"name": key.name})
        return redirect("key_list")
    return render(request, "locations/api_keys/revoke.html", {"key": key})


def _owned(request: HttpRequest, key_id: UUID) -> tuple[Principal, ApiKey]:
    """Return the caller and the key. Raises Http404 for a revoked key."""
    principal = principal_of(request)
    key: ApiKey = find_owned(ApiKey.objects.all(), principal, key_id)
    if key.revoked_at is not None:
        raise Http404("This key is revoked.")
    return principal, key


def _with_secret(request: HttpRequest, key: ApiKey, secret: str) -> HttpResponse:
    """Redirect to the page that shows ``secret`` once."""
    show_once.keep(request, key.pk, secret)
    return redirect("key_secret", key.pk)
