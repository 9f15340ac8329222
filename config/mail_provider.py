"""A mail provider beside plain SMTP: it reports what came back, and with a key it sends as well.

django-anymail speaks to the providers. It is an extra: nothing here imports it until a provider
is named.
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
"""The providers by name, and what django-anymail calls the key of each."""

_VIEWS = {
    "postmark": "PostmarkTrackingWebhookView",
    "brevo": "BrevoTrackingWebhookView",
    "resend": "ResendTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
}


def provider_settings(
    provider: str, key: str, webhook_secret: str, find: Callable[[str], Any] = find_spec
) -> dict[str, Any]:
    """Django's settings for ``provider`` (one of ``KEYS``, or "" for none). Raises
    ImproperlyConfigured when the extra is not installed, or anybody could report bounces."""
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
            "Without it anybody could say that mails came back."
        )
    found: dict[str, Any] = {
        "ANYMAIL": {"WEBHOOK_SECRET": webhook_secret, "IGNORE_RECIPIENT_STATUS": True}
    }
    if key:
        found["ANYMAIL"][KEYS[provider]] = key
        found["EMAIL_BACKEND"] = f"anymail.backends.{provider}.EmailBackend"
    return found


def provider_urls(provider: str) -> list[URLPattern]:
    """Where ``provider`` reports; no address where there is none."""
    if not provider:
        return []
    view = getattr(import_module(f"anymail.webhooks.{provider}"), _VIEWS[provider])
    reports = login_not_required(view.as_view())
    return [path(f"anymail/{provider}/tracking/", reports, name="mail_reports")]
