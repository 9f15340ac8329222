"""One simulator for each test file, one neonize process for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.simulator.wire_harness import Neonize, Simulator


@pytest.fixture(scope="module")
def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulator that serves the tests of one file."""
    simulator = Simulator(tmp_path_factory.mktemp("simulator"))
    yield simulator
    assert simulator.stop() == 0


@pytest.fixture
def simulator(running_simulator: Simulator) -> Iterator[Simulator]:
    """The simulator, with every fault cleared after the test."""
    yield running_simulator
    running_simulator.call("DELETE", "/api/faults")


@pytest.fixture
def neonize(simulator: Simulator, tmp_path: Path) -> Iterator[Neonize]:
    """A process with bare neonize in it."""
    process = Neonize(simulator, tmp_path)
    yield process
    process.close()
