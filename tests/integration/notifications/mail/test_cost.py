"""Claiming mails costs the same among 500 and among 20,000 that are due, and stays fair."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import Account
from notifications.mail.queue import MAILS
from notifications.models import Mail
from tests.factory import make_account, make_mail
from tests.integration.cost import cost_of, update_statistics

pytestmark = pytest.mark.django_db
FEW, MANY = 500, 20_000


def _due(account: Account, numbers: range) -> None:
    ago = timezone.now() - timedelta(hours=2)
    Mail.objects.bulk_create(
        (
            Mail(
                account=account,
                kind="lost",
                key=f"busy-{number}",
                to="alice@example.com",
                next_attempt_at=ago + timedelta(milliseconds=number),
            )
            for number in numbers
        ),
        batch_size=1_000,
    )
    update_statistics("notifications_mail")


def test_it_costs_the_same_among_many_due_mails() -> None:
    busy, quiet = make_account("Busy"), make_account("Quiet")
    _due(busy, range(FEW))
    few = cost_of(lambda: MAILS.claim(10))
    _due(busy, range(FEW, MANY))
    late = make_mail(quiet)

    many = cost_of(lambda: MAILS.claim(10))

    late.refresh_from_db()
    assert late.next_attempt_at > timezone.now()  # claimed
    assert many <= 3 * few, (few, many)


def test_it_serves_all_accounts_in_turns() -> None:
    _due(make_account("Busy"), range(FEW))
    quiet = [make_mail(make_account(f"Quiet {number}")) for number in range(30)]

    claimed = [row.pk for _ in range(4) for row in MAILS.claim(10)]

    assert {mail.pk for mail in quiet} <= set(claimed)
