"""A mail provider: it reports bounces, and sends mails if its API key is set.

Uses django-anymail, an optional dependency that is imported only when EMAIL_PROVIDER is set.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, path

KEYS = {
    "postmark": "POSTMARK_SERVER_TOKEN",
    "brevo": "BREVO_API_KEY",
    "resend": "RESEND_API_KEY",
    "sparkpost": "SPARKPOST_API_KEY",
}
"""The providers by name, with django-anymail's setting for the API key of each."""

_VIEWS = {
    "postmark": "PostmarkTrackingWebhookView",
    "brevo": "BrevoTrackingWebhookView",
    "resend": "ResendTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
}


def provider_settings(
    provider: str, key: str, webhook_secret: str, find: Callable[[str], Any] = find_spec
) -> dict[str, Any]:
    """Return Django's settings for ``provider`` (one of ``KEYS``, or "" for none). Raises
    ImproperlyConfigured when django-anymail is not installed, or no secret protects its webhook."""
    if not provider:
        return {}
    if find("anymail") is None:
        raise ImproperlyConfigured(
            "EMAIL_PROVIDER needs django-anymail. Install it: "
            ".venv/bin/python -m pip install 'django-anymail~=15.2'"
        )
    if ":" not in webhook_secret.strip(":"):
        raise ImproperlyConfigured(
            "EMAIL_WEBHOOK_SECRET must be set with EMAIL_PROVIDER, as name:password. "
            "Without it, anyone could report bounces."
        )
    found: dict[str, Any] = {
        "ANYMAIL": {"WEBHOOK_SECRET": webhook_secret, "IGNORE_RECIPIENT_STATUS": True}
    }
    if key:
        found["ANYMAIL"][KEYS[provider]] = key
        found["EMAIL_BACKEND"] = f"anymail.backends.{provider}.EmailBackend"
    return found


def provider_urls(provider: str) -> list[URLPattern]:
    """Return the URL of the webhook that ``provider`` reports to, if there is a provider."""
    if not provider:
        return []
    view = getattr(import_module(f"anymail.webhooks.{provider}"), _VIEWS[provider])
    reports = login_not_required(view.as_view())
    return [path(f"anymail/{provider}/tracking/", reports, name="mail_reports")]
