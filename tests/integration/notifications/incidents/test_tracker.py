"""Incidents are opened and ended, with their notices, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.incidents.timers import open_overdue
from notifications.kinds import NoticeKind
from notifications.models import Incident, Notice
from sessions_app.gateway.ports import Change, LinkedDevice, PairingQr
from sessions_app.lifecycle import Event, Reason, Status
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest, apply_changes
from tests.factory import apply_change, connect, make_account, make_session

pytestmark = pytest.mark.django_db
DEVICE = LinkedDevice("351912345678:2@s.whatsapp.net", "+351912345678")
LOST, BACK = Event.DROPPED, Event.CONNECTED


def change(session: Session, event: Event, **facts: Any) -> None:
    """As the gateway does; ``facts`` are fields of the ``Change``."""
    apply_change("test", ChangeRequest(session.pk, 1, Change(event, **facts)))


def log_out(session: Session) -> None:
    change(session, Event.LOGGED_OUT, device=None)


def kinds() -> list[str]:
    return list(Notice.objects.order_by("at", "id").values_list("kind", flat=True))


def test_it_opens_an_incident_after_a_drop() -> None:
    session = make_session()

    change(session, LOST)
    assert not Incident.objects.exists(), "most drops are over in a second"
    open_overdue(timezone.now())

    incident = Incident.objects.get()
    assert (incident.session_id, incident.account_id) == (session.pk, session.account_id)
    assert incident.due_at == incident.opened_at + timedelta(minutes=4)
    assert kinds() == []


def test_it_announces_the_scan_of_another_number_once() -> None:
    session = make_session(status=Status.QR, phone_number="+351912345678")

    for _ in range(2):
        change(session, Event.OTHER_NUMBER, device=None)
        change(session, Event.START)

    (lost,) = Notice.objects.all()
    assert (lost.kind, lost.facts["reason"]) == (NoticeKind.LOST, Reason.OTHER_NUMBER)


def test_it_includes_the_end_of_a_temporary_block() -> None:
    session, later = make_session(), timezone.now() + timedelta(hours=6)

    change(session, Event.TEMP_BAN, retry_at=later)

    (lost,) = Notice.objects.all()
    assert (lost.facts["reason"], lost.facts["until"]) == (Reason.TEMP_BAN, later.isoformat())


def test_it_ends_a_short_loss_without_a_notice() -> None:
    session = make_session()

    change(session, LOST)
    open_overdue(timezone.now())
    change(session, BACK)

    assert Incident.objects.get().ending == "ready"
    assert kinds() == []


def test_it_writes_nothing_for_a_brief_drop() -> None:
    session = make_session()

    change(session, LOST)
    change(session, BACK)
    open_overdue(timezone.now())

    assert not Incident.objects.exists()
    assert kinds() == []


def test_it_notifies_of_a_logout_after_a_gateway_loss() -> None:
    session = make_session(lease_expires_at=timezone.now() - timedelta(minutes=1))
    open_overdue(timezone.now())

    change(session, Event.RECONNECT)
    log_out(session)

    assert kinds() == [NoticeKind.LOST]
    assert Incident.objects.count() == 1


def test_it_notifies_of_a_logout_and_the_recovery() -> None:
    session = make_session(phone_number="+351912345678")

    log_out(session)
    change(session, Event.START)
    change(session, Event.QR_CODE, qr=PairingQr("2@code", 1, 6, timezone.now()))
    change(session, Event.PAIR_SUCCESS, device=DEVICE)
    change(session, BACK)

    assert kinds() == [NoticeKind.LOST, NoticeKind.RECOVERED]
    lost = Notice.objects.get(kind=NoticeKind.LOST)
    assert lost.facts["location"] == session.location.name
    assert lost.facts["number"] == "+351912345678"
    assert lost.facts["reason"] == Reason.LOGGED_OUT
    assert timezone.now() < lost.tell_at < timezone.now() + timedelta(seconds=10)


def test_it_notifies_of_the_first_link_once() -> None:
    session = make_session(status=Status.QR)

    change(session, Event.PAIR_SUCCESS, device=DEVICE)
    change(session, BACK)
    change(session, LOST)
    change(session, BACK)

    assert kinds() == [NoticeKind.LINKED]


def test_it_ignores_expired_codes_of_a_first_attempt() -> None:
    session = make_session(status=Status.QR)

    change(session, Event.QR_EXPIRED)

    assert not Incident.objects.exists()
    assert kinds() == []


@pytest.mark.parametrize("event", [Event.STOPPED, Event.UNLINKED])
def test_it_confirms_a_stop_with_the_user(event: Event) -> None:
    session = make_session()
    change(session, LOST)

    change(session, event, actor="alice@example.com")

    assert Incident.objects.open().count() == 0
    (notice,) = Notice.objects.all()
    assert notice.kind == NoticeKind.STOPPED
    assert notice.facts["by"] == "alice@example.com"


def test_it_confirms_no_unlinking_of_an_unlinked_number() -> None:
    session = make_session(status=Status.QR)

    change(session, Event.UNLINKED)

    assert kinds() == []


def test_it_silences_a_flapping_number_after_three_losses() -> None:
    session = make_session()
    device = LinkedDevice(session.jid, session.phone_number)

    for _ in range(4):
        log_out(session)
        change(session, Event.START)
        change(session, Event.PAIR_SUCCESS, device=device)
        change(session, BACK)

    quiet = Notice.objects.order_by("at", "kind").values_list("kind", "quiet")
    assert sorted(quiet) == sorted(
        [(NoticeKind.LOST, False), (NoticeKind.RECOVERED, False)] * 3
        + [(NoticeKind.LOST, True), (NoticeKind.RECOVERED, True)]
    )


def test_it_writes_no_notice_after_a_rollback() -> None:
    session = make_session()

    with pytest.raises(RuntimeError), transaction.atomic():
        log_out(session)
        raise RuntimeError("as if the database went away")

    assert not Incident.objects.exists()
    assert kinds() == []


def _all(sessions: list[Session], event: Event) -> Callable[[], object]:
    asked = [ChangeRequest(session.pk, 1, Change(event)) for session in sessions]
    return lambda: apply_changes("test", asked)


@pytest.mark.parametrize("event", [LOST, BACK])
def test_it_needs_constant_queries_for_many_sessions(event: Event) -> None:
    """The statements for incidents, without the UPDATE of each session."""
    account = make_account()
    sessions = [connect(account, f"Place {number}") for number in range(60)]
    if event is BACK:
        _all(sessions, LOST)()
    few, many = sessions[:10], sessions[10:]

    with CaptureQueriesContext(
        connection,
    ) as first:
        _all(few, event)()
    with CaptureQueriesContext(connection) as second:
        _all(many, event)()

    assert len(second) - len(first) == len(many) - len(few)
