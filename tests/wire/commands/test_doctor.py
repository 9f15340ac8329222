"""``manage.py doctor`` as it ships: beside a running product, and with everything outside down."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, free_port, wait_for


@pytest.fixture
def silent() -> Iterator[int]:
    """A port of this machine where everybody is let in and nobody is answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server.getsockname()[1]


def _told(product: Product) -> dict[str, Any]:
    done = product.manage("doctor", "--json", "--port", str(product.port), check=False)
    assert "Traceback" not in done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1)
    return told


def test_an_installation_that_works_is_well(installed: Product, simulator: Simulator) -> None:
    installed.start()

    told = wait_for(lambda: (found := _told(installed))["ok"] and found, "the gateway's heartbeat")

    levels = {finding["name"]: finding["level"] for finding in told["findings"]}
    assert set(levels.values()) == {"ok"}
    assert {"database", "migrations", "gateway", "WhatsApp", "clock", "mail", "port"} <= set(levels)
    assert installed.stop() == 0


def test_it_ends_in_time_when_everything_outside_is_down_or_silent(
    installed: Product, silent: int, tmp_path: Path
) -> None:
    state = json.loads(installed.simulator.state_file.read_text())
    (tmp_path / "state.json").write_text(
        json.dumps({**state, "proxy": f"http://127.0.0.1:{silent}"})
    )
    usual, began = installed.environment, time.monotonic()
    installed.environment = {
        **usual,
        "DATABASE_URL": f"postgres://pairline:hunter2@127.0.0.1:{free_port()}/pairline",
        "REDIS_URL": f"redis://127.0.0.1:{silent}",
        "EMAIL_URL": f"smtp://sender:hunter3@127.0.0.1:{silent}",
        "WHATSAPP_SIMULATOR": str(tmp_path / "state.json"),
    }
    told = _told(installed)
    installed.environment = usual

    found = {finding["name"]: finding for finding in told["findings"]}
    assert time.monotonic() - began < 15
    assert "Connection refused" in found["database"]["text"]
    assert "says nothing within 5 s" in found["mail"]["text"]
    for name in ("database", "mail", "WhatsApp", "hints"):
        assert (found[name]["level"], bool(found[name]["next_step"])) == ("trouble", True), name
    for name in ("neonize", "disk", "data folder", "port", "settings", "key stores"):
        assert found[name]["level"] == "ok", name
    assert "hunter" not in json.dumps(told)
