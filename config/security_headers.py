"""Security headers: content security policy and transport security. Pure."""

from __future__ import annotations

from typing import Any, TypedDict
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

YEAR_SECONDS = 365 * 24 * 3600


class TransportSecurity(TypedDict):
    """Django's settings of these names."""

    SECURE_HSTS_SECONDS: int
    SECURE_HSTS_INCLUDE_SUBDOMAINS: bool
    SECURE_SSL_REDIRECT: bool
    SESSION_COOKIE_SECURE: bool


def content_security_policy(public_url: str) -> dict[str, Any]:
    """Return django-csp's setting: content from this site only, no inline code without the
    response's nonce, and no framing. It lists the site's WebSockets explicitly, because 'self' does
    not cover them in Safari before 15.4."""
    address = urlsplit(public_url)
    sockets = f"{'wss' if address.scheme == 'https' else 'ws'}://{address.netloc}"
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF, NONCE],
            "style-src": [SELF, NONCE],
            "img-src": [SELF, "data:"],
            "font-src": [SELF],
            "connect-src": [SELF, sockets],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
        }
    }


def transport_security(public_url: str, *, debug: bool) -> TransportSecurity:
    """Return Django's settings for HTTPS: redirect, secure cookies, and HSTS for a year if the URL
    is https. ``debug`` turns off HSTS, which browsers remember, and the redirect."""
    https = public_url.startswith("https://")
    strict = https and not debug
    return {
        "SECURE_HSTS_SECONDS": YEAR_SECONDS if strict else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": strict,
        "SECURE_SSL_REDIRECT": strict,
        "SESSION_COOKIE_SECURE": https,
    }
