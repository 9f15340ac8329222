"""What time alone brings: losses whose grace is over, reminders, and outages of the platform."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from locations.models import Account
from notifications.incidents.outages import look, outage_of
from notifications.incidents.timers import open_for_lost, tell_due
from notifications.kinds import NoticeKind
from notifications.models import Incident, Mail, Notice, Outage
from notifications.notices.dispatch import gather
from sessions_app.gateway.ports import Change
from sessions_app.lifecycle import Event, Reason
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest, apply_changes
from tests.factory import connect, make_account, make_incident, make_session, make_user

pytestmark = pytest.mark.django_db
GRACE, MINUTE, DAY = timedelta(minutes=4), timedelta(minutes=1), timedelta(days=1)


def drop(sessions: list[Session], event: Event = Event.DROPPED) -> datetime:
    """All of them in one transaction, as the gateway does; the moment after it."""
    apply_changes("test", [ChangeRequest(session.pk, 1, Change(event)) for session in sessions])
    while open_for_lost(timezone.now()):
        pass
    return timezone.now()


def come_back(sessions: list[Session]) -> None:
    drop(sessions, Event.CONNECTED)


def crowd(accounts: int, each: int) -> list[Session]:
    made = [make_account(f"Account {number}") for number in range(accounts)]
    for number, account in enumerate(made):
        make_user(f"owner-{number}", account)
    return [connect(account, f"Place {n}") for account in made for n in range(each)]


def told(kind: NoticeKind) -> int:
    return Notice.objects.filter(kind=kind).count()


def test_a_drop_is_told_once_when_its_grace_is_over() -> None:
    now = drop([make_session()])

    assert tell_due(now + 2 * MINUTE) == 0
    assert tell_due(now + GRACE) == 1
    assert tell_due(now + GRACE) == 0

    assert told(NoticeKind.LOST) == 1


def test_reminders_follow_and_end_with_the_incident() -> None:
    session = make_session()
    now = drop([session]) + GRACE
    tell_due(now)

    for day in range(1, 30):
        tell_due(now + day * DAY)
        if day == 5:
            come_back([session])

    days = Notice.objects.filter(kind=NoticeKind.REMINDER).values_list("facts__days", flat=True)
    assert sorted(days) == [1, 3]
    assert told(NoticeKind.RECOVERED) == 1


def test_numbers_of_one_account_that_drop_together_make_one_mail() -> None:
    account = make_account()
    make_user("alice", account)
    sessions = [connect(account, f"Place {number}") for number in range(30)]
    now = drop(sessions) + GRACE
    look(now)
    assert not Outage.objects.exists(), "one account alone is no outage of the platform"

    tell_due(now)
    gather(now)

    assert Mail.objects.count() == 1


def test_an_outage_alarms_operators_once_and_mails_no_customer() -> None:
    operator = make_user("operator")
    operator.is_staff = operator.is_superuser = True
    operator.save()
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions)

    for seconds in range(0, 50 * 60, 60):
        look(now + MINUTE + timedelta(seconds=seconds))
        tell_due(now + MINUTE + timedelta(seconds=seconds))
    gather(now + 50 * MINUTE)

    assert told(NoticeKind.LOST) == 0
    assert [mail.to for mail in Mail.objects.all()] == ["operator@example.com"]
    outage = Outage.objects.get()
    assert (outage.most, outage.accounts) == (20, 4)
    assert outage_of(sessions[0].account_id) == outage
    assert outage_of(make_account("Stranger").pk) is None


def test_an_outage_hides_no_fault_of_a_number_itself() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions)
    look(now + MINUTE)

    drop(sessions[:1], Event.LOGGED_OUT)
    drop(sessions[1:2], Event.STREAM_REPLACED)
    look(timezone.now() + MINUTE)
    tell_due(timezone.now() + MINUTE + GRACE)

    reasons = {notice.facts["reason"] for notice in Notice.objects.filter(kind=NoticeKind.LOST)}
    assert reasons == {Reason.LOGGED_OUT, Reason.STREAM_REPLACED}


def test_who_is_still_down_when_an_outage_is_over_is_told_after_another_grace() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions) + MINUTE
    look(now)

    come_back(sessions[1:])
    over = now + 10 * MINUTE
    look(over)

    assert tell_due(over + GRACE - MINUTE) == 0
    assert tell_due(over + GRACE) == 1
    assert Outage.objects.get().ended_at == over
    assert told(NoticeKind.RECOVERED) == 0


def test_an_outage_that_lasts_an_hour_is_told() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions) + MINUTE
    look(now)

    assert tell_due(now + 59 * MINUTE) == 0
    assert tell_due(now + 61 * MINUTE) == 20


def test_a_second_wave_soon_after_is_the_same_outage() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions) + MINUTE
    look(now)
    come_back(sessions)
    look(now + MINUTE)

    drop(sessions)
    look(timezone.now() + 2 * MINUTE)

    assert Outage.objects.count() == 1


def test_a_restart_of_a_second_is_no_outage() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions)

    look(now + timedelta(seconds=5))
    come_back(sessions)
    look(now + MINUTE)

    assert not Outage.objects.exists()


def test_numbers_that_no_gateway_holds_are_lost_too() -> None:
    gone = timezone.now() - timedelta(hours=1)
    orphan = make_session(lease_expires_at=gone)
    make_session()
    now = timezone.now()

    assert open_for_lost(now) == 1
    assert open_for_lost(now) == 0
    assert tell_due(now) == 1

    incident = Incident.objects.get()
    assert (incident.session_id, incident.opened_at) == (orphan.pk, gone)
    drop([orphan], Event.RECONNECT)  # as a gateway does that takes it over
    come_back([orphan])
    assert told(NoticeKind.RECOVERED) == 1


def test_a_look_costs_the_same_however_many_are_down(account_of_many: Account) -> None:
    with CaptureQueriesContext(connection) as statements:
        look(timezone.now() + MINUTE)

    assert len(statements) <= 4


@pytest.fixture
def account_of_many() -> Account:
    account = make_account()
    for number in range(50):
        make_incident(connect(account, f"Place {number}"))
    return account
