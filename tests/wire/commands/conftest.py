from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wire.product import Product, Simulator


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Product]:
    """A product that is set up but not running. A test may start it and must stop it."""
    product = Product(tmp_path_factory.mktemp("installed"), shared_simulator)
    yield product
    product.close()
