"""What every test has: the right to build rows for anybody.

The product's own ways in begin as nobody and open a scope themselves, whatever a test has open:
``tests/architecture/test_tenants.py`` sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from locations import tenancy


@pytest.fixture(autouse=True)
def _rows_of_everyone() -> Iterator[None]:
    with tenancy.everyone():
        yield
