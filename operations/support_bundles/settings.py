"""What a bundle says of the settings: whether each is set, and the value of those on a list.

A list of what may be shown, never of what may not: a new setting is a secret until somebody says
otherwise here.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

SHOWN = frozenset(
    {
        "DJANGO_DEBUG",
        "DJANGO_ALLOWED_HOSTS",
        "TRUSTED_PROXIES",
        "LOG_FORMAT",
        "WHATSAPP_LOG_LEVEL",
        "GATEWAY_ENGINE_CAPACITY",
        "GATEWAY_ENGINE_MAX_STARTS",
        "GATEWAY_ENGINE_MAX_RSS_MB",
        "GATEWAY_PARALLEL_STARTS",
        "GATEWAY_HEALTH_SECONDS",
        "GATEWAY_STUCK_SECONDS",
        "WEBHOOKS_ALLOW_PRIVATE",
    }
)
# Of these the kind of server is told, and neither its place nor the login.
_URLS = frozenset({"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "WHATSAPP_AUTH_STORE"})
_KNOWN_SCHEMES = frozenset(
    {
        "sqlite", "postgres", "postgresql", "redis", "rediss", "consolemail", "smtp", "smtp+tls",
        "smtps", "smtp+ssl", "files", "https", "http",
    }
)  # fmt: skip


def redacted_settings(values: Mapping[str, str]) -> dict[str, str]:
    """What may be told of the environment's ``values`` by name ("" is not set)."""
    return {name: _redacted(name, values[name]) for name in sorted(values)}


def _redacted(name: str, value: str) -> str:
    if not value:
        return "not set"
    if name in SHOWN:
        return value
    kind = _scheme(value) if name in _URLS else ""
    return f"set ({kind})" if kind else "set"


def _scheme(value: str) -> str:
    try:
        kind = urlsplit(value).scheme or value
    except ValueError:
        return ""
    return kind if kind in _KNOWN_SCHEMES else ""
