"""Writing a status: compare-and-set, together with the timeline, and only with the lease."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from locations.models import Account
from sessions_app.actions import LocationBusy, create_session
from sessions_app.gateway.ports import (
    Change,
    LeaseLost,
    LinkedDevice,
    NumberTaken,
    PairingQr,
)
from sessions_app.lifecycle import Event, Reason, Status
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest, apply_unowned_change
from tests.factory import apply_change, make_account, make_location, make_session

pytestmark = pytest.mark.django_db
OWNER = "test"  # the factory's sessions are leased to it at epoch 1


def test_it_writes_the_row_and_the_timeline_together() -> None:
    session = make_session(status=Status.INITIALIZING)

    state = apply_change(OWNER, ChangeRequest(session.pk, 1, _code(1)))

    session.refresh_from_db()
    assert (session.status, session.reason) == (Status.QR, Reason.SCAN)
    assert state.version == session.version == 2
    (event,) = session.events.all()
    assert (event.old_status, event.new_status, event.version) == ("initializing", "qr", 2)


def test_it_stores_each_code_as_a_new_version() -> None:
    session = make_session(status=Status.QR)
    since = session.since

    apply_change(OWNER, ChangeRequest(session.pk, 1, _code(2)))

    session.refresh_from_db()
    assert (session.qr_number, session.version) == (2, 2)
    assert session.since == since


def test_it_clears_the_code_when_the_status_leaves_qr() -> None:
    session = make_session(status=Status.QR, pairing_code="ABCD-EFGH")

    apply_change(OWNER, ChangeRequest(session.pk, 1, Change(Event.PAIR_SUCCESS)))

    session.refresh_from_db()
    assert (session.qr_text, session.qr_number, session.pairing_code) == ("", None, "")


@pytest.mark.parametrize(("owner", "epoch"), [("another", 1), (OWNER, 2), ("", 1)])
def test_it_refuses_a_change_without_the_lease(owner: str, epoch: int) -> None:
    session = make_session(status=Status.READY)

    with pytest.raises(LeaseLost):
        apply_change(owner, ChangeRequest(session.pk, epoch, Change(Event.DROPPED)))

    session.refresh_from_db()
    assert session.status == Status.READY
    assert not session.events.exists()


def test_it_changes_nothing_when_the_event_is_ignored() -> None:
    session = make_session(status=Status.DISCONNECTED, lease_owner=OWNER, lease_epoch=1)

    state = apply_change(OWNER, ChangeRequest(session.pk, 1, _code(1)))

    session.refresh_from_db()
    assert (state.version, session.version, session.qr_text) == (1, 1, "")


def test_it_makes_no_version_without_a_difference() -> None:
    session = make_session(status=Status.INITIALIZING, reason=Reason.RECONNECTING)

    state = apply_change(OWNER, ChangeRequest(session.pk, 1, Change(Event.DROPPED)))

    assert state.version == 1


def test_it_refuses_a_number_linked_at_another_location() -> None:
    account = make_account()
    first = make_session(make_location(account, "One"))
    second = make_session(make_location(account, "Two"), Status.INITIALIZING)

    with pytest.raises(NumberTaken):
        apply_change(OWNER, ChangeRequest(second.pk, 1, _linked(first.phone_number)))

    second.refresh_from_db()
    assert (second.status, second.version) == (Status.INITIALIZING, 1)


def test_it_lets_two_accounts_link_the_same_number() -> None:
    first = make_session()
    second = make_session(make_location(make_account("Other"), "Elsewhere"), Status.INITIALIZING)

    state = apply_change(OWNER, ChangeRequest(second.pk, 1, _linked(first.phone_number)))

    assert state.status is Status.READY


def test_it_cleans_up_only_an_unchanged_session() -> None:
    session = make_session(status=Status.INITIALIZING)

    assert not apply_unowned_change(session.pk, 7, Change(Event.CLEANED_UP))
    assert apply_unowned_change(session.pk, 1, Change(Event.CLEANED_UP, "cleanup"))

    session.refresh_from_db()
    assert (session.status, session.reason) == (Status.DISCONNECTED, Reason.CLEANED_UP)


def test_it_refuses_a_second_live_session_of_a_location() -> None:
    location = make_location()
    make_session(location)

    with pytest.raises(LocationBusy):
        create_session(location, by="alice@example.com")


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "connected"},
        {"wanted": "gone"},
        {"reason": "because"},
        {"status": "ready", "qr_text": "https://wa.me/settings/linked_devices#kept"},
    ],
)
def test_it_has_constraints_against_impossible_rows(columns: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        make_session(**columns)


def test_it_logs_after_the_commit(
    django_capture_on_commit_callbacks: Any,
) -> None:
    session = make_session(status=Status.READY)

    with django_capture_on_commit_callbacks() as callbacks:
        apply_change(OWNER, ChangeRequest(session.pk, 1, Change(Event.DROPPED)))

    assert len(callbacks) == 1


def _code(number: int) -> Change:
    return Change(
        Event.QR_CODE,
        "WhatsApp",
        f"{number} of 6",
        qr=PairingQr(
            text=f"https://wa.me/settings/linked_devices#{number}",
            number=number,
            of=6,
            expires_at=timezone.now(),
        ),
    )


def _linked(number: str) -> Change:
    jid = f"{number[1:]}:2@s.whatsapp.net"
    return Change(Event.CONNECTED, "WhatsApp", device=LinkedDevice(jid, number))


def test_it_belongs_to_one_account_only() -> None:
    session = make_session()

    assert list(Session.objects.of_accounts([Account.objects.create(name="B").pk])) == []
    assert list(Session.objects.of_accounts([session.account_id])) == [session]
