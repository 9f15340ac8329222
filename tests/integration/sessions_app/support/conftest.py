"""Fixtures that these tests share with others."""

from __future__ import annotations

from tests.integration.operations.support_bundles.conftest import (  # noqa: F401  fixtures
    _plain_files,
    data_dir,
)
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
