"""One simulator and one product per worker; each test uses its own locations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wire.product import Product, Simulator


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("simulator"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def product(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("product"), shared_simulator).start()
    yield running
    running.close()


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Iterator[Simulator]:
    """The worker's simulator, without faults before and after."""
    shared_simulator.clear_faults()
    yield shared_simulator
    shared_simulator.clear_faults()
