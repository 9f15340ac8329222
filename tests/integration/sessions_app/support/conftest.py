"""Fixtures that these tests share with others."""

from __future__ import annotations

from tests.integration.operations.support_bundles.conftest import (  # noqa: F401  fixtures
    _plain_files,
    account,
    alice,
    bob,
    charlie,
    data_dir,
    location,
    nowhere,
    session,
    sign_in,
    vera,
)
