"""A number is linked while a cleanup runs: its keys are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sessions_app.cleanup.rules import LINKED
from sessions_app.cleanup.run import CleanupReport, clean, delete_left_over
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_session
from tests.integration.at_once import meet, only_on_postgresql
from tests.integration.sessions_app.cleanup.conftest import KeyFolder

pytestmark = [pytest.mark.django_db(transaction=True), only_on_postgresql]
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def session(keys: KeyFolder) -> Session:
    """A session whose attempt to link has ended."""
    return make_session(status=Status.DISCONNECTED)


def _link(session: Session) -> None:
    """Write what a gateway writes once the phone has scanned the code."""
    Session.objects.filter(pk=session.pk).update(jid="351911111111:1@s.whatsapp.net")


def _assert_kept(report: CleanupReport, store: Path) -> None:
    assert [(file.name, file.why) for file in report.kept] == [(store.name, LINKED)]
    assert report.deleted == []
    assert store.exists()


def test_it_keeps_keys_that_are_linked_meanwhile(session: Session, keys: KeyFolder) -> None:
    store = keys.store(session)

    report = meet(lambda: _link(session), lambda: clean(TEN_MINUTES, dry_run=False))

    _assert_kept(report, store)


def test_it_keeps_them_in_a_scheduled_cleanup(session: Session, keys: KeyFolder) -> None:
    store = keys.store(session)

    report = meet(lambda: _link(session), lambda: delete_left_over(TEN_MINUTES))

    _assert_kept(report, store)
