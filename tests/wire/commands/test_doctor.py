"""``manage.py doctor`` as it ships: beside a running product, and with everything outside down."""

from __future__ import annotations

import json
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, free_port, wait_for


@pytest.fixture
def silent() -> Iterator[int]:
    """A port of this machine that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server.getsockname()[1]


def _told(product: Product) -> dict[str, Any]:
    done = product.manage("doctor", "--json", "--port", str(product.port), check=False)
    assert "Traceback" not in done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1)
    return told


@pytest.fixture
def running(installed: Product, simulator: Simulator) -> Product:
    """The module's product, which serves from the first of these tests on."""
    return installed if installed.process else installed.start()


def test_it_finds_a_working_installation_well(running: Product) -> None:
    told = wait_for(lambda: (found := _told(running))["ok"] and found, "the gateway's heartbeat")

    levels = {finding["name"]: finding["level"] for finding in told["findings"]}
    assert set(levels.values()) == {"ok"}
    assert {"database", "migrations", "gateway", "WhatsApp", "clock", "mail", "port"} <= set(levels)


def test_it_bundles_a_session_without_its_code(running: Product, tmp_path: Path) -> None:
    session = running.create_session()
    code = running.until(session, status="qr")["qr"]["text"]

    target = tmp_path / "bundle.zip"
    running.manage("support_bundle", "--session", session, "--output", str(target))

    with zipfile.ZipFile(target) as bundle:
        files = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert files["test_qr.txt"].startswith("SUCCESS")
    assert "QR code generated for session" in files[f"sessions/{session}/log.jsonl"]
    assert "qr" in files[f"sessions/{session}/timeline.csv"]
    everything = "".join(files.values())
    for secret in (code, code.partition("#")[2] or code, running.key):
        assert secret not in everything


def test_it_ends_in_time_when_servers_hang(installed: Product, silent: int, tmp_path: Path) -> None:
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
    assert "does not respond within 5 s" in found["mail"]["text"]
    for name in ("database", "mail", "WhatsApp", "hints"):
        assert (found[name]["level"], bool(found[name]["next_step"])) == ("trouble", True), name
    for name in ("neonize", "disk", "data folder", "port", "settings", "key stores"):
        assert found[name]["level"] == "ok", name
    assert "hunter" not in json.dumps(told)
