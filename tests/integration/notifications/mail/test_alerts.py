"""Mails and the suppression list in the admin, and alerts about mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import User
from notifications.alerts import mails
from notifications.mail.queue import KEPT, claim, forget_old, forget_trouble, note_trouble
from notifications.mail.suppression import suppress
from notifications.models import Mail, MailServerTrouble, StoppedAddress
from tests.factory import make_account, make_mail

pytestmark = pytest.mark.django_db
LIST = "admin:notifications_mail_changelist"


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.com", "x"))
    return client


def _act(operator: Client, action: str, page: str, *rows: Any) -> str:
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [str(row.pk) for row in rows]}
    return operator.post(reverse(page), chosen, follow=True).content.decode()


def test_it_lists_mails_without_their_text(operator: Client) -> None:
    make_mail(make_account(), text="Private words", html="<p>Private words</p>", state="failed")

    page = operator.get(reverse(LIST)).content.decode()

    assert "alice@example.com" in page
    assert "Private words" not in page
    shown = operator.get(reverse("admin:notifications_mail_change", args=[Mail.objects.get().pk]))
    assert "Private words" not in shown.content.decode()


def test_it_queues_failed_mails_that_have_a_text(operator: Client) -> None:
    long_ago = timezone.now() - timedelta(days=4)
    failed = make_mail(None, state="failed", attempts=9, queued_at=long_ago, error="Refused.")
    empty = make_mail(None, state="failed", text="", html="")
    sent = make_mail(None, state="sent", text="", html="")

    page = _act(operator, "send_again", LIST, failed, empty, sent)

    assert "1 mail queued." in page
    assert "2 mails not queued" in page
    (outgoing,) = claim(10)
    assert (outgoing.mail, outgoing.attempts) == (failed.pk, 0)


def test_it_removes_addresses_from_the_suppression_list(operator: Client) -> None:
    suppress("bob@example.com", "The mailbox does not exist.", 550)

    _act(
        operator, "clear", "admin:notifications_stoppedaddress_changelist",
        StoppedAddress.objects.get(),
    )  # fmt: skip

    assert not StoppedAddress.objects.exists()


def test_it_alerts_operators_to_problems_with_mails() -> None:
    assert mails() == []
    make_mail(None, queued_at=timezone.now() - timedelta(minutes=16))
    make_mail(None)
    note_trouble("The mail server cannot be reached. (Connection refused)")
    suppress("bob@example.com", "The mailbox does not exist.", 550)

    lines = mails()

    assert [line.subject for line in lines] == ["the mail server", "1 mail", "1 address"]
    assert "Connection refused" in lines[0].text
    forget_trouble()
    assert [line.subject for line in mails()] == ["1 mail", "1 address"]


def test_it_starts_a_new_problem_after_a_pause() -> None:
    note_trouble("The mail server cannot be reached.")
    yesterday = timezone.now() - timedelta(days=1)
    MailServerTrouble.objects.update(since=yesterday, at=timezone.now() - timedelta(minutes=5))
    note_trouble("The mail server cannot be reached.")
    assert MailServerTrouble.objects.get().since == yesterday

    MailServerTrouble.objects.update(at=yesterday)
    assert mails() == []
    note_trouble("The mail server cannot be reached.")

    assert timezone.now() - MailServerTrouble.objects.get().since < timedelta(minutes=1)


def test_it_deletes_old_mails_and_old_texts() -> None:
    now = timezone.now()
    make_mail(None, state="sent", created_at=now - KEPT - timedelta(hours=1))
    kept = make_mail(None, state="sent", created_at=now - KEPT + timedelta(hours=1))
    old = make_mail(None, state="failed", queued_at=now - timedelta(days=7, hours=1))
    young = make_mail(None, state="failed", queued_at=now - timedelta(days=6))

    assert forget_old() == 1
    assert forget_old() == 0

    assert set(Mail.objects.values_list("pk", flat=True)) == {kept.pk, old.pk, young.pk}
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.text, old.html, young.text) == ("", "", "Scan again.")
