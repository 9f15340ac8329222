"""Fixtures that these tests share with others."""

from tests.integration.locations.rest.conftest import (  # noqa: F401  fixtures
    account,
    caller,
    foreign,
    session,
)
