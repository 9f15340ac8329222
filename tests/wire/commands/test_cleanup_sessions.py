"""``cleanup_sessions`` beside a running product: it harms nothing and reports problems."""

from __future__ import annotations

import json
import re
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.wire.engine.expired import Expired
from tests.wire.product import PATIENCE_SECONDS, PROJECT, Product, Simulator, free_port, wait_for


@pytest.fixture
def running(installed: Product, simulator: Simulator) -> Iterator[Product]:
    installed.start()
    wait_for(lambda: _level(installed, "gateway") == "ok", "the gateway's first heartbeat")
    yield installed
    installed.close()


A_COMMAND = 2.0  # seconds between two runs of a command that a test polls


def diagnose(product: Product, **environment: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and the findings by name (the worst of each)."""
    done = _run(product, environment)
    order = ("ok", "warning", "trouble")
    found: dict[str, Any] = {}
    for finding in json.loads(done.stdout)["findings"]:
        known = found.get(finding["name"])
        if known is None or order.index(finding["level"]) > order.index(known["level"]):
            found[finding["name"]] = finding
    assert "Traceback" not in done.stderr
    return done.returncode, found


# With a limit on file size, Python would leave truncated bytecode files behind.
NO_CACHE = {"PYTHONDONTWRITEBYTECODE": "1"}


def _run(
    product: Product, environment: dict[str, str], limit: int | None = None
) -> subprocess.CompletedProcess[str]:
    def full() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [product.python, "manage.py", "cleanup_sessions", "diagnostics", "--json",
         "--port", str(product.port)],
        cwd=PROJECT, env=product.environment | environment | NO_CACHE, preexec_fn=full,
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip


def _level(product: Product, name: str) -> str:
    return str(diagnose(product)[1][name]["level"])


def test_it_finds_nothing_in_a_working_product(running: Product) -> None:
    _, number = running.link()
    code, found = diagnose(running)
    assert (code, {name: f["text"] for name, f in found.items() if f["level"] != "ok"}) == (0, {})
    assert re.search(r"\b[1-9]\d* ready", found["sessions"]["text"])
    assert re.fullmatch(r"[1-9]\d* linked numbers? with keys", found["linked keys"]["text"])
    assert found["port"]["text"] == f"{running.port} is served by Pairline"
    assert {"engine", "neonize", "WhatsApp", "disk"} <= set(found)
    spoken = running.manage("cleanup_sessions", "diagnostics", "--port", str(running.port))
    assert spoken.stdout.rstrip().splitlines()[-1].startswith("Nothing needs you: ")
    assert number[1:] not in spoken.stdout + spoken.stderr and "\x1b" not in spoken.stdout


def test_it_harms_nothing_beside_a_running_gateway(running: Product, simulator: Simulator) -> None:
    linked, number = running.link()
    pairing = running.create_session()
    code = running.until(pairing, status="qr")["qr"]["text"]
    stray = running.folder / "data" / "whatsapp" / f"{uuid4()}.sqlite3"
    stray.write_bytes(b"")

    done = running.manage("cleanup_sessions", "cleanup", "--older-than", "0s", "--json")

    report = json.loads(done.stdout)
    assert ([file["name"] for file in report["deleted"]], report["ended"]) == ([stray.name], [])
    assert running.snapshot(linked)["status"] == "ready"
    friend = simulator.new_phone()
    running.send(linked, friend, "still here")
    wait_for(lambda: simulator.messages(friend), "the text at the other phone")
    simulator.scan(code)
    running.until(pairing, status="ready")
    assert running.stop() == 0
    running.start()
    assert running.until(linked, status="ready")["phone_number"] == number


def test_it_reports_a_killed_gateway_and_keeps_its_keys(
    running: Product, simulator: Simulator
) -> None:
    linked, number = running.link()
    stuck = running.create_session()
    running.until(stuck, status="qr")
    running.kill()

    def missed() -> bool:
        return _level(running, "gateway") == "trouble"

    wait_for(missed, "the heartbeat to be missed", pause=A_COMMAND)
    wait_for(lambda: stuck in _ended(running), "the stuck attempt to be ended", pause=A_COMMAND)

    running.start()
    assert running.until(linked, status="ready")["phone_number"] == number
    row = running.snapshot(stuck)
    assert (row["status"], row["reason"]) == ("disconnected", "cleaned_up")


def _ended(product: Product) -> list[str]:
    done = product.manage("cleanup_sessions", "cleanup", "--older-than", "1s", "--json")
    return [one["session"] for one in json.loads(done.stdout)["ended"]]


def test_it_reports_a_damaged_key_store(running: Product) -> None:
    linked, _ = running.link()
    assert running.stop() == 0
    store = running.folder / "data" / "whatsapp" / f"{linked}.sqlite3"
    content = store.read_bytes()
    store.write_bytes(content[: len(content) // 3])
    code, found = diagnose(running)
    assert code == 1
    assert linked in found["linked keys"]["text"] and "garbled" in found["linked keys"]["text"]
    store.write_bytes(content)


def test_it_reports_a_missing_database(installed: Product) -> None:
    url = f"postgres://pairline:hunter2@127.0.0.1:{free_port()}/pairline"
    code, found = diagnose(installed, DATABASE_URL=url)
    assert (code, found["database"]["level"]) == (1, "trouble")
    assert "Connection refused" in found["database"]["text"]
    assert "hunter2" not in json.dumps(found)
    assert {"neonize", "WhatsApp", "data folder", "port"} <= set(found)


def test_it_suggests_migrate_for_missing_tables(installed: Product, tmp_path: Path) -> None:
    code, found = diagnose(installed, DATABASE_URL=f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert (code, found["migrations"]["next_step"]) == (1, "manage.py migrate")


def test_it_reports_an_unreachable_redis(installed: Product, simulator: Simulator) -> None:
    _, found = diagnose(installed, REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    assert found["hints"]["level"] == "trouble"
    assert "REDIS_URL" in found["hints"]["next_step"]


def test_it_reports_a_full_disk(installed: Product, simulator: Simulator) -> None:
    done = _run(installed, {}, limit=4096)
    found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert found["data folder"]["level"] == "trouble"
    assert "File too large" in found["data folder"]["text"]
    assert "Free some space" in found["data folder"]["next_step"]
    assert "Traceback" not in done.stderr


def test_it_reports_a_wrong_clock(installed: Product, tmp_path: Path) -> None:
    with Expired(tmp_path) as expired:
        state = {
            "proxy": expired.proxy,
            "ca_file": str(expired.ca_file),
            "trust_root": "0" * 64,
            "control": "http://127.0.0.1:1",
        }
        (tmp_path / "state.json").write_text(json.dumps(state))
        _, found = diagnose(installed, WHATSAPP_SIMULATOR=str(tmp_path / "state.json"))
    assert found["WhatsApp"]["level"] == "trouble"
    assert "clock" in found["WhatsApp"]["text"] and "timedatectl" in found["WhatsApp"]["next_step"]


@pytest.mark.parametrize(
    ("variable", "value"), [("DJANGO_DEBUG", "perhaps"), ("DJANGO_SECRET_KEY", "")]
)
def test_it_reports_a_setting_that_prevents_the_start(
    installed: Product, variable: str, value: str
) -> None:
    done = _run(installed, {variable: value})
    assert done.returncode == 1
    assert variable in done.stderr and "Traceback" not in done.stderr
