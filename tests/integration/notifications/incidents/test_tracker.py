"""Incidents are opened, told and ended with the very change of the session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.incidents.timers import open_for_lost
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


def test_a_drop_opens_an_incident_that_is_told_after_the_grace() -> None:
    session = make_session()

    change(session, LOST)
    assert not Incident.objects.exists(), "most drops are over in a second"
    open_for_lost(timezone.now())

    incident = Incident.objects.get()
    assert (incident.session_id, incident.account_id) == (session.pk, session.account_id)
    assert incident.due_at == incident.opened_at + timedelta(minutes=4)
    assert kinds() == []


def test_a_temporary_block_is_told_with_the_time_of_the_next_try() -> None:
    session, later = make_session(), timezone.now() + timedelta(hours=6)

    change(session, Event.TEMP_BAN, retry_at=later)

    (lost,) = Notice.objects.all()
    assert (lost.facts["reason"], lost.facts["until"]) == (Reason.TEMP_BAN, later.isoformat())


def test_a_blip_ends_its_incident_and_is_told_to_nobody() -> None:
    session = make_session()

    change(session, LOST)
    open_for_lost(timezone.now())
    change(session, BACK)

    assert Incident.objects.get().ending == "ready"
    assert kinds() == []


def test_a_drop_that_nobody_looked_at_leaves_nothing() -> None:
    session = make_session()

    change(session, LOST)
    change(session, BACK)
    open_for_lost(timezone.now())

    assert not Incident.objects.exists()
    assert kinds() == []


def test_a_logout_of_a_number_whose_gateway_was_gone_is_told() -> None:
    session = make_session(lease_expires_at=timezone.now() - timedelta(minutes=1))
    open_for_lost(timezone.now())

    change(session, Event.RECONNECT)
    log_out(session)

    assert kinds() == [NoticeKind.LOST]
    assert Incident.objects.count() == 1


def test_a_logout_is_told_at_once_and_so_is_the_way_back() -> None:
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


def test_the_first_link_is_told_once() -> None:
    session = make_session(status=Status.QR)

    change(session, Event.PAIR_SUCCESS, device=DEVICE)
    change(session, BACK)
    change(session, LOST)
    change(session, BACK)

    assert kinds() == [NoticeKind.LINKED]


def test_codes_that_ran_out_on_a_first_attempt_are_told_to_nobody() -> None:
    session = make_session(status=Status.QR)

    change(session, Event.QR_EXPIRED)

    assert not Incident.objects.exists()
    assert kinds() == []


@pytest.mark.parametrize("event", [Event.STOPPED, Event.UNLINKED])
def test_what_a_person_ended_is_confirmed_with_his_name(event: Event) -> None:
    session = make_session()
    change(session, LOST)

    change(session, event, actor="alice@example.com")

    assert Incident.objects.open().count() == 0
    (notice,) = Notice.objects.all()
    assert notice.kind == NoticeKind.STOPPED
    assert notice.facts["by"] == "alice@example.com"


def test_a_number_that_was_never_linked_is_unlinked_without_a_word() -> None:
    session = make_session(status=Status.QR)

    change(session, Event.UNLINKED)

    assert kinds() == []


def test_a_number_that_comes_and_goes_is_quiet_from_the_fourth_loss_of_a_day() -> None:
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


def test_a_change_that_is_undone_leaves_no_news() -> None:
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
def test_a_hundred_cost_as_many_statements_as_ten(event: Event) -> None:
    """Beside the one that writes each session itself."""
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
