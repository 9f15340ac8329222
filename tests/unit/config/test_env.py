"""Reading the environment."""

from __future__ import annotations

import base64
import secrets

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

NAME = "FIELD_ENCRYPTION_KEYS"
A, B = secrets.token_bytes(32), secrets.token_bytes(32)


def encoded(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


@pytest.mark.parametrize("strip", ["", "="])
def test_it_reads_several_keys_in_order(monkeypatch: pytest.MonkeyPatch, strip: str) -> None:
    """With or without padding."""
    texts = [encoded(key).rstrip(strip) if strip else encoded(key) for key in (A, B)]
    monkeypatch.setenv(NAME, ", ".join(texts))

    assert env.keys(NAME) == [A, B]


@pytest.mark.parametrize("text", ["", " , "])
def test_it_reads_none_of_the_secrets(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)

    assert env.keys(NAME) == []


@pytest.mark.parametrize(
    "wrong", ["short", "x" * 42, "x" * 45, "ä" * 43, "a+/=" * 11, encoded(b"k" * 31), "x" * 64]
)
def test_it_names_a_wrong_key_without_quoting_it(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(NAME, f"{encoded(A)},{wrong}")

    with pytest.raises(ImproperlyConfigured, match=f"Key 2 of {NAME} must be") as refused:
        env.keys(NAME)
    assert wrong not in str(refused.value)
