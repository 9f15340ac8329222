"""Fixtures that these tests share with others."""

from __future__ import annotations

from tests.integration.sessions_app.pages.conftest import (  # noqa: F401  fixtures
    account,
    alice,
    bob,
    charlie,
    location,
    sign_in,
    vera,
)
