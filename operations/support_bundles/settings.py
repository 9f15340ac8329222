"""Redact the settings for a support bundle: which ones are set, and the values of harmless ones.

This is an allow-list: a new setting counts as a secret until it is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

SHOWN = frozenset(
    {
        "DJANGO_DEBUG",
        "DJANGO_ALLOWED_HOSTS",
        "TRUSTED_PROXIES",
        "MAX_TRIAL_ACCOUNTS",
        "LOG_FORMAT",
        "WHATSAPP_LOG_LEVEL",
        "GATEWAY_ENGINE_CAPACITY",
        "GATEWAY_ENGINE_MAX_STARTS",
        "GATEWAY_ENGINE_MAX_RSS_MB",
        "GATEWAY_PARALLEL_STARTS",
        "GATEWAY_HEALTH_SECONDS",
        "GATEWAY_STUCK_SECONDS",
        "OPERATORS_NEED_SECOND_STEP",
        "WEBHOOKS_ALLOW_PRIVATE",
    }
)
# Of these, only the scheme is shown: no host and no credentials.
_URLS = frozenset({"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "WHATSAPP_AUTH_STORE"})
_KNOWN_SCHEMES = frozenset(
    {
        "sqlite", "postgres", "postgresql", "redis", "rediss", "consolemail", "smtp", "smtp+tls",
        "smtps", "smtp+ssl", "files", "https", "http",
    }
)  # fmt: skip


def redacted_settings(values: Mapping[str, str]) -> dict[str, str]:
    """Return what may be shown of the environment variables ``values`` ("": not set)."""
    return {name: _redacted(name, values[name]) for name in sorted(values)}


def _redacted(name: str, value: str) -> str:
    if not value:
        return "not set"
    if name in SHOWN:
        return value
    scheme = _scheme(value) if name in _URLS else ""
    return f"set ({scheme})" if scheme else "set"


def _scheme(value: str) -> str:
    try:
        scheme = urlsplit(value).scheme or value
    except ValueError:
        return ""
    return scheme if scheme in _KNOWN_SCHEMES else ""
