"""The same cast as for the other pages and the API."""

from __future__ import annotations

from tests.integration.pages.conftest import (  # noqa: F401  fixtures
    account,
    alice,
    bob,
    charlie,
    location,
    sign_in,
    vera,
)
