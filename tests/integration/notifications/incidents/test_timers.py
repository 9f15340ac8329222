"""Time-based changes of incidents: the end of the grace, reminders, outages of the platform."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from locations.models import Account
from notifications.incidents.outages import outage_of, update_outages
from notifications.incidents.timers import notify_due, open_overdue
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
    """Drop all of them in one transaction, as the gateway does; return the time after it."""
    apply_changes("test", [ChangeRequest(session.pk, 1, Change(event)) for session in sessions])
    while open_overdue(timezone.now()):
        pass
    return timezone.now()


def come_back(sessions: list[Session]) -> None:
    drop(sessions, Event.CONNECTED)


def crowd(accounts: int, each: int) -> list[Session]:
    made = [make_account(f"Account {number}") for number in range(accounts)]
    for number, account in enumerate(made):
        make_user(f"owner-{number}", account)
    return [connect(account, f"Place {n}") for account in made for n in range(each)]


def notices(kind: NoticeKind) -> int:
    return Notice.objects.filter(kind=kind).count()


def test_it_notifies_once_after_the_grace() -> None:
    now = drop([make_session()])

    assert notify_due(now + 2 * MINUTE) == 0
    assert notify_due(now + GRACE) == 1
    assert notify_due(now + GRACE) == 0

    assert notices(NoticeKind.LOST) == 1


def test_it_sends_reminders_until_the_incident_ends() -> None:
    session = make_session()
    now = drop([session]) + GRACE
    notify_due(now)

    for day in range(1, 30):
        notify_due(now + day * DAY)
        if day == 5:
            come_back([session])

    days = Notice.objects.filter(kind=NoticeKind.REMINDER).values_list("facts__days", flat=True)
    assert sorted(days) == [1, 3]
    assert notices(NoticeKind.RECOVERED) == 1


def test_it_sends_one_mail_for_simultaneous_losses() -> None:
    account = make_account()
    make_user("alice", account)
    sessions = [connect(account, f"Place {number}") for number in range(30)]
    now = drop(sessions) + GRACE
    update_outages(now)
    assert not Outage.objects.exists(), "a single account is no outage of the platform"

    notify_due(now)
    gather(now)

    assert Mail.objects.count() == 1


def test_it_alerts_operators_once_and_mails_no_customer() -> None:
    operator = make_user("operator")
    operator.is_staff = operator.is_superuser = True
    operator.save()
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions)

    for seconds in range(0, 50 * 60, 60):
        update_outages(now + MINUTE + timedelta(seconds=seconds))
        notify_due(now + MINUTE + timedelta(seconds=seconds))
    gather(now + 50 * MINUTE)

    assert notices(NoticeKind.LOST) == 0
    assert [mail.to for mail in Mail.objects.all()] == ["operator@example.com"]
    outage = Outage.objects.get()
    assert (outage.most, outage.accounts) == (20, 4)
    assert outage_of(sessions[0].account_id) == outage
    assert outage_of(make_account("Stranger").pk) is None


def test_it_notifies_of_logouts_during_an_outage() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions)
    update_outages(now + MINUTE)

    drop(sessions[:1], Event.LOGGED_OUT)
    drop(sessions[1:2], Event.STREAM_REPLACED)
    update_outages(timezone.now() + MINUTE)
    notify_due(timezone.now() + MINUTE + GRACE)

    reasons = {notice.facts["reason"] for notice in Notice.objects.filter(kind=NoticeKind.LOST)}
    assert reasons == {Reason.LOGGED_OUT, Reason.STREAM_REPLACED}


def test_it_notifies_of_numbers_down_after_an_outage() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions) + MINUTE
    update_outages(now)

    come_back(sessions[1:])
    over = now + 10 * MINUTE
    update_outages(over)

    assert notify_due(over + GRACE - MINUTE) == 0
    assert notify_due(over + GRACE) == 1
    assert Outage.objects.get().ended_at == over
    assert notices(NoticeKind.RECOVERED) == 0


def test_it_notifies_accounts_after_an_hour_of_outage() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions) + MINUTE
    update_outages(now)

    assert notify_due(now + 59 * MINUTE) == 0
    assert notify_due(now + 61 * MINUTE) == 20


def test_it_continues_an_outage_that_begins_again() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions) + MINUTE
    update_outages(now)
    come_back(sessions)
    update_outages(now + MINUTE)

    drop(sessions)
    update_outages(timezone.now() + 2 * MINUTE)

    assert Outage.objects.count() == 1


def test_it_ignores_a_restart_that_takes_a_second() -> None:
    sessions = crowd(accounts=4, each=5)
    now = drop(sessions)

    update_outages(now + timedelta(seconds=5))
    come_back(sessions)
    update_outages(now + MINUTE)

    assert not Outage.objects.exists()


def test_it_opens_incidents_for_numbers_without_a_gateway() -> None:
    gone = timezone.now() - timedelta(hours=1)
    orphan = make_session(lease_expires_at=gone)
    make_session()
    now = timezone.now()

    assert open_overdue(now) == 1
    assert open_overdue(now) == 0
    assert notify_due(now) == 1

    incident = Incident.objects.get()
    assert (incident.session_id, incident.opened_at) == (orphan.pk, gone)
    drop([orphan], Event.RECONNECT)  # as the next gateway does
    come_back([orphan])
    assert notices(NoticeKind.RECOVERED) == 1


def test_it_needs_constant_queries_during_an_outage(account_of_many: Account) -> None:
    with CaptureQueriesContext(connection) as statements:
        update_outages(timezone.now() + MINUTE)

    assert len(statements) <= 4


@pytest.fixture
def account_of_many() -> Account:
    account = make_account()
    for number in range(50):
        make_incident(connect(account, f"Place {number}"))
    return account
