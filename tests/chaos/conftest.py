"""Each chaos test gets a product of its own, because not every test leaves one running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.product import Product, Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    running = Simulator(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def product(tmp_path: Path, simulator: Simulator) -> Iterator[Product]:
    running = Product(tmp_path, simulator).start()
    yield running
    running.close()
