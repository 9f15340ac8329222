from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.integration.sessions_app.cleanup.conftest import nowhere  # noqa: F401  no test dials out
from tests.integration.sessions_app.pages.conftest import (  # noqa: F401  fixtures
    account,
    alice,
    bob,
    charlie,
    location,
    session,
    sign_in,
    vera,
)


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    """Return a data folder for this test only."""
    settings.DATA_DIR = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def unzipped(path: Path) -> dict[str, str]:
    """Return the texts of a bundle by file name."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}
