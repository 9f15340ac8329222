"""System checks that report misconfiguration at start, each with a hint.

Errors prevent the start. ``manage.py check`` and ``cleanup_sessions diagnostics`` show warnings.
No message quotes a secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core import checks
from django.db import connection

from sessions_app.engine.launch import SimulatorUnusable, simulator_state

_KEY_LENGTH, _KEY_VARIETY = 50, 5  # as in Django's security.W009
_POSTGRES = ("postgres", "postgresql")


@checks.register()
def simulator(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Forbid the simulator in production: it replaces WhatsApp's root certificate."""
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
    """Require a strong secret key: anyone who guesses it can sign in as any user."""
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
    """Recommend separate encryption keys: a leaked secret key must not reveal encrypted tokens."""
    if settings.DEBUG or settings.FIELD_ENCRYPTION_KEYS:
        return []
    return [
        checks.Warning(
            "FIELD_ENCRYPTION_KEYS is not set: tokens are encrypted with a key derived from "
            "DJANGO_SECRET_KEY.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))' "
            "Then run manage.py rotate_keys.",
            id="pairline.W005",
        )
    ]


@checks.register()
def public_url(app_configs: Any, **kwargs: Any) -> Iterator[checks.CheckMessage]:
    """Check PUBLIC_URL, which mail links, origin checks and secure cookies depend on."""
    try:
        url = urlsplit(settings.PUBLIC_URL)
        well_formed = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or url.path or url.query or url.fragment or url.username:
        yield checks.Error(
            "PUBLIC_URL is not the URL of a site.",
            hint="Use a URL like https://pairline.example.com, without a path.",
            id="pairline.E003",
        )
        return
    if settings.DEBUG and not _is_private(url.hostname or ""):
        yield checks.Warning(
            f"DJANGO_DEBUG is on while PUBLIC_URL is public ({url.hostname}).",
            hint="Set DJANGO_DEBUG=false, or error pages will show code and settings.",
            id="pairline.W002",
        )
    if not settings.DEBUG and url.scheme == "http" and not _is_private(url.hostname or ""):
        yield checks.Warning(
            f"PUBLIC_URL does not use https ({url.hostname}).",
            hint="Serve Pairline behind TLS: passwords and QR codes are sent unencrypted.",
            id="pairline.W003",
        )


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".test", ".internal"))


@checks.register()
def data_dir(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Require a writable data folder: the WhatsApp keys are stored there."""
    folder: Path = settings.DATA_DIR
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    return [
        checks.Error(
            f"DATA_DIR cannot be written to ({folder}).",
            hint="Give the user that runs Pairline write permission, or change DATA_DIR.",
            id="pairline.E004",
        )
    ]


@checks.register()
def auth_store(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check where the WhatsApp keys are stored."""
    store = settings.WHATSAPP_AUTH_STORE
    if store == "files" or _is_postgres_url(store):
        return []
    return [
        checks.Error(
            "WHATSAPP_AUTH_STORE is neither 'files' nor a PostgreSQL URL.",
            hint="Use files, or postgres://user:password@host:5432/database",
            id="pairline.E005",
        )
    ]


def _is_postgres_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        host = url.hostname or parse_qs(url.query).get("host")  # the folder of a Unix socket
        return url.scheme in _POSTGRES and bool(host) and url.port != 0
    except ValueError:
        return False


@checks.register()
def channel_layer(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Recommend Redis with PostgreSQL: hints in memory do not reach other processes."""
    if settings.DEBUG or settings.REDIS_URL or connection.vendor != "postgresql":
        return []
    return [
        checks.Warning(
            "REDIS_URL is not set, but DATABASE_URL is PostgreSQL.",
            hint="Set REDIS_URL if you run several processes: without it, pages update late. "
            "One process does not need it.",
            id="pairline.W004",
        )
    ]


@checks.register()
def mail(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn when a public site prints its mails: no one receives sign-in codes and invitations."""
    on_terminal = settings.EMAIL_BACKEND == "django.core.mail.backends.console.EmailBackend"
    if settings.DEBUG or not on_terminal or not settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        checks.Warning(
            "EMAIL_URL prints mails on the terminal: no one receives them.",
            hint="Set a mail server: EMAIL_URL=smtp+tls://user:password@host:587",
            id="pairline.W006",
        )
    ]


@checks.register()
def backups(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Require a key file for scheduled backups, outside the folder of the backups."""
    folder, key_file = settings.BACKUP_DIR, settings.BACKUP_KEY_FILE
    if not folder:
        return []
    if not key_file or not Path(key_file).is_file():
        return [
            checks.Error(
                "BACKUP_DIR is set, but BACKUP_KEY_FILE does not name a file.",
                hint="Make one: manage.py backup --new-key-file FILE. Keep a copy elsewhere.",
                id="pairline.E006",
            )
        ]
    if not Path(key_file).resolve().is_relative_to(Path(folder).resolve()):
        return []
    return [
        checks.Warning(
            "BACKUP_KEY_FILE is inside BACKUP_DIR: anyone with the backups can decrypt them.",
            hint="Move the key file out of that folder.",
            id="pairline.W007",
        )
    ]


@checks.register()
def backup_folder(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn when scheduled backups cannot be written. No error: the numbers must stay connected
    while the disk of the backups is away."""
    why = _why_not_writable(Path(settings.BACKUP_DIR)) if settings.BACKUP_DIR else ""
    if not why:
        return []
    return [
        checks.Warning(
            f"Backups cannot be written to BACKUP_DIR: {why}.",
            hint="Let the user of the service write there. Its sandbox must allow it, too: see "
            "docs/how-to/back-up-every-week.md (deploy/systemd/backups.conf).",
            id="pairline.W008",
        )
    ]


def _why_not_writable(folder: Path) -> str:
    """Return why no file can be created in ``folder``, or in the parent in which a backup would
    create it; "" if one can."""
    existing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    try:
        with TemporaryFile(dir=existing):  # it has no name, and disappears when it is closed
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__
