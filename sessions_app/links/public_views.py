"""The public pages of one-time links. They need no sign-in.

Their URLs contain a secret, so they send headers against caching, indexing and referrers. Without
a referrer, browsers send no origin with forms either, and Django's CSRF check would fail. It is
disabled here: a forged request would need the secret URL.
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
from locations.plans.action_limits import TooOften
from locations.plans.limits import OverLimit
from sessions_app.actions import LocationBusy
from sessions_app.forms import PairingForm
from sessions_app.links import actions
from sessions_app.links.actions import LinkUnavailable
from sessions_app.links.consumers import browser_of, cookie_name, link_parts
from sessions_app.models import ConnectLink, NotPossible

Page = Callable[[HttpRequest, str], HttpResponse]
LinkPage = Callable[[HttpRequest, ConnectLink, str], HttpResponse]


def _behind_link(page: LinkPage) -> Page:
    """Call ``page`` with the link of the token, in the scope of its account. Expired, used,
    revoked and unknown tokens get the same response."""

    @login_not_required
    @csrf_exempt
    @never_cache
    @wraps(page)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        link = actions.open_link(token)
        response = _gone(request)
        if link is not None:
            with tenancy.of_accounts([link.account_id]):
                try:
                    response = page(request, link, token)
                except LinkUnavailable:
                    response = _gone(request)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return opened


@_behind_link
@require_http_methods(["GET", "HEAD", "POST"])
def link_page(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    """Show a button that starts the session, then the code in the browser that pressed it."""
    if request.method == "POST":
        return _start(request, link, token)
    if not link.browser_hash and not actions.has_ended(link):
        return render(request, "sessions_app/links/start.html", {"link": link})
    _check_browser(request, link)
    context = {**actions.view_of(link), "token": token, "link": link}
    return render(request, "sessions_app/links/link.html", context)


@_behind_link
@require_safe
def link_live(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    """Return the live parts, for a page without an open socket."""
    _check_browser(request, link)
    return render(
        request, "sessions_app/links/_live.html", {"parts": link_parts(actions.view_of(link))}
    )


@_behind_link
@require_POST
def link_pairing(request: HttpRequest, link: ConnectLink, token: str) -> HttpResponse:
    """Request a code to type instead of one to scan."""
    _check_browser(request, link)
    form, asked = PairingForm(request.POST), False
    if form.is_valid():
        try:
            actions.ask_pairing_code(link, form.cleaned_data["phone"], ip_address_of(request))
            asked = True
        except (NotPossible, TooOften) as error:
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
    except TooOften as error:
        context = {"link": link, "wait": str(error)}
        return render(request, "sessions_app/links/not_now.html", context, status=429)
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
        raise LinkUnavailable


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "sessions_app/links/gone.html", status=404)
