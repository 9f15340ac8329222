"""Each transition is logged in one line, with the ids of session and location and no secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from config.logging import HumanFormatter, JsonFormatter
from sessions_app.gateway.ports import Change, LinkedDevice, PairingQr
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, make_session

pytestmark = pytest.mark.django_db

QR = "2@" + ",".join(["Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMTI="] * 4)
CODE = PairingQr(QR, 1, 6, datetime(2026, 11, 22, tzinfo=UTC))
NUMBER, JID = "+351912345678", "351912345678:4@s.whatsapp.net"


@pytest.fixture
def apply(
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Callable[..., list[logging.LogRecord]]:
    """Return a function that applies an event to a session and returns the log records."""

    def apply_event(session: Session, event: Event, **facts: Any) -> list[logging.LogRecord]:
        caplog.clear()
        with (
            caplog.at_level(logging.DEBUG, "sessions_app"),
            django_capture_on_commit_callbacks(execute=True),
        ):
            apply_change(session.lease_owner, ChangeRequest(session.pk, 1, Change(event, **facts)))
        return caplog.records

    return apply_event


def test_it_logs_one_line_for_each_transition(
    apply: Callable[..., list[logging.LogRecord]],
) -> None:
    session = make_session(status=Status.INITIALIZING)
    logged = []
    for event, facts in (
        (Event.QR_CODE, {"qr": CODE}),
        (Event.PAIR_SUCCESS, {"device": LinkedDevice(JID, NUMBER)}),
        (Event.CONNECTED, {}),
        (Event.DROPPED, {}),
    ):
        (record,) = apply(session, event, **facts)
        assert record.levelno == logging.INFO
        assert (vars(record)["session"], vars(record)["location"]) == (
            str(session.pk),
            str(session.location_id),
        )
        logged.append((record.getMessage(), vars(record)["status"]))
        for line in (HumanFormatter().format(record), JsonFormatter().format(record)):
            assert not any(secret in line for secret in (QR, NUMBER, JID, NUMBER[1:]))
    assert logged == [
        ("QR code stored for session with status 'qr'", "qr"),
        ("Code scanned for session", "initializing"),
        ("Session connected", "ready"),
        ("Session dropped", "initializing"),
    ]


def test_it_logs_an_ignored_event_at_debug_only(
    apply: Callable[..., list[logging.LogRecord]],
) -> None:
    (record,) = apply(make_session(status=Status.READY), Event.QR_CODE, qr=CODE)
    assert record.levelno == logging.DEBUG
    assert QR not in HumanFormatter().format(record)
