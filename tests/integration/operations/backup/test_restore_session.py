"""Restore one session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations.models import Message
from locations.models import AuditEvent, Location
from operations.backup.create import CreatedBackup
from operations.backup.restore import RestoreResult
from operations.backup.restore_session import restore_session
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session, SessionEvent
from tests.factory import connect, make_account, make_plan, make_session
from tests.integration.operations.backup.conftest import (
    KEY,
    BackUp,
    Keys,
    assert_refused,
    delete,
    linked,
    silent,
)

pytestmark = pytest.mark.django_db(transaction=True)


def session_back(made: CreatedBackup, session: Session) -> RestoreResult:
    return restore_session(made.path, KEY, str(session.pk), silent)


def test_it_restores_a_session_with_location_and_history(keys: Keys, back_up: BackUp) -> None:
    account = make_account()
    session, other = linked(account, "Porto", keys), linked(account, "Faro", keys)
    SessionEvent.objects.create(
        session=session, event="start", old_status="initializing", new_status="initializing",
        reason="starting", actor="gateway", version=1,
    )  # fmt: skip
    made = back_up()
    Location.objects.filter(pk=session.location_id).delete()
    keys.path(session).unlink()
    untouched = Session.objects.filter(pk=other.pk).values().get()

    done = session_back(made, session)

    back = Session.objects.get(pk=session.pk)
    assert (back.jid, back.location.name, back.lease_owner) == (session.jid, "Porto", "")
    assert back.events.count() == back.messages.count() == 1
    assert keys.mark(session) == "first"
    assert Session.objects.filter(pk=other.pk).values().get() == untouched
    assert done.keys == 1
    assert AuditEvent.objects.get().verb == "session_restored"


def test_it_relinks_a_session_that_lost_its_keys(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    keys.path(session).write_bytes(b"garbled")
    _end(session, Reason.KEYS_DAMAGED)
    Message.objects.update(text="written since")

    session_back(made, session)

    back = Session.objects.get()
    assert (back.jid, back.phone_number) == (session.jid, session.phone_number)
    assert back.wanted_attempt > back.attempt and back.lease_epoch > session.lease_epoch
    assert Message.objects.get().text == "written since"
    assert keys.mark(session) == "first"
    (damaged,) = [name for name in keys.names() if "damaged" in name]
    assert (keys.folder / damaged).read_bytes() == b"garbled"


def _end(session: Session, reason: Reason, **columns: Any) -> None:
    """Leave the session like a gateway that finds no keys."""
    ended = {"status": Status.DISCONNECTED, "reason": reason, "jid": "", "lease_owner": ""}
    Session.objects.filter(pk=session.pk).update(**{**ended, "lease_expires_at": None, **columns})


def test_it_refuses_a_running_or_intact_session(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()

    assert_refused(lambda: session_back(made, session), "gateway runs this session")
    Session.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert_refused(lambda: session_back(made, session), "newer than those")
    assert not any("damaged" in name for name in keys.names())


def test_it_refuses_keys_that_whatsapp_no_longer_accepts(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()

    _end(session, Reason.LOGGED_OUT)
    assert_refused(lambda: session_back(made, session), "unlinked after the backup")
    _end(session, Reason.UNLINKED, wanted=Wanted.UNLINKED)
    assert_refused(lambda: session_back(made, session), "unlinked after the backup")
    _end(session, Reason.OK, jid="1:9@s.whatsapp.net", wanted=Wanted.LINKED)
    assert_refused(lambda: session_back(made, session), "linked again")


def test_it_refuses_a_busy_location_or_linked_number(keys: Keys, back_up: BackUp) -> None:
    account = make_account()
    session = linked(account, "Porto", keys)
    made = back_up()
    location = session.location
    delete(session)

    busy = make_session(location, Status.DISCONNECTED)
    assert_refused(lambda: session_back(made, session), f"Porto has another .*{busy.pk}")
    delete(busy)
    connect(account, "Faro", jid=session.jid, phone_number=session.phone_number)
    assert_refused(lambda: session_back(made, session), "Its number is linked")


def test_it_refuses_unknown_unlinked_and_orphaned_sessions(keys: Keys, back_up: BackUp) -> None:
    account = make_account()
    waiting, session = make_session(status=Status.QR), linked(account, "Porto", keys)
    made = back_up()
    delete(account)

    assert_refused(lambda: session_back(made, Session()), "no session")
    assert_refused(lambda: session_back(made, waiting), "No number was linked")
    assert_refused(lambda: session_back(made, session), "account is deleted")


def test_it_refuses_a_location_that_is_being_deleted(keys: Keys, back_up: BackUp) -> None:
    session = linked(make_account(), "Porto", keys)
    made = back_up()
    Location.objects.filter(pk=session.location_id).update(deleting_at=timezone.now())

    assert_refused(lambda: session_back(made, session), "is being deleted")


def test_it_refuses_more_sessions_than_the_plan_allows(keys: Keys, back_up: BackUp) -> None:
    account = make_account(plan=make_plan("One", max_sessions=1))
    session = linked(account, "Porto", keys)
    made = back_up()
    delete(session)
    connect(account, "Faro", Status.DISCONNECTED)

    assert_refused(lambda: session_back(made, session), "1")
