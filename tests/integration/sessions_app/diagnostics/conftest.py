"""Fixtures that these tests share with others."""

from tests.integration.sessions_app.cleanup.conftest import (  # noqa: F401  fixtures
    keys,
    nowhere,
    reread,
)
