"""Fixtures: one simulator for each test file, one neonize process for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.simulator.wire_harness import Neonize, Simulator, wait_for


class SpareStore:
    """The store of a linked client, to be copied: linking takes most of a test's time."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._simulator = simulator
        self._folder = folder
        self.number: str | None = None

    def copy_to(self, path: Path) -> str:
        """Copy a linked store that is not in use to ``path``, and return its number."""
        if self.number is None or not self._simulator.phone(self.number)["devices"]:
            self.number = self._link()
        number = self.number
        wait_for(
            lambda: not self._simulator.phone(number)["devices"][0]["online"],
            "the client of the last test to be gone",
        )
        shutil.copyfile(self._folder / "alice.sqlite3", path)
        return number

    def _link(self) -> str:
        (self._folder / "alice.sqlite3").unlink(missing_ok=True)
        process = Neonize(self._simulator, self._folder)
        number = process.link(self._simulator, "alice")
        process.close()
        return number


@pytest.fixture(scope="module")
def spare_store(
    running_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> SpareStore:
    """Return the spare store for the tests of one file."""
    return SpareStore(running_simulator, tmp_path_factory.mktemp("spare"))


@pytest.fixture
def stored(simulator: Simulator, spare_store: SpareStore, tmp_path: Path) -> str:
    """Create a linked store ``alice.sqlite3`` that is not in use, and return its number.

    Its Signal sessions may be older than the phones' sessions, so do not send messages with it."""
    return spare_store.copy_to(tmp_path / "alice.sqlite3")


@pytest.fixture
def number(stored: str, neonize: Neonize) -> str:
    """Connect alice with a linked store and return her number."""
    neonize.start("alice")
    neonize.wait("Connected", "alice")
    neonize.wait("OfflineSyncCompleted", "alice")
    return stored


@pytest.fixture(scope="module")
def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Run a simulator for the tests of one file."""
    simulator = Simulator(tmp_path_factory.mktemp("simulator"))
    yield simulator
    assert simulator.stop() == 0


@pytest.fixture
def simulator(running_simulator: Simulator) -> Iterator[Simulator]:
    """Return the simulator, and clear its faults after the test."""
    yield running_simulator
    running_simulator.call("DELETE", "/api/faults")


@pytest.fixture
def neonize(simulator: Simulator, tmp_path: Path) -> Iterator[Neonize]:
    """Run a process with plain neonize."""
    process = Neonize(simulator, tmp_path)
    yield process
    process.close()
