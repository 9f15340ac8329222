"""Notices become mails: those of one account and kind together, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from locations.models import Account, Role
from notifications.kinds import NoticeKind
from notifications.models import Mail, Notice
from notifications.notices.dispatch import gather
from tests.factory import connect, make_account, make_notice, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_user("alice", account)
    make_user("bob", account, Role.MEMBER)
    return account


def test_it_tells_each_member_once_whatever_is_looked_again(account: Account) -> None:
    make_notice(connect(account, "Harbour Dental"))

    assert gather(timezone.now()) == 1
    assert gather(timezone.now()) == 0

    mails = Mail.objects.order_by("to")
    assert [mail.to for mail in mails] == ["alice@example.com", "bob@example.com"]
    assert all("Harbour Dental" in mail.subject for mail in mails)


def test_it_lists_numbers_that_dropped_together_in_one_mail(account: Account) -> None:
    for name in ("Lisbon", "Porto", "Faro"):
        make_notice(connect(account, name))

    gather(timezone.now())

    mail = Mail.objects.get(to="alice@example.com")
    assert all(name in mail.text for name in ("Lisbon", "Porto", "Faro"))
    assert len(set(Notice.objects.values_list("batch", flat=True))) == 1


def test_it_waits_until_the_time_of_a_notice(account: Account) -> None:
    later = timezone.now() + timedelta(seconds=5)
    make_notice(connect(account, "Lisbon"), tell_at=later)

    assert gather(timezone.now()) == 0
    assert gather(later) == 1


def test_what_came_while_the_first_waited_goes_along(account: Account) -> None:
    now = timezone.now()
    for number in range(3):
        wait = timedelta(seconds=number)
        make_notice(connect(account, f"Place {number}"), tell_at=now + wait)
    make_notice(connect(account, "Faro"), NoticeKind.LINKED, tell_at=now + timedelta(seconds=1))

    assert gather(now) == 3
    assert gather(now + timedelta(seconds=1)) == 1


def test_it_mails_nobody_of_what_is_quiet(account: Account) -> None:
    make_notice(connect(account, "Lisbon"), quiet=True)

    assert gather(timezone.now()) == 1
    assert not Mail.objects.exists()


def test_it_mails_nobody_of_another_account(account: Account) -> None:
    make_user("charlie", make_account("Stranger"))
    make_notice(connect(account, "Lisbon"))

    gather(timezone.now())

    assert not Mail.objects.filter(to="charlie@example.com").exists()


def test_it_tells_plans_to_owners_alone(account: Account) -> None:
    make_notice(
        connect(account, "Lisbon"),
        NoticeKind.PLAN,
        facts={"change": "suspended", "ends_at": ""},
    )

    gather(timezone.now())

    assert [mail.to for mail in Mail.objects.all()] == ["alice@example.com"]


def test_nobody_gets_more_mails_than_the_cap_of_a_day(account: Account, settings: Settings) -> None:
    settings.MAILS_A_DAY = 3
    for number in range(5):
        make_notice(connect(account, f"Place {number}"))
        gather(timezone.now())

    assert Mail.objects.filter(to="alice@example.com").count() == 3
    assert Notice.objects.filter(quiet=True).count() == 2, "the rest is for the summary"


def test_the_cap_of_one_day_is_over_on_the_next(account: Account, settings: Settings) -> None:
    settings.MAILS_A_DAY = 1
    make_notice(connect(account, "Lisbon"))
    gather(timezone.now())
    Mail.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    make_notice(connect(account, "Porto"))
    gather(timezone.now())

    assert Mail.objects.filter(to="alice@example.com").count() == 2


def test_it_mails_nobody_of_an_account_that_is_being_deleted(account: Account) -> None:
    make_notice(connect(account, "Lisbon"))
    account.deleting_at = timezone.now()
    account.save()

    assert gather(timezone.now()) == 1
    assert not Mail.objects.exists()
