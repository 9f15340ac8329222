"""The pages of unsubscribe links, which work without signing in.

Mail programs and mail servers request them, too: a GET changes nothing, and a POST needs nothing
but the URL (RFC 8058). The URL is the credential, so responses prevent that it is stored or passed
on. ``sessions_app/links/public_views.py`` explains why these views are exempt from CSRF checks.
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
from notifications.preferences.unsubscribe import (
    BrokenToken,
    UnsubscribeToken,
    end,
    must_get,
    read_token,
    read_undo_token,
    undo,
)

Page = Callable[[HttpRequest, str], HttpResponse]
TokenPage = Callable[[HttpRequest, UnsubscribeToken], HttpResponse]


def _with_token(read: Callable[[str], UnsubscribeToken]) -> Callable[[TokenPage], Page]:
    """Call the view with the content of its token, within the scope of that account.

    Every invalid token has the same response, and former members get a page that says so.
    """

    def decorate(page: TokenPage) -> Page:
        @login_not_required
        @csrf_exempt
        @never_cache
        @wraps(page)
        def view(request: HttpRequest, token: str) -> HttpResponse:
            response = _respond(request, token, read, page)
            response["Referrer-Policy"] = "no-referrer"
            response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
            return response

        return view

    return decorate


def _respond(
    request: HttpRequest, token: str, read: Callable[[str], UnsubscribeToken], page: TokenPage
) -> HttpResponse:
    try:
        link = read(token)
    except BrokenToken:
        return render(request, "notifications/preferences/unsubscribe_broken.html", status=404)
    if link.member is None:
        return render(request, "notifications/preferences/unsubscribe.html", {"step": "left"})
    with tenancy.of_accounts([link.member.account_id]):
        return page(request, link)


@_with_token(read_token)
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, link: UnsubscribeToken) -> HttpResponse:
    if must_get(link):
        return _render(request, link, "must")
    if request.method != "POST":
        return _render(request, link, "ask")
    return _render(request, link, "ended", end(link, ip_address_of(request)))


@_with_token(read_undo_token)
@require_POST
def unsubscribe_undo(request: HttpRequest, link: UnsubscribeToken) -> HttpResponse:
    undo(link, ip_address_of(request))
    return _render(request, link, "resumed")


def _render(
    request: HttpRequest, link: UnsubscribeToken, step: str, undo_token: str = ""
) -> HttpResponse:
    context = {"link": link, "step": step, "undo": undo_token}
    return render(request, "notifications/preferences/unsubscribe.html", context)
