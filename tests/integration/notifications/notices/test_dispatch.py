"""Dispatch of notices: those of one account and kind go out together, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from locations.models import Account, Role, User
from notifications.kinds import NoticeKind
from notifications.models import Mail, Notice
from notifications.notices.dispatch import gather
from tests.factory import connect, make_account, make_mail, make_notice, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_user("alice", account)
    make_user("bob", account, Role.MEMBER)
    return account


def test_it_mails_each_member_once(account: Account) -> None:
    make_notice(connect(account, "Harbour Dental"))

    assert gather(timezone.now()) == {account.pk}
    assert gather(timezone.now()) == set()

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


def test_it_waits_until_a_notice_is_due(account: Account) -> None:
    later = timezone.now() + timedelta(seconds=5)
    make_notice(connect(account, "Lisbon"), tell_at=later)

    assert gather(timezone.now()) == set()
    assert gather(later) == {account.pk}


def test_it_sends_notices_of_one_kind_together(account: Account) -> None:
    now = timezone.now()
    for number in range(3):
        wait = timedelta(seconds=number)
        make_notice(connect(account, f"Place {number}"), tell_at=now + wait)
    make_notice(connect(account, "Faro"), NoticeKind.LINKED, tell_at=now + timedelta(seconds=1))

    gather(now)
    assert Notice.objects.told().count() == 3
    gather(now + timedelta(seconds=1))
    assert Notice.objects.told().count() == 4


def test_it_does_not_mail_quiet_notices(account: Account) -> None:
    make_notice(connect(account, "Lisbon"), quiet=True)

    assert gather(timezone.now()) == {account.pk}
    assert not Mail.objects.exists()


def test_it_does_not_mail_other_accounts(account: Account) -> None:
    make_user("charlie", make_account("Stranger"))
    make_notice(connect(account, "Lisbon"))

    gather(timezone.now())

    assert not Mail.objects.filter(to="charlie@example.com").exists()


def test_it_mails_plan_notices_to_owners_only(account: Account) -> None:
    make_notice(
        connect(account, "Lisbon"),
        NoticeKind.PLAN,
        facts={"change": "suspended", "ends_at": ""},
    )

    gather(timezone.now())

    assert [mail.to for mail in Mail.objects.all()] == ["alice@example.com"]


def test_it_mails_a_user_up_to_the_daily_limit(account: Account, settings: Settings) -> None:
    settings.MAILS_A_DAY = 3
    for number in range(5):
        make_notice(connect(account, f"Place {number}"))
        gather(timezone.now())

    assert Mail.objects.filter(to="alice@example.com").count() == 3
    assert Notice.objects.filter(quiet=True).count() == 2, "the rest is in the summary"


def test_it_counts_no_other_mails_against_the_limit(account: Account, settings: Settings) -> None:
    settings.MAILS_A_DAY = 1
    alice = User.objects.get(email="alice@example.com")
    for kind in ("digest", "sign_in", "invitation"):
        make_mail(account, user=alice, kind=kind)
    make_notice(connect(account, "Lisbon"))

    gather(timezone.now())

    assert Mail.objects.filter(to=alice.email, kind="lost").count() == 1


def test_it_resets_the_limit_after_a_day(account: Account, settings: Settings) -> None:
    settings.MAILS_A_DAY = 1
    make_notice(connect(account, "Lisbon"))
    gather(timezone.now())
    Mail.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    make_notice(connect(account, "Porto"))
    gather(timezone.now())

    assert Mail.objects.filter(to="alice@example.com").count() == 2


def test_it_does_not_mail_an_account_being_deleted(account: Account) -> None:
    make_notice(connect(account, "Lisbon"))
    account.deleting_at = timezone.now()
    account.save()

    assert gather(timezone.now()) == {account.pk}
    assert not Mail.objects.exists()


def test_it_sends_notices_again_after_a_rollback(account: Account) -> None:
    make_notice(connect(account, "Lisbon"))
    with pytest.raises(RuntimeError), transaction.atomic():
        gather(timezone.now())
        raise RuntimeError

    assert not Mail.objects.exists()
    assert gather(timezone.now()) == {account.pk}
    assert Mail.objects.count() == 2
