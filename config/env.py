"""Read environment variables; no other module does. ``.env.example`` and the README list them."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

_env = environ.Env()
_KEY_BYTES = 32
_read: set[str] = set()
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def load(path: Path = BASE_DIR / ".env") -> None:
    """Load ``path`` (KEY=value lines) if it exists. Variables that are already set win."""
    if path.is_file():
        _env.read_env(str(path), overwrite=False)


def text(name: str, default: str | None = None) -> str:
    """Return the variable as text. An empty value counts as not set. Raises ImproperlyConfigured
    when it is not set and has no default."""
    _read.add(name)
    if default is None:
        value = _env.str(name, default="")
        if not value:
            raise ImproperlyConfigured(f"{name} is not set. Copy .env.example, or use bin/run.")
        return str(value)
    return str(_env.str(name, default=default)) or default


def given() -> dict[str, str]:
    """Return every variable that was read so far, "" if it is not set. Contains secrets: pass it to
    ``redacted_settings`` only."""
    return {name: str(_env.str(name, default="")) for name in _read}


def boolean(name: str, default: bool) -> bool:
    """Return the variable as a boolean. Raises ImproperlyConfigured for any other value, which
    django-environ would silently read as False."""
    value = text(name, "true" if default else "false").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false.")


def integer(name: str, default: int, *, at_least: int = 1) -> int:
    """Return the variable as an integer. Raises ImproperlyConfigured if it is not one, or less than
    ``at_least``."""
    value = text(name, str(default)).strip()
    if not re.fullmatch(r"-?[0-9]+", value) or int(value) < at_least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {at_least}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """Return the variable as a list, split at commas, without empty items."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return the variable in lower case. Raises ImproperlyConfigured if ``allowed`` lacks it."""
    value = text(name, default).strip().lower()
    if value not in allowed:
        words = ", ".join(word or "empty" for word in allowed)
        raise ImproperlyConfigured(f"{name} must be one of: {words}.")
    return value


def keys(name: str) -> list[bytes]:
    """Return the variable (comma-separated URL-safe base64) as keys of 32 bytes; empty when it is
    not set. Raises ImproperlyConfigured for any other value, without quoting it."""
    return [_key(name, place, word) for place, word in enumerate(words(name), 1)]


def _key(name: str, place: int, word: str) -> bytes:
    text = word.rstrip("=")
    key = b""
    if re.fullmatch(r"[A-Za-z0-9_-]+", text) and len(text) % 4 != 1:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(key) != _KEY_BYTES:
        raise ImproperlyConfigured(
            f"Key {place} of {name} must be url-safe base64 of {_KEY_BYTES} bytes. Make one: "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return key


def database(name: str, default: str) -> dict[str, object]:
    """Return the variable, a database URL, as Django's dictionary of settings."""
    return dict(_env.db_url_config(text(name, default)))


def email(name: str, default: str) -> dict[str, object]:
    """Return the variable, the URL of a mail server, as Django's settings. Raises
    ImproperlyConfigured for a scheme that django-environ does not support."""
    found = _env.email_url_config(text(name, default))
    return {setting: value for setting, value in found.items() if value is not None}
