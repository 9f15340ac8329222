"""When the numbers' own phones were last seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import connections
from django.utils import timezone

from core.data.db_threads import Transactions
from sessions_app.gateway.ports import Change, LinkedDevice
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session, SessionEvent
from sessions_app.store.session_store import DatabaseSessionStore
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, connect, make_account, make_session

DAY = timedelta(days=1)


@pytest.fixture
async def store() -> AsyncIterator[DatabaseSessionStore]:
    """The store of the gateway that runs the factory's sessions."""
    transactions = Transactions()
    yield DatabaseSessionStore("test", "here", 1, transactions)
    await transactions.run(connections.close_all)  # else they outlive the database


@pytest.mark.django_db(transaction=True)
async def test_it_stores_a_phone_without_version_or_event(store: DatabaseSessionStore) -> None:
    seen = datetime.now(UTC).replace(microsecond=0)
    session = await database_sync_to_async(make_session)()
    foreign = await database_sync_to_async(make_session)(lease_owner="another")

    await store.note_phones({session.pk: seen, foreign.pk: seen})

    def look() -> None:
        row = Session.objects.get(pk=session.pk)
        assert (row.phone_seen_at, row.version) == (seen, session.version)
        assert not SessionEvent.objects.exists()
        assert Session.objects.get(pk=foreign.pk).phone_seen_at is None

    await database_sync_to_async(look)()


@pytest.mark.django_db
def test_it_finds_ready_numbers_with_an_absent_phone() -> None:
    now, account = timezone.now(), make_account()
    away = connect(account, "Away", phone_seen_at=now - 11 * DAY)
    connect(account, "Here", phone_seen_at=now - DAY)
    connect(account, "Never seen")
    connect(account, "Lost", Status.DISCONNECTED, jid="1:1@s", phone_seen_at=now - 11 * DAY)

    assert list(Session.objects.phones_unseen_since(now - 10 * DAY)) == [away]


@pytest.mark.django_db
def test_it_has_seen_a_phone_that_just_scanned() -> None:
    session = make_session(status=Status.QR)
    seen = timezone.now()
    device = LinkedDevice("351912345678:2@s.whatsapp.net", "+351912345678")
    scanned = Change(Event.PAIR_SUCCESS, device=device, phone_seen_at=seen)

    state = apply_change("test", ChangeRequest(session.pk, 1, scanned))

    assert state.phone_seen_at == seen
