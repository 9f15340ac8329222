"""Fixtures for sign-up, sign-in and sign-out, as a browser does them."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import time
import uuid
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Account, Role, User
from tests.factory import PASSWORD, make_account, make_user


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    """The limits count in the cache, which outlives a test and may be shared with others."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> User:
    return make_user("alice", account, Role.OWNER)


@pytest.fixture
def browser() -> Client:
    """A browser without a sign-in."""
    return Client()


@pytest.fixture
def signed_in(browser: Client, alice: User) -> Client:
    """Alice's browser, after her password."""
    sign_in(browser)
    return browser


@pytest.fixture
def sure(signed_in: Client) -> Client:
    """Alice's browser, right after she has reauthenticated."""
    assert signed_in.post("/confirm/", {"password": PASSWORD}).status_code == 302
    return signed_in


def sign_in(browser: Client, email: str = "alice@example.com") -> Any:
    credentials = {"login": email, "password": PASSWORD}
    return browser.post(reverse("account_login"), credentials)


class PostOffice:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"

    def last(self) -> EmailMessage:
        return self.letters[-1]


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link_in(text: str) -> str:
    """The path of the first link."""
    return "/" + unescape(text).split("http://localhost:8000/", 1)[1].split()[0]


class _OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def post_office(settings: Settings) -> Iterator[PostOffice]:
    """A real SMTP server on a free port, to which the mails go."""
    office = PostOffice()
    controller = _OnAFreePort(office, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.PUBLIC_URL = "http://localhost:8000"
    yield office
    controller.stop()


def app_code(secret: str, *, steps: int = 0) -> str:
    """What an authenticator app (RFC 6238) shows for ``secret``, ``steps`` half minutes on."""
    counter = int(time.time()) // 30 + steps
    mac = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


@pytest.fixture
def app_secret(sure: Client) -> str:
    """Alice has an authenticator app: its key."""
    secret: str = sure.get(reverse("mfa_activate_totp")).context["form"].secret
    answer = sure.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})
    assert answer.status_code == 302, answer.text
    return secret


_CHANGING = re.compile(r'(csrfmiddlewaretoken" value|server-clock" content)="[^"]*"')


def without_tokens(page: str) -> str:
    """The page without what differs from one answer to the next."""
    return _CHANGING.sub("", page)
