"""What every test has: the right to build rows for anybody.

The product's own ways in begin as nobody and open a scope themselves, whatever a test has open:
``tests/architecture/test_tenancy.py`` sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from core import tenancy

# A slow moment of the machine is no fault of what is tested.
hypothesis.settings.register_profile("pairline", deadline=None)
hypothesis.settings.load_profile("pairline")


@pytest.fixture(autouse=True)
def _rows_of_everyone() -> Iterator[None]:
    with tenancy.everyone():
        yield
