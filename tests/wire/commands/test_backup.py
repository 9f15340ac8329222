"""A backup is restored on another machine: the numbers are ready without a scan."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import start_postgres
from tests.wire.product import Product, Simulator, wait_for


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    server = start_postgres(tmp_path / "postgres")
    yield str(server.get_uri())
    server.cleanup()


@pytest.fixture
def product(tmp_path: Path, simulator: Simulator, postgres: str) -> Iterator[Product]:
    running = Product(tmp_path, simulator)
    yield running
    running.close()


def lose_the_machine(product: Product, database: str) -> None:
    """Replace the machine: new disk, new secrets, and a freshly migrated database."""
    shutil.rmtree(product.folder / "data")
    for file in product.folder.glob("pairline.sqlite3*"):
        file.unlink()
    product.environment["DJANGO_SECRET_KEY"] = "another-" + "y" * 50
    product.environment["DATABASE_URL"] = database
    (product.folder / "data").mkdir()
    product.manage("migrate", "-v0")


def devices(simulator: Simulator, number: str) -> list[dict[str, Any]]:
    phones = simulator.ask("GET", "/api/state")["phones"]
    found: list[Any] = next(phone["devices"] for phone in phones if phone["number"] == number)
    return found


def online(simulator: Simulator, number: str) -> list[str]:
    """Return the addresses of the number's connected devices."""
    return [one["jid"] for one in devices(simulator, number) if one["online"]]


def test_it_moves_a_number_without_a_scan(
    product: Product, simulator: Simulator, postgres: str
) -> None:
    product.start()
    session, number = product.link()
    friend = simulator.new_phone()
    before = product.send(session, friend, "Before")
    wait_for(lambda: product.message(session, before)["status"] == "delivered", "two ticks")
    phrase, file = product.folder / "phrase", str(product.folder / "a.backup")
    phrase.write_text("correct horse battery staple")

    secret = ("--passphrase-file", str(phrase))
    said = product.manage("backup", *secret, "--output", file).stdout
    (linked,) = online(simulator, number)
    assert product.stop() == 0
    lose_the_machine(product, postgres)
    restored = product.manage("restore", file, *secret).stdout
    product.start()

    assert "1 linked number," in said and "the keys of 1 number in" in restored
    (device,) = wait_for(lambda: online(simulator, number), "the number to be connected again")
    assert device == linked and len(devices(simulator, number)) == 1
    assert product.until(session, status="ready")["phone_number"] == number
    after = product.send(session, friend, "After")
    wait_for(lambda: product.message(session, after)["status"] == "delivered", "two ticks")
    assert [one["text"] for one in simulator.messages(friend)] == ["Before", "After"]


def test_it_restores_one_number_beside_a_running_one(
    product: Product, simulator: Simulator
) -> None:
    product.start()
    (session, number), (other, _) = product.link(), product.link()
    phrase, file = product.folder / "phrase", str(product.folder / "a.backup")
    phrase.write_text("correct horse battery staple")
    secret = ("--passphrase-file", str(phrase))
    product.manage("backup", *secret, "--output", file)
    linked = online(simulator, number)
    product.api("POST", f"sessions/{session}/stop/")
    product.until(session, status="disconnected")
    wait_for(lambda: not online(simulator, number), "the number to be let go of")
    (product.folder / "data" / "whatsapp" / f"{session}.sqlite3").unlink()
    product.api("POST", f"sessions/{session}/restart/")
    product.until(session, status="disconnected", reason="keys_missing")

    said = product.manage("restore", file, "--session", session, *secret).stdout

    assert "the keys of 1 number in" in said
    assert product.until(session, status="ready")["phone_number"] == number
    assert online(simulator, number) == linked and len(devices(simulator, number)) == 1
    assert product.snapshot(other)["status"] == "ready"
    friend = simulator.new_phone()
    sent = product.send(session, friend, "Back again")
    wait_for(lambda: product.message(session, sent)["status"] == "delivered", "two ticks")
