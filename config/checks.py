"""Misconfiguration is said before anything starts, with what to do about it.

Errors keep the product from starting; warnings are shown by ``manage.py check`` and by
``cleanup_sessions diagnostics``. No message quotes a secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core import checks
from django.db import connection

from sessions_app.engine.launch import SimulatorUnusable, simulator_state

_KEY_LENGTH, _KEY_VARIETY = 50, 5  # as Django's own advice (security.W009)
_POSTGRES = ("postgres", "postgresql")


@checks.register()
def simulator(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The simulator replaces WhatsApp's trust root: never in production."""
    path = settings.WHATSAPP_SIMULATOR
    if path and not settings.DEBUG:
        return [
            checks.Error(
                "WHATSAPP_SIMULATOR is set while DJANGO_DEBUG is off.",
                hint="Unset WHATSAPP_SIMULATOR, or set DJANGO_DEBUG=true on a test machine.",
                id="pairline.E001",
            )
        ]
    try:
        if path:
            simulator_state(path)
    except SimulatorUnusable as error:  # it may start later
        hint = "Start it (python -m simulator.whatsapp --state FILE), or unset WHATSAPP_SIMULATOR."
        return [checks.Warning(str(error), hint=hint, id="pairline.W001")]
    return []


@checks.register()
def secret_key(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Who guesses it can sign himself in as anybody."""
    key = settings.SECRET_KEY
    weak = len(key) < _KEY_LENGTH or len(set(key)) < _KEY_VARIETY
    if settings.DEBUG or not (weak or key.startswith("django-insecure-")):
        return []
    return [
        checks.Error(
            f"DJANGO_SECRET_KEY is too weak: it needs {_KEY_LENGTH} random characters or more.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="pairline.E002",
        )
    ]


@checks.register()
def encryption_keys(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Whoever learns the secret key of the cookies should not read the tokens as well."""
    if settings.DEBUG or settings.FIELD_ENCRYPTION_KEYS:
        return []
    return [
        checks.Warning(
            "FIELD_ENCRYPTION_KEYS is not set: tokens are sealed by a key that is derived from "
            "DJANGO_SECRET_KEY.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))' "
            "Then run manage.py rotate_keys.",
            id="pairline.W005",
        )
    ]


@checks.register()
def public_url(app_configs: Any, **kwargs: Any) -> Iterator[checks.CheckMessage]:
    """Links in mails, the origin check of forms and sockets, and secure cookies rest on it."""
    try:
        url = urlsplit(settings.PUBLIC_URL)
        well_formed = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or url.path or url.query or url.fragment or url.username:
        yield checks.Error(
            "PUBLIC_URL is not the address of a site.",
            hint="Write it like https://pairline.example.com, without a path.",
            id="pairline.E003",
        )
        return
    if settings.DEBUG and not _is_private(url.hostname or ""):
        yield checks.Warning(
            f"DJANGO_DEBUG is on while PUBLIC_URL is public ({url.hostname}).",
            hint="Set DJANGO_DEBUG=false: error pages show code and settings otherwise.",
            id="pairline.W002",
        )
    if not settings.DEBUG and url.scheme == "http" and not _is_private(url.hostname or ""):
        yield checks.Warning(
            f"PUBLIC_URL has no https ({url.hostname}).",
            hint="Passwords and QR codes cross the network in clear: serve it behind TLS.",
            id="pairline.W003",
        )


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".test", ".internal"))


@checks.register()
def data_dir(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """WhatsApp's keys live there: without it no number can be linked."""
    folder: Path = settings.DATA_DIR
    present = next(path for path in (folder, *folder.parents) if path.exists())
    if present.is_dir() and os.access(present, os.W_OK | os.X_OK):
        return []
    return [
        checks.Error(
            f"DATA_DIR cannot be written to ({folder}).",
            hint="Give the user that runs Pairline the right to write there, or move DATA_DIR.",
            id="pairline.E004",
        )
    ]


@checks.register()
def auth_store(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Where WhatsApp's keys are kept."""
    store = settings.WHATSAPP_AUTH_STORE
    if store == "files" or _is_postgres_url(store):
        return []
    return [
        checks.Error(
            "WHATSAPP_AUTH_STORE is neither 'files' nor a PostgreSQL URL.",
            hint="Write files, or postgres://user:password@host:5432/database",
            id="pairline.E005",
        )
    ]


def _is_postgres_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        host = url.hostname or parse_qs(url.query).get("host")  # a folder of a socket
        return url.scheme in _POSTGRES and bool(host) and url.port != 0
    except ValueError:
        return False


@checks.register()
def channel_layer(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """PostgreSQL is for several processes, and hints in memory do not cross them."""
    if settings.DEBUG or settings.REDIS_URL or connection.vendor != "postgresql":
        return []
    return [
        checks.Warning(
            "REDIS_URL is not set while DATABASE_URL is a PostgreSQL.",
            hint="With several processes pages follow late without it: set REDIS_URL. "
            "With one process this is fine.",
            id="pairline.W004",
        )
    ]


@checks.register()
def mail(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Sign-up, sign-in codes and invitations go by mail: on a terminal nobody gets them."""
    on_terminal = settings.EMAIL_BACKEND == "django.core.mail.backends.console.EmailBackend"
    if settings.DEBUG or not on_terminal or not settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        checks.Warning(
            "EMAIL_URL prints mails on the terminal: nobody gets them.",
            hint="Name a mail server: EMAIL_URL=smtp+tls://user:password@host:587",
            id="pairline.W006",
        )
    ]


@checks.register()
def backups(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Scheduled backups hold every key: encrypted, by a key that does not lie beside them."""
    folder, key_file = settings.BACKUP_DIR, settings.BACKUP_KEY_FILE
    if not folder:
        return []
    if not key_file or not Path(key_file).is_file():
        return [
            checks.Error(
                "BACKUP_DIR is set, but BACKUP_KEY_FILE names no file.",
                hint="Make one: manage.py backup --new-key-file FILE. Keep a copy elsewhere.",
                id="pairline.E006",
            )
        ]
    if not Path(key_file).resolve().is_relative_to(Path(folder).resolve()):
        return []
    return [
        checks.Warning(
            "BACKUP_KEY_FILE lies in BACKUP_DIR: who finds the backups can open them.",
            hint="Move the key file out of that folder.",
            id="pairline.W007",
        )
    ]
