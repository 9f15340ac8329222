"""Several workers with one outbox, on a database with concurrent writers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core import tenancy
from notifications.mail.message import ClaimedMail
from notifications.mail.outcomes import SendResult
from notifications.mail.queue import claim, finish, give_back
from notifications.mail.retry import SendOutcome
from notifications.mail.suppression import suppress
from notifications.models import Mail, StoppedAddress
from tests.factory import make_mail

pytestmark = pytest.mark.django_db(transaction=True)
needs_writers = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite writes one transaction at a time"
)


def _as_system(function: Callable[[], object]) -> object:
    with tenancy.everyone():
        try:
            return function()
        finally:
            connection.close()


@needs_writers
def test_it_claims_each_mail_only_once() -> None:
    for n in range(60):
        make_mail(None, to=f"member-{n}@example.com")

    def claimed() -> object:
        return [one.mail for _ in range(5) for one in claim(5)]

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(_as_system, claimed) for _ in range(4)]
        mails = [mail for one in found for mail in one.result()]  # type: ignore[attr-defined]

    assert len(mails) == len(set(mails)) == 60


@needs_writers
def test_it_suppresses_an_address_only_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(_as_system, lambda: suppress("bob@example.com", "Gone.")) for _ in range(8)
        ]
        news = [one.result() for one in asked]

    assert news.count(True) == 1
    assert StoppedAddress.objects.count() == 1


def _claimed_again() -> tuple[ClaimedMail, ClaimedMail]:
    """Settle the same mail with an expired claim and with the next one."""
    make_mail(None)
    (first,) = claim(10)
    Mail.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    (second,) = claim(10)
    return first, second


def test_it_ignores_the_result_of_an_expired_claim() -> None:
    late, mine = _claimed_again()

    finish(late, SendResult(SendOutcome.FAILED, 554, "The mail was refused."))
    give_back([late])
    assert Mail.objects.get().state == "waiting"
    assert claim(10) == []

    finish(mine, SendResult(SendOutcome.SENT))
    finish(late, SendResult(SendOutcome.NO_MAILBOX, 550, "The mailbox does not exist."))
    assert Mail.objects.get().state == "sent"
    assert not StoppedAddress.objects.exists()
