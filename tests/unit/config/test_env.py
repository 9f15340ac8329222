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


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "1e3", "--2", "5 5", "²"])
def test_it_refuses_a_wrong_integer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MAILS_A_DAY", text)

    with pytest.raises(ImproperlyConfigured, match="must be a whole number of at least 1"):
        env.integer("MAILS_A_DAY", 20)


@pytest.mark.parametrize(("text", "value"), [("1", 1), (" 7 ", 7), ("", 20)])
def test_it_reads_an_integer(monkeypatch: pytest.MonkeyPatch, text: str, value: int) -> None:
    monkeypatch.setenv("MAILS_A_DAY", text)

    assert env.integer("MAILS_A_DAY", 20) == value


def test_it_accepts_the_smallest_integer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "0")
    assert env.integer("TRUSTED_PROXIES", 3, at_least=0) == 0

    monkeypatch.setenv("TRUSTED_PROXIES", "-1")
    with pytest.raises(ImproperlyConfigured, match="at least 0"):
        env.integer("TRUSTED_PROXIES", 3, at_least=0)


def test_it_refuses_a_value_that_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")

    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be one of: text, json"):
        env.choice("LOG_FORMAT", "text", ("text", "json"))


@pytest.mark.parametrize(("text", "value"), [("JSON ", "json"), ("", "text")])
def test_it_reads_a_choice(monkeypatch: pytest.MonkeyPatch, text: str, value: str) -> None:
    monkeypatch.setenv("LOG_FORMAT", text)

    assert env.choice("LOG_FORMAT", "text", ("text", "json")) == value


@pytest.mark.parametrize("text", ["maybe", "2", "tru"])
def test_it_refuses_a_value_that_is_no_boolean(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DJANGO_DEBUG", text)

    with pytest.raises(ImproperlyConfigured, match="DJANGO_DEBUG must be true or false"):
        env.boolean("DJANGO_DEBUG", False)
