"""Which jobs of the whole installation there are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from core.background import jobs
from operations import jobs as own_jobs


@pytest.fixture(autouse=True)
def _none_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_JOBS", {})


def test_it_schedules_backups_when_the_settings_ask_for_them(
    settings: Settings, tmp_path: Path
) -> None:
    settings.BACKUP_DIR, settings.BACKUP_EVERY_HOURS = str(tmp_path), 24

    own_jobs.register()

    assert jobs.registered()["backup"].every == timedelta(days=1)


def test_it_schedules_no_backups_unless_the_settings_ask(settings: Settings) -> None:
    settings.BACKUP_DIR = ""

    own_jobs.register()

    assert "backup" not in jobs.registered()
