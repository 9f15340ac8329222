"""Find every secret in settings and rows automatically, so that tests cover new ones at once."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.apps import apps
from django.db.models import CharField, Field, Model, TextField
from pytest_django import Settings

from config import env
from core.security.encryption import SealedTextField
from operations.support_bundles.settings import SHOWN
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.architecture.rows import MAKERS, Rows
from tests.factory import make_session

# The names of columns with secrets or private data, including hashes.
_SECRET = re.compile(r"hash|token|secret|password|^text$|caption|^peer$|^phone_number$|^jid$|^key$")
QR = "2@" + "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMTI=," * 3
OWN_NUMBER, PEER = "+351912345678", "+351934567890"
BODY = "Private words about a tooth"
_URLS = {
    "DATABASE_URL": "postgres://pairline:{}@127.0.0.1:1/pairline",
    "REDIS_URL": "redis://:{}@127.0.0.1:1/0",
    "EMAIL_URL": "smtp+tls://sender:{}@127.0.0.1:1",
    "WHATSAPP_AUTH_STORE": "postgres://keys:{}@127.0.0.1:1/keys",
}


def secrets_of_settings(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> set[str]:
    """Set a secret in every environment variable that is not listed as harmless, and in the
    settings derived from them. Return the secrets."""
    found = set()
    for name in set(env.given()) - SHOWN:
        secret = f"{secrets.token_urlsafe(9)}x{name.lower()}"
        monkeypatch.setenv(name, _URLS.get(name, "{}").format(secret))
        found.add(secret)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "sender", secrets.token_urlsafe(12)
    settings.WHATSAPP_AUTH_STORE = _URLS["WHATSAPP_AUTH_STORE"].format(secrets.token_urlsafe(12))
    keys = secrets.token_bytes(32)
    settings.FIELD_ENCRYPTION_KEYS = [keys]
    return found | {
        settings.SECRET_KEY,
        settings.EMAIL_HOST_PASSWORD,
        settings.WHATSAPP_AUTH_STORE,
        base64.urlsafe_b64encode(keys).decode().rstrip("="),
        keys.hex(),
    }


def secrets_of_rows(rows: Rows) -> set[str]:
    """Create a row of every model of an account, with a secret in each secret column. Return the
    secrets. Fails for a model with an encrypted column and no row."""
    rows._made["Session"] = make_session(
        rows.of("Location"), Status.QR, phone_number=OWN_NUMBER, jid=f"{OWN_NUMBER[1:]}:4@s.whats"
    )
    for name in MAKERS:
        rows.of(name)
    found = {OWN_NUMBER, OWN_NUMBER[1:], PEER, PEER[1:], BODY}
    rows.of("Message").__class__.objects.update(text=BODY, peer=PEER)
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            found |= set(_of_column(model, field))
    return {secret for secret in found if len(secret) >= 8}


def _of_column(model: Any, field: Field[Any, Any]) -> Iterator[str]:
    if isinstance(field, SealedTextField):
        assert model.objects.exists(), f"Add a maker for {model} to tests/architecture/rows.py"
        secret = f"sealed-{secrets.token_urlsafe(16)}-{field.name}"
        model.objects.update(**{field.name: secret})
        yield secret
        yield from (sealed.text for sealed in model.objects.values_list(field.name, flat=True))
    elif isinstance(field, CharField | TextField) and _SECRET.search(field.name):
        yield from _stored(model, field)


def _stored(model: type[Model], field: Field[Any, Any]) -> Iterator[str]:
    for value in model._default_manager.values_list(field.name, flat=True):
        if isinstance(value, str) and value:
            yield value


def spellings(secret: str) -> set[str]:
    """Return ``secret`` in every encoding that a file could contain."""
    raw = secret.encode()
    coded = {
        part
        for start in range(3)  # base64 depends on the offset of the secret
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
        if len(part := encode(b"\0" * start + raw).decode()[4 if start else 0 :][:-4]) >= 8
    }
    return {secret, quote(secret, safe=""), quote_plus(secret), raw.hex(), *coded}


def found_in(text: str, hidden: set[str]) -> list[str]:
    """Return the secrets in ``hidden`` that ``text`` contains in any encoding."""
    return sorted(one for one in hidden if any(way in text for way in spellings(one)))


def codes() -> set[str]:
    """Return the decrypted codes of all sessions."""
    return {text for row in Session.objects.all() for text in (row.qr_text, row.pairing_code)}
