"""Each misconfiguration is reported with an id and a hint, and without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.db import connection
from django.test import override_settings

GOOD: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "0123456789abcdefghij" * 3,
    "FIELD_ENCRYPTION_KEYS": [b"k" * 32],
    "PUBLIC_URL": "https://pairline.example.com",
    "WHATSAPP_SIMULATOR": "",
    "WHATSAPP_AUTH_STORE": "files",
    "REDIS_URL": "redis://127.0.0.1:6379",
}


@pytest.fixture(autouse=True)
def good(tmp_path: Path) -> Iterator[None]:
    with override_settings(DATA_DIR=tmp_path, **GOOD):
        yield


def found(**settings: Any) -> list[str]:
    """Return the ids of our check messages with these settings."""
    with override_settings(**settings):
        messages = [one for one in checks.run_checks() if str(one.id).startswith("pairline.")]
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


def test_it_passes_with_a_good_configuration() -> None:
    assert found() == []


def test_it_refuses_the_simulator_in_production(tmp_path: Path) -> None:
    assert found(WHATSAPP_SIMULATOR=str(tmp_path / "simulator.json")) == ["pairline.E001"]


def test_it_warns_when_the_simulator_is_not_yet_running(tmp_path: Path) -> None:
    path = str(tmp_path / "simulator.json")
    settings = {"DEBUG": True, "PUBLIC_URL": "http://localhost:8000"}
    assert found(WHATSAPP_SIMULATOR=path, **settings) == ["pairline.W001"]


@pytest.mark.parametrize(
    "key", ["short", "x" * 60, "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz0123456789"]
)
def test_it_reports_but_never_quotes_a_weak_secret_key(key: str) -> None:
    assert found(SECRET_KEY=key) == ["pairline.E002"]
    with override_settings(SECRET_KEY=key):
        texts = [
            f"{one.msg} {one.hint}" for one in checks.run_checks() if one.id == "pairline.E002"
        ]
    assert key not in texts[0]


def test_it_accepts_a_weak_secret_key_in_development() -> None:
    assert found(SECRET_KEY="short", DEBUG=True, PUBLIC_URL="http://localhost:8000") == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pairline.example.com",
        "ftp://pairline.example.com",
        "https://",
        "https://host:port",
        "https://pairline.example.com/app",
        "https://user:secret@pairline.example.com",
        "https://[::1",
    ],
)
def test_it_reports_a_malformed_public_url_as_an_error(url: str) -> None:
    assert found(PUBLIC_URL=url) == ["pairline.E003"]


def test_it_warns_about_debug_on_a_public_site() -> None:
    assert found(DEBUG=True) == ["pairline.W002"]


def test_it_warns_about_a_public_site_without_tls() -> None:
    assert found(PUBLIC_URL="http://pairline.example.com") == ["pairline.W003"]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "192.168.1.7", "web", "a.test"]
)
@pytest.mark.parametrize("debug", [True, False])
def test_it_needs_no_tls_on_a_private_site(host: str, debug: bool) -> None:
    assert found(PUBLIC_URL=f"http://{host}:8000", DEBUG=debug) == []


def test_it_reports_an_unwritable_data_folder_as_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert found(DATA_DIR=tmp_path / "file" / "data") == ["pairline.E004"]


def test_it_accepts_a_missing_data_folder(tmp_path: Path) -> None:
    assert found(DATA_DIR=tmp_path / "a" / "b") == []


@pytest.mark.parametrize(
    "store", ["", "file", "sqlite:///keys", "postgres://", "postgres://host:port/keys"]
)
def test_it_reports_an_unknown_key_store_as_an_error(store: str) -> None:
    assert found(WHATSAPP_AUTH_STORE=store) == ["pairline.E005"]


@pytest.mark.parametrize(
    "url",
    [
        "postgres://user:secret@127.0.0.1:5432/keys",
        "postgresql://user@db/keys?sslmode=require",
        "postgresql://user:@/keys?host=/run/postgresql",
    ],
)
def test_it_accepts_a_key_store_in_postgresql(url: str) -> None:
    assert found(WHATSAPP_AUTH_STORE=url) == []


def test_it_warns_about_postgresql_without_redis_in_production() -> None:
    """On SQLite there is one process, which needs no Redis."""
    expected = ["pairline.W004"] if connection.vendor == "postgresql" else []
    assert found(REDIS_URL="") == expected
    assert found(REDIS_URL="", DEBUG=True, PUBLIC_URL="http://web") == []


def test_it_warns_about_missing_encryption_keys_in_production() -> None:
    assert found(FIELD_ENCRYPTION_KEYS=[]) == ["pairline.W005"]
    assert found(FIELD_ENCRYPTION_KEYS=[], DEBUG=True, PUBLIC_URL="http://web") == []


def test_it_warns_of_terminal_mails_on_public_sites() -> None:
    console = {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}

    assert found(**console) == ["pairline.W006"]
    assert found(**console, DEBUG=True, PUBLIC_URL="http://localhost:8000") == []
