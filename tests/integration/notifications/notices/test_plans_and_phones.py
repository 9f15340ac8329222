"""Warnings of offline phones, and notices of trials and plans; each is written once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from locations.models import Account, AccountState
from locations.plans import actions
from locations.principals import Principal
from notifications.incidents.unseen_phones import warn_offline_phones
from notifications.kinds import NoticeKind
from notifications.models import Notice
from notifications.notices.plan_notices import notify_trials
from sessions_app.lifecycle import Status
from tests.factory import make_account, make_session

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def days_warned() -> list[int]:
    notices = Notice.objects.filter(kind=NoticeKind.PHONE_OFFLINE)
    return sorted(notices.values_list("facts__days", flat=True))


def changes() -> list[str]:
    notices = Notice.objects.filter(kind=NoticeKind.PLAN).order_by("at")
    return list(notices.values_list("facts__change", flat=True))


def test_it_warns_once_after_ten_and_twelve_days() -> None:
    seen = timezone.now()
    make_session(phone_seen_at=seen)

    for hour in range(0, 24 * 20, 3):
        warn_offline_phones(seen + timedelta(hours=hour))

    assert days_warned() == [10, 12]


def test_it_warns_again_after_the_phone_was_online() -> None:
    session = make_session(phone_seen_at=timezone.now())
    warn_offline_phones(timezone.now() + 11 * DAY)
    session.phone_seen_at = timezone.now() + 11 * DAY
    session.save()

    warn_offline_phones(timezone.now() + 12 * DAY)
    assert days_warned() == [10]

    warn_offline_phones(timezone.now() + 22 * DAY)
    assert days_warned() == [10, 10]


def test_it_warns_only_of_ready_numbers() -> None:
    make_session(status=Status.DISCONNECTED, phone_seen_at=timezone.now())

    warn_offline_phones(timezone.now() + 11 * DAY)

    assert days_warned() == []


def trial(ends: datetime) -> Account:
    return make_account(state=AccountState.TRIAL, trial_ends_at=ends)


def test_it_notifies_of_each_step_of_a_trial() -> None:
    ends = timezone.now() + 10 * DAY
    trial(ends)

    for hour in range(0, 24 * 20, 6):
        notify_trials(timezone.now() + timedelta(hours=hour))

    assert changes() == ["trial_ends", "trial_ends", "trial_ended", "suspended"]


def test_it_ignores_trials_that_ended_long_ago() -> None:
    trial(timezone.now() - 30 * DAY)

    notify_trials(timezone.now())

    assert changes() == []


def test_it_notifies_of_a_suspension_and_its_end() -> None:
    account = make_account()
    operator = Principal({}, "operator@example.com")

    actions.suspend(account, by=operator)
    actions.resume(account, by=operator)

    assert changes() == ["suspended", "resumed"]
