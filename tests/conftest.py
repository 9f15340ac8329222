"""Every test may create rows of any account.

The entry points of the product start without a scope and open their own, whatever scope a test
has open; ``tests/architecture/access/test_tenancy.py`` checks that.
"""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from asgiref.sync import SyncToAsync

from core import tenancy

# A slow machine must not fail a test.
hypothesis.settings.register_profile("pairline", deadline=None)
hypothesis.settings.load_profile("pairline")


@pytest.fixture(autouse=True)
def _rows_of_everyone() -> Iterator[None]:
    with tenancy.everyone():
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Wait for the read that a live page has begun in asgiref's thread: it locks a table of SQLite
    in memory, which the teardown is about to empty."""
    SyncToAsync.single_thread_executor.submit(int).result()
