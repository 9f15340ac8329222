"""One line for each transition, with the session's and the location's id and no secret."""

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
    """Applies an event to a session and gives back what was logged for it."""

    def apply_event(session: Session, event: Event, **facts: Any) -> list[logging.LogRecord]:
        caplog.clear()
        with (
            caplog.at_level(logging.DEBUG, "sessions_app"),
            django_capture_on_commit_callbacks(execute=True),
        ):
            apply_change(session.lease_owner, ChangeRequest(session.pk, 1, Change(event, **facts)))
        return caplog.records

    return apply_event


def test_each_step_to_ready_and_back_is_one_line(
    apply: Callable[..., list[logging.LogRecord]],
) -> None:
    session = make_session(status=Status.INITIALIZING)
    told = []
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
        told.append((record.getMessage(), vars(record)["status"]))
        for line in (HumanFormatter().format(record), JsonFormatter().format(record)):
            assert not any(secret in line for secret in (QR, NUMBER, JID, NUMBER[1:]))
    assert told == [
        ("QR code stored for session with status 'qr'", "qr"),
        ("Code scanned for session", "initializing"),
        ("Session connected", "ready"),
        ("Session dropped", "initializing"),
    ]


def test_an_event_that_does_not_matter_is_told_at_debug_only(
    apply: Callable[..., list[logging.LogRecord]],
) -> None:
    (record,) = apply(make_session(status=Status.READY), Event.QR_CODE, qr=CODE)
    assert record.levelno == logging.DEBUG
    assert QR not in HumanFormatter().format(record)
