"""No support bundle contains a secret in any encoding."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django import Settings

from config.logging import JsonFormatter
from core.logs.disk_handler import DiskLog
from core.logs.rotating_file import folder_of
from locations.models import ApiKey
from operations.support_bundles.build import BundleRequest, build_bundle
from sessions_app.models import Session, SessionEvent
from tests.architecture.rows import Rows
from tests.factory import make_account
from tests.integration.operations.support_bundles.conftest import unzipped
from tests.integration.operations.support_bundles.secrets_of_everything import (
    OWN_NUMBER,
    PEER,
    QR,
    codes,
    found_in,
    secrets_of_rows,
    secrets_of_settings,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nowhere")]


def _log(data_dir: Path, session: Session, key: str) -> None:
    """Write a log with secrets."""
    handler = DiskLog(folder_of(data_dir))
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(f"sessions_app.of_{session.pk}")
    logger.propagate, about = False, {"session": str(session.pk)}
    logger.addHandler(handler)
    logger.warning("Dropped: code %s of %s, key %s", QR, OWN_NUMBER, key, extra=about)
    try:
        raise ValueError(f"postgres://u:hunter2hunter2@h/d refused {PEER} with {QR}")
    except ValueError:
        logger.exception("It failed", extra=about)
        logger.exception("It failed for %s", PEER)
    handler.flush()


@pytest.mark.parametrize("for_customer", [True, False])
def test_it_keeps_secrets_out_of_a_bundle(
    for_customer: bool,
    data_dir: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    hidden = secrets_of_settings(monkeypatch, settings)
    rows = Rows(make_account())
    hidden |= secrets_of_rows(rows)
    _, key = ApiKey.issue(rows.account, "Reminders")
    session: Session = rows.of("Session")
    hidden |= codes() | {key, QR, QR[2:40], "hunter2hunter2"}
    SessionEvent.objects.update(detail=f"{QR[:60]} {OWN_NUMBER}")
    _log(data_dir, session, key)

    account = rows.account.pk if for_customer else None
    build_bundle(BundleRequest(account, None, 5_000), tmp_path / "bundle.zip")

    files = unzipped(tmp_path / "bundle.zip")
    leaks = {name: found_in(text, hidden) for name, text in files.items()}
    assert {name: found for name, found in leaks.items() if found} == {}
    everything = "".join(files.values())
    assert len(hidden) > 25
    for expected in (str(session.pk), session.location.name, "…5678", r"Dropped: code \u2026"):
        assert expected in everything
    assert ("Traceback" in everything) is not for_customer


@pytest.mark.parametrize(
    "text",
    [
        "so hunter2/hunter2 is",
        f"?p={quote('hunter2/hunter2', safe='')}&",
        base64.b64encode(b"hunter2/hunter2").decode(),
        base64.urlsafe_b64encode(b"u:hunter2/hunter2").decode(),
        base64.b64encode(b"us:hunter2/hunter2@h").decode(),
        base64.b64encode(b"use:hunter2/hunter2@host").decode(),
        b"hunter2/hunter2".hex(),
    ],
)
def test_it_finds_a_secret_in_any_spelling(text: str) -> None:
    assert found_in(text, {"hunter2/hunter2"}) == ["hunter2/hunter2"]
    assert found_in(text, {"hunter3/hunter3"}) == []
