"""The mails of a team, handed to a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Account, Invitation, User


class PostOffice:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@pytest.fixture
def letters(settings: Settings, unused_tcp_port: int) -> Iterator[list[EmailMessage]]:
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=unused_tcp_port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.PUBLIC_URL = "https://pairline.example.com"
    yield office.letters
    controller.stop()


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_an_invitation_arrives_in_text_and_in_html(
    letters: list[EmailMessage], alice: Client, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(name="קבוצת הנמל 👋")

    alice.post(
        reverse("invite", args=[account.pk]), {"email": "dora@example.com", "role": "viewer"}
    )

    (letter,) = letters
    assert letter["To"] == "dora@example.com"
    assert letter["Subject"].strip() == "alice@example.com invites you to קבוצת הנמל 👋 on Pairline"
    for kind in ("plain", "html"):
        text = body(letter, kind)
        assert "https://pairline.example.com/invitations/" in text
        assert "קבוצת הנמל 👋" in text
        assert "Viewer" in text
    token = body(letter, "plain").split("/invitations/")[1].split("/")[0]
    assert Invitation.objects.get().token_hash == Invitation.hash(token)


def test_each_change_tells_whom_it_concerns(
    letters: list[EmailMessage], alice: Client, account: Account, people: dict[str, User]
) -> None:
    alice.post(reverse("member_role", args=[account.pk, people["vera"].pk]), {"role": "member"})
    alice.post(reverse("member_remove", args=[account.pk, people["bob"].pk]))
    alice.post(reverse("account_delete", args=[account.pk]), {"name": "Harbour Group"})

    assert [(letter["To"], letter["Subject"]) for letter in letters] == [
        ("vera@example.com", "Your role in Harbour Group changed"),
        ("bob@example.com", "You were removed from Harbour Group"),
        ("alice@example.com", "Harbour Group was deleted from Pairline"),
        ("vera@example.com", "Harbour Group was deleted from Pairline"),
    ]
    for letter in letters:
        assert "alice@example.com" in body(letter, "plain")
        assert "<bdi>Harbour Group</bdi>" in body(letter, "html")
