from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from pytest_django import Settings

from sessions_app.models import Session

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
CODE = "https://wa.me/settings/linked_devices#a-code"


@pytest.fixture
def old_key(settings: Settings) -> None:
    """New values are encrypted with OLD."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]


Stored = Callable[[Session], str]


@pytest.fixture
def stored() -> Stored:
    """What really stands in the column ``qr_text``."""

    def read(session: Session) -> str:
        with connection.cursor() as cursor:
            key = session.pk if connection.vendor == "postgresql" else session.pk.hex
            cursor.execute("SELECT qr_text FROM sessions_app_session WHERE id = %s", [key])
            return str(cursor.fetchone()[0])

    return read
