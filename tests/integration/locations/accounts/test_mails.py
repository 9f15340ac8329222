"""The mails of a team, by the outbox to a real mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Account, AuditEvent, Invitation, Member, User
from locations.signals import mail_wanted
from notifications.mail.queue import claim, finish
from notifications.mail.smtp_connection import SmtpConnection
from tests.factory import PASSWORD
from tests.integration.locations.accounts.conftest import written
from tests.integration.notifications.mail.post_office import name_server, open_office

Letters = Callable[[], list[EmailMessage]]


def _deliver() -> None:
    connection = SmtpConnection()
    for outgoing in claim(20):
        finish(outgoing, connection.send(outgoing))
    connection.close()


@pytest.fixture
def letters(settings: Settings, unused_tcp_port: int) -> Iterator[Letters]:
    """What arrives once the outbox is emptied."""
    settings.PUBLIC_URL = "https://pairline.example.com"
    with open_office(settings, unused_tcp_port) as office:

        def arrived() -> list[EmailMessage]:
            _deliver()
            return office.mails

        yield arrived


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_it_sends_an_invitation_in_text_and_html(
    letters: Letters, alice: Client, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(name="קבוצת הנמל 👋")

    alice.post(
        reverse("invite", args=[account.pk]), {"email": "dora@example.com", "role": "viewer"}
    )

    (letter,) = letters()
    assert letter["To"] == "dora@example.com"
    assert letter["Subject"].strip() == "You are invited to join an account on Pairline"
    for kind in ("plain", "html"):
        text = body(letter, kind)
        assert "https://pairline.example.com/invitations/" in text
        assert "קבוצת הנמל 👋" in text
        assert "Viewer" in text
    token = body(letter, "plain").split("/invitations/")[1].split("/")[0]
    assert Invitation.objects.get().token_hash == Invitation.hash(token)


def test_it_notifies_the_people_a_change_concerns(
    letters: Letters, alice: Client, account: Account, people: dict[str, User]
) -> None:
    alice.post(reverse("member_role", args=[account.pk, people["vera"].pk]), {"role": "member"})
    alice.post(reverse("member_remove", args=[account.pk, people["bob"].pk]))
    alice.post(reverse("account_delete", args=[account.pk]), {"name": "Harbour Group"})

    arrived = letters()
    assert sorted((letter["To"], letter["Subject"]) for letter in arrived) == [
        ("alice@example.com", "Harbour Group was deleted from Pairline"),
        ("bob@example.com", "You were removed from Harbour Group"),
        ("vera@example.com", "Harbour Group was deleted from Pairline"),
        ("vera@example.com", "Your role in Harbour Group changed"),
    ]
    for letter in arrived:
        assert "alice@example.com" in body(letter, "plain")
        assert "<bdi>Harbour Group</bdi>" in body(letter, "html")


def test_it_keeps_an_invitation_while_mail_is_down(
    alice: Client, account: Account, settings: Settings, unused_tcp_port: int
) -> None:
    name_server(settings, unused_tcp_port)  # no server listens yet
    typed = {"email": "dora@example.com", "role": "member"}

    page = alice.post(reverse("invite", args=[account.pk]), typed, follow=True)
    _deliver()

    assert "An invitation was sent to dora@example.com." in page.text
    assert [(mail.state, mail.attempts) for mail in written()] == [("waiting", 0)]
    with open_office(settings, unused_tcp_port) as office:
        _deliver()
    assert [letter["To"] for letter in office.mails] == ["dora@example.com"]
    assert [(mail.state, mail.text) for mail in written()] == [("sent", "")]


def test_it_keeps_mails_about_a_deleted_account(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    alice.post(reverse("account_delete", args=[account.pk]), {"name": "Harbour Group"})

    Account.objects.filter(pk=account.pk).delete()

    assert len(written()) == 3


@pytest.fixture
def full_outbox() -> Iterator[None]:
    """An outbox that fails for every mail."""

    def refuse(**kwargs: object) -> None:
        raise OSError("The disk is full.")

    mail_wanted.connect(refuse)
    yield
    mail_wanted.disconnect(refuse)


def _as_it_is(account: Account) -> list[object]:
    """The members, the invitations and the audit log of the account."""
    people = Member.objects.filter(account=account).order_by("pk").values_list("user", "role")
    closed = Account.objects.get(pk=account.pk).deleting_at
    return [*people, Invitation.objects.count(), AuditEvent.objects.count(), closed]


@pytest.mark.parametrize("change", ["invite", "role", "remove", "hand_over", "delete"])
def test_it_changes_nothing_when_its_mail_cannot_be_stored(
    full_outbox: None, people: dict[str, User], account: Account, change: str
) -> None:
    alice = Client(raise_request_exception=False)
    alice.force_login(people["alice"])
    alice.post("/confirm/", {"password": PASSWORD})
    before, bob = _as_it_is(account), [account.pk, people["bob"].pk]
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "invite": (reverse("invite", args=[account.pk]), {"email": "d@x.org", "role": "viewer"}),
        "role": (reverse("member_role", args=bob), {"role": "viewer"}),
        "remove": (reverse("member_remove", args=bob), {}),
        "hand_over": (reverse("member_hand_over", args=bob), {}),
        "delete": (reverse("account_delete", args=[account.pk]), {"name": account.name}),
    }

    answer = alice.post(*asked[change])

    assert answer.status_code == 500
    assert _as_it_is(account) == before
