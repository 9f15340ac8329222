"""The view decorators. Sign-in is required by default (``LoginRequiredMiddleware``);
a public view adds Django's ``login_not_required``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def page(view: View) -> View:
    """Serve a page that only reads: GET and HEAD, never cached."""
    return _never_cached(view, "GET", "HEAD")


def form_page(view: View) -> View:
    """Serve a page with a form: GET, HEAD and POST, never cached."""
    return _never_cached(view, "GET", "HEAD", "POST")


def post_only(view: View) -> View:
    """Serve an action: POST, never cached."""
    return _never_cached(view, "POST")


def _never_cached(view: View, *methods: str) -> View:
    return never_cache(require_http_methods(list(methods))(view))
