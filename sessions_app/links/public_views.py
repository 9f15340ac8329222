"""The pages behind a one-time link, for whoever has the phone. No sign-in leads here.

They carry a secret in their address, so nothing may keep or pass it on: no store, no index, no
referrer. Without a referrer browsers send no origin with a form either, which Django's check of
forged posts needs; it is left out here, where it would protect nothing: who can forge a post to
the address knows the address.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import tenancy
from locations.current_user import ip_address_of
from locations.plans.limits import OverLimit
from sessions_app.actions import LocationBusy
from sessions_app.forms import PairingForm
from sessions_app.links import actions
from sessions_app.links.actions import NotYours
from sessions_app.links.consumers import browser_of, cookie_name, link_parts
from sessions_app.models import ConnectLink, NotPossible

Page = Callable[[HttpRequest, str], HttpResponse]
LinkPage = Callable[[HttpRequest, ConnectLink, str], HttpResponse]


def _behind_link(page: LinkPage) -> Page:
    """``page`` with the link that the token opens, inside its account; one and the same answer
    for a token that is expired, used, revoked or made up."""

    @login_not_required
    @csrf_exempt
    @never_cache
    @wraps(page)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        link = actions.usable(token)
        response = _gone(request)
        if link is not None:
            with tenancy.of_accounts([link.account_id]):
                try:
                    response = page(request, link, token)
                except NotYours:
                    response = _gone(request)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return opened


@_behind_link
@require_http_methods(["GET", "HEAD", "POST"])
def link_page(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    """One button, which starts; then the code, in the browser that pressed it."""
    if request.method == "POST":
        return _start(request, link, token)
    if not link.browser_hash and not actions.is_over(link):
        return render(request, "sessions_app/links/start.html", {"link": link})
    _check_browser(request, link)
    context = {**actions.view_of(link), "token": token, "link": link}
    return render(request, "sessions_app/links/link.html", context)


@_behind_link
@require_safe
def link_live(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    """The live parts, for a page whose socket is not open."""
    _check_browser(request, link)
    return render(
        request, "sessions_app/links/_live.html", {"parts": link_parts(actions.view_of(link))}
    )


@_behind_link
@require_POST
def link_pairing(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    """A code to type instead of one to scan."""
    _check_browser(request, link)
    form, asked = PairingForm(request.POST), False
    if form.is_valid():
        try:
            actions.ask_pairing_code(link, form.cleaned_data["phone"], ip_address_of(request))
            asked = True
        except NotPossible as error:
            form.add_error(None, str(error))
    part = request.htmx  # type: ignore[attr-defined]
    if asked and not part:
        return redirect("link", token)
    context = {**actions.view_of(link), "token": token, "link": link}
    context.update({"asked": asked, "pairing_form": None if asked else form})
    name = "sessions_app/links/_pairing.html" if part else "sessions_app/links/link.html"
    return render(request, name, context, status=422 if form.errors else 200)


def _start(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    browser = browser_of(link.pk, request.COOKIES) or secrets.token_urlsafe(32)
    try:
        actions.start(link, browser, ip_address_of(request))
    except (OverLimit, LocationBusy, NotPossible):
        return render(request, "sessions_app/links/not_now.html", {"link": link}, status=422)
    response = redirect("link", token)
    response.set_cookie(
        cookie_name(link.pk),
        browser,
        max_age=link.expires_at - timezone.now(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _check_browser(request: HttpRequest, link: ConnectLink) -> None:
    if not actions.belongs_to(link, browser_of(link.pk, request.COOKIES)):
        raise NotYours


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "sessions_app/links/gone.html", status=404)
