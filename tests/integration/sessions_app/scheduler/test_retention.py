"""What is over is deleted, what is needed stays."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session as SignIn
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.jobs import _receipts
from conversations.models import EARLY_RECEIPT_KEPT, EarlyReceipt, MessageStatus
from core.background.jobs import Job, registered
from core.data.batch_delete import BATCH_ROWS, delete_in_batches
from locations import jobs as people
from locations.models import IdempotentAnswer, Invitation, Role
from locations.rest.idempotency import KEPT, forget_answers
from notifications.jobs import NOTICES_KEPT, delete_old_notices
from notifications.models import Incident, Notice
from sessions_app import jobs
from sessions_app.cleanup import run
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import ConnectLink, Gateway, Session, SessionEvent
from sessions_app.pages.activity import uptimes
from tests.factory import (
    make_account,
    make_incident,
    make_location,
    make_notice,
    make_session,
    make_user,
)
from tests.integration.sessions_app.cleanup.conftest import KeyFolder

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LONG_AGO = jobs.EVENTS_KEPT + 10 * DAY


@pytest.mark.parametrize("job", registered().values(), ids=lambda job: job.name)
@pytest.mark.usefixtures("keys")
def test_it_reports_in_a_sentence_what_each_job_did(job: Job) -> None:
    sentence = job.run()

    assert sentence.endswith(".")
    assert str(job.title)


def test_it_deletes_exactly_the_given_rows_in_batches() -> None:
    account = make_account()
    old = timezone.now() - 2 * KEPT
    IdempotentAnswer.objects.bulk_create(
        IdempotentAnswer(account=account, key=str(number), request_hash="0", created_at=old)
        for number in range(BATCH_ROWS + 1)
    )
    IdempotentAnswer.objects.create(account=account, key="new", request_hash="0")

    assert forget_answers() == BATCH_ROWS + 1

    assert [answer.key for answer in IdempotentAnswer.objects.all()] == ["new"]
    assert delete_in_batches(IdempotentAnswer.objects.none()) == 0


def make_event(session: Session, version: int, ago: timedelta, status: Status) -> None:
    SessionEvent.objects.create(
        session=session,
        version=version,
        at=timezone.now() - ago,
        event="connected" if status is Status.READY else "dropped",
        old_status=Status.INITIALIZING,
        new_status=status,
        reason=Reason.OK if status is Status.READY else Reason.RECONNECTING,
        actor="gateway",
    )


def test_it_keeps_the_events_that_uptime_needs() -> None:
    location = make_location()
    session = make_session(location)
    up, down = Status.READY, Status.INITIALIZING
    story = [(LONG_AGO - n * timedelta(hours=1), s) for n, s in enumerate([up, down, up, down])]
    story += [(80 * DAY, up), (2 * DAY, down), (DAY, up)]
    for version, (ago, status) in enumerate(story, 2):
        make_event(session, version, ago, status)
    elsewhere = make_session(make_location(name="Elsewhere"))
    make_event(elsewhere, 2, LONG_AGO, up)
    before = uptimes([location.pk, elsewhere.location_id], count=90)

    assert jobs.forget_events(timezone.now()) == 2

    assert sorted(session.events.values_list("version", flat=True)) == [4, 5, 6, 7, 8]
    after = uptimes([location.pk, elsewhere.location_id], count=90)
    for place, days in before.items():
        for was, now in zip(days[:-1], after[place][:-1], strict=True):
            assert was == now
    assert jobs.forget_events(timezone.now()) == 0


def test_it_deletes_ended_links_and_gateways_after_a_month() -> None:
    now, location = timezone.now(), make_location()
    for days in (-1, 29, 31):
        over = now - days * DAY
        ConnectLink.objects.create(
            account=location.account,
            location=location,
            token_hash=ConnectLink.hash(str(days)),
            created_by="alice@example.com",
            expires_at=over,
        )
        facts = {"host": "web-1", "pid": 7, "started_at": over, "heartbeat_at": over}
        Gateway.objects.create(owner=str(days), **facts)

    assert (jobs.forget_links(now), jobs.forget_gateways(now)) == (1, 1)

    assert {gateway.owner for gateway in Gateway.objects.all()} == {"-1", "29"}
    assert ConnectLink.objects.count() == 2


@pytest.mark.parametrize("column", ["accepted_at", "revoked_at", "expires_at"])
def test_it_deletes_invitations_three_months_after_their_end(column: str) -> None:
    account, now = make_account(), timezone.now()
    for number, days in enumerate((89, 91)):
        invitation = Invitation(account=account, email=f"new{number}@example.com", role=Role.MEMBER)
        invitation.renew()
        setattr(invitation, column, now - days * DAY)
        invitation.save()

    assert people.forget_invitations(now) == 1

    assert Invitation.objects.get().email == "new0@example.com"


def test_it_deletes_expired_sign_ins_from_the_device_list() -> None:
    alice, clients = make_user(), [Client(), Client()]
    for client in clients:
        client.force_login(alice)
        UserSession.objects.create(
            user=alice,
            ip="127.0.0.1",
            session_key=client.session.session_key or "",
            user_agent="a browser",
            created_at=timezone.now() - 2 * DAY,
        )
    gone = SignIn.objects.filter(session_key=clients[0].session.session_key)
    gone.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert people.forget_sign_ins(timezone.now()) == 1

    assert SignIn.objects.get().session_key == clients[1].session.session_key
    assert UserSession.objects.get().session_key == clients[1].session.session_key


def test_it_deletes_unusable_receipts_as_well() -> None:
    session, now = make_session(), timezone.now()
    for name, age in (("A", EARLY_RECEIPT_KEPT * 2), ("B", timedelta(0))):
        EarlyReceipt.objects.create(
            session=session, whatsapp_id=name, status=MessageStatus.READ, at=now, kept_at=now - age
        )

    assert _receipts() == "Deleted 1 receipt of unknown messages."

    assert EarlyReceipt.objects.get().whatsapp_id == "B"


MONTH = timedelta(days=30)
OLD, YOUNG = MONTH + DAY, MONTH - DAY


@pytest.fixture
def linked(keys: KeyFolder) -> Session:
    """A linked number whose keys were written long ago: it is away."""
    session = make_session()
    keys.store(session, age=OLD)
    return session


@pytest.mark.usefixtures("linked")
def test_it_deletes_key_files_unused_for_a_month(
    keys: KeyFolder,
) -> None:
    stray, younger, in_use = (uuid.uuid4() for _ in range(3))
    gone = keys.store(stray, age=OLD)
    keys.store(younger, age=YOUNG)
    keys.store(in_use, age=OLD)
    keys.file(f"{in_use}.sqlite3-wal", age=timedelta(hours=1))
    before = keys.names()

    report = run.delete_left_over(MONTH)

    assert [file.name for file in report.deleted] == [gone.name]
    assert keys.names() == before - {gone.name}


def test_it_skips_the_monthly_cleanup_with_the_wrong_database(
    keys: KeyFolder,
) -> None:
    keys.store(uuid.uuid4(), age=OLD)

    assert run.delete_left_over(MONTH).deleted == []


def test_it_fails_the_monthly_cleanup_when_it_cannot_look(
    settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "whatsapp").touch()

    with pytest.raises(OSError, match="Not a directory"):
        registered()["cleanup"].run()


def test_it_ends_stuck_attempts_without_touching_files(
    keys: KeyFolder,
) -> None:
    hour: dict[str, Any] = {"since": timezone.now() - timedelta(hours=1)}
    stuck = make_session(status=Status.INITIALIZING, lease_owner="", lease_expires_at=None, **hour)
    keys.store(stuck, linked=False, age=OLD)

    assert run.end_stuck(timedelta(minutes=10)) == 1

    stuck.refresh_from_db()
    assert stuck.status == Status.DISCONNECTED
    assert keys.names() == {f"{stuck.pk}.sqlite3"}


def test_it_compares_days_with_the_year_before() -> None:
    for year in (2027, 2028):  # before and after a leap day
        today = datetime(year, 3, 31, tzinfo=UTC)
        assert today - jobs.EVENTS_KEPT < today.replace(year=year - 1)


def test_it_keeps_notices_for_thirteen_months() -> None:
    session = make_session()
    for age in (NOTICES_KEPT + DAY, NOTICES_KEPT - DAY):
        then = timezone.now() - age
        make_notice(session, at=then)
        make_incident(session, opened_at=then, ended_at=then)
    make_incident(session, opened_at=timezone.now() - LONG_AGO)

    assert delete_old_notices(timezone.now()) == 2

    assert Notice.objects.count() == 1
    assert Incident.objects.count() == 2, "one that is open is not over, however old"
