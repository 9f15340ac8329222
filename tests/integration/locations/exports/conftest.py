"""Fixtures that these tests share with others."""

from __future__ import annotations

from tests.integration.locations.accounts.conftest import (  # noqa: F401  fixtures
    account,
    alice,
    bob,
    charlie,
    people,
    rows_of_all,
    sign_in,
    vera,
)
from tests.integration.operations.support_bundles.conftest import (  # noqa: F401  fixtures
    _plain_files,
    data_dir,
)
