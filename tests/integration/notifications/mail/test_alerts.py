"""What operators see of mails, and what they do about it."""

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
from notifications.mail.suppression import stop
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


def test_the_list_shows_no_text(operator: Client) -> None:
    make_mail(make_account(), text="Private words", html="<p>Private words</p>", state="failed")

    page = operator.get(reverse(LIST)).content.decode()

    assert "alice@example.com" in page
    assert "Private words" not in page
    shown = operator.get(reverse("admin:notifications_mail_change", args=[Mail.objects.get().pk]))
    assert "Private words" not in shown.content.decode()


def test_what_failed_is_sent_again_and_what_is_empty_is_not(operator: Client) -> None:
    long_ago = timezone.now() - timedelta(days=4)
    failed = make_mail(None, state="failed", attempts=9, queued_at=long_ago, error="Refused.")
    empty = make_mail(None, state="failed", text="", html="")
    sent = make_mail(None, state="sent", text="", html="")

    page = _act(operator, "send_again", LIST, failed, empty, sent)

    assert "1 are sent again." in page
    assert "2 cannot be sent again" in page
    (outgoing,) = claim(10)
    assert (outgoing.mail, outgoing.attempts) == (failed.pk, 0)


def test_stopped_addresses_are_cleared(operator: Client) -> None:
    stop("bob@example.com", "There is no such mailbox.", 550)

    _act(
        operator, "clear", "admin:notifications_stoppedaddress_changelist",
        StoppedAddress.objects.get(),
    )  # fmt: skip

    assert not StoppedAddress.objects.exists()


def test_it_says_what_is_wrong_with_the_mails() -> None:
    assert mails() == []
    make_mail(None, queued_at=timezone.now() - timedelta(minutes=16))
    make_mail(None)
    note_trouble("The mail server cannot be reached. (Connection refused)")
    stop("bob@example.com", "There is no such mailbox.", 550)

    lines = mails()

    assert [line.subject for line in lines] == ["the mail server", "1 mail", "1 address"]
    assert "Connection refused" in lines[0].text
    forget_trouble()
    assert [line.subject for line in mails()] == ["1 mail", "1 address"]


def test_a_trouble_of_yesterday_is_not_the_one_of_today() -> None:
    note_trouble("The mail server cannot be reached.")
    yesterday = timezone.now() - timedelta(days=1)
    MailServerTrouble.objects.update(since=yesterday, at=timezone.now() - timedelta(minutes=5))
    note_trouble("The mail server cannot be reached.")
    assert MailServerTrouble.objects.get().since == yesterday

    MailServerTrouble.objects.update(at=yesterday)
    assert mails() == []
    note_trouble("The mail server cannot be reached.")

    assert timezone.now() - MailServerTrouble.objects.get().since < timedelta(minutes=1)


def test_mails_are_forgotten_after_ninety_days_and_texts_that_failed_after_seven() -> None:
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
