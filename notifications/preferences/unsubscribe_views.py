"""The pages behind the links that end mails. No sign-in leads here, and mail programs and mail
servers come, too: a GET changes nothing, and a POST needs nothing but the address (RFC 8058).

The address is all the right that there is, so nothing may keep or pass it on; see
``sessions_app/links/public_views.py`` for why Django's check of forged posts is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from core import tenancy
from locations.current_user import ip_address_of
from notifications.preferences import unsubscribe as unsubscribing
from notifications.preferences.unsubscribe import Broken, Link

Page = Callable[[HttpRequest, str], HttpResponse]
LinkPage = Callable[[HttpRequest, Link, str], HttpResponse]


def _behind(open_link: Callable[[str], Link]) -> Callable[[LinkPage], Page]:
    """The page with the link that its token opens, inside that account; the same answer for
    every token that is none, and a kind word for who has left."""

    def behind(page: LinkPage) -> Page:
        @login_not_required
        @csrf_exempt
        @never_cache
        @wraps(page)
        def answered(request: HttpRequest, token: str) -> HttpResponse:
            response = _answer(request, token, open_link, page)
            response["Referrer-Policy"] = "no-referrer"
            response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
            return response

        return answered

    return behind


def _answer(
    request: HttpRequest, token: str, open_link: Callable[[str], Link], page: LinkPage
) -> HttpResponse:
    try:
        link = open_link(token)
    except Broken:
        return render(request, "notifications/preferences/unsubscribe_broken.html", status=404)
    if link.member is None:
        return render(request, "notifications/preferences/unsubscribe.html", {"step": "left"})
    with tenancy.of_accounts([link.member.account_id]):
        return page(request, link, token)


@_behind(unsubscribing.opened)
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    if unsubscribing.must_get(link):
        return _shown(request, link, "must")
    if request.method != "POST":
        return _shown(request, link, "ask")
    return _shown(request, link, "ended", unsubscribing.end(link, ip_address_of(request)))


@_behind(unsubscribing.opened_undo)
@require_POST
def unsubscribe_undo(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    unsubscribing.undo(link, ip_address_of(request))
    return _shown(request, link, "resumed")


def _shown(request: HttpRequest, link: Link, step: str, undo: str = "") -> HttpResponse:
    context = {"link": link, "step": step, "undo": undo}
    return render(request, "notifications/preferences/unsubscribe.html", context)
