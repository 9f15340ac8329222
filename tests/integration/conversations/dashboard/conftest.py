"""Fixtures that these tests share with others."""

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
