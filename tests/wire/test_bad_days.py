"""Failures of WhatsApp, the network and the machine, and the status that a session shows."""

from __future__ import annotations

import sqlite3
import sys
import sysconfig
import venv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, call, wait_for


@pytest.fixture(scope="module")
def hasty(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Product]:
    """A product with a stuck limit of 3 s and a health check every second, instead of 30."""
    folder = tmp_path_factory.mktemp("hasty")
    seconds = {"GATEWAY_STUCK_SECONDS": "3", "GATEWAY_HEALTH_SECONDS": "1"}
    running = Product(folder, shared_simulator, **seconds).start()
    yield running
    running.close()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("close", {}),
        ("reset", {}),
        ("xmlstreamend", {}),
        ("stream_503", {}),
        ("stream_515", {}),
        ("stream_error", {"code": 500}),
    ],
)
def test_it_is_ready_again_after_a_drop(
    product: Product, simulator: Simulator, kind: str, fields: dict[str, Any]
) -> None:
    session, number = product.link()
    friend = simulator.new_phone()

    simulator.fault(kind, number=number, **fields)

    def works() -> bool:
        status, _ = product.api(
            "POST", f"sessions/{session}/messages/", {"to": friend, "text": "still here"}
        )
        return status == 202

    wait_for(works, "the session to take a text again")
    wait_for(lambda: simulator.messages(friend), "the text at the other phone")
    assert product.snapshot(session)["status"] == "ready"


@pytest.mark.parametrize(
    ("reason", "fields", "expected", "retries"),
    [
        (401, {}, "logged_out", False),
        (403, {}, "account_locked", False),
        (406, {}, "account_banned", False),
        (402, {"code": 101, "expire": 3600}, "temp_ban", True),
        (405, {}, "client_outdated", True),
        (400, {}, "connect_failure", True),
        (409, {}, "connect_failure", True),
        (429, {}, "connect_failure", True),
    ],
)
def test_it_gives_each_refusal_its_own_reason(
    product: Product,
    simulator: Simulator,
    reason: int,
    fields: dict[str, int],
    expected: str,
    retries: bool,
) -> None:
    session, number = product.link()
    simulator.fault("failure", number=number, reason=reason, **fields)

    simulator.fault("close", number=number)

    ended = product.until(session, status="disconnected", reason=expected)
    assert bool(ended["next_retry_at"]) is retries
    assert product.snapshot(session)["status"] == "disconnected"


@pytest.mark.parametrize("expire", [9_999_999_999, 0])
def test_it_waits_hours_after_an_unreadable_ban(
    product: Product, simulator: Simulator, expire: int
) -> None:
    """A huge length wraps around to a negative one in the library."""
    session, number = product.link()
    simulator.fault("failure", number=number, reason=402, code=101, expire=expire)

    simulator.fault("close", number=number)

    banned = product.until(session, status="disconnected", reason="temp_ban")
    wait = datetime.fromisoformat(banned["next_retry_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < wait < timedelta(minutes=62)


def test_it_does_not_fight_a_replaced_link(product: Product, simulator: Simulator) -> None:
    session, number = product.link()

    simulator.fault("replaced", number=number)
    replaced = product.until(session, status="disconnected", reason="stream_replaced")
    assert replaced["next_retry_at"] is not None
    product.until(session, status="ready")

    simulator.fault("replaced", number=number)
    replaced = product.until(session, status="disconnected", reason="stream_replaced")
    assert replaced["next_retry_at"] is None


def test_it_recovers_after_an_outage_of_whatsapp(product: Product, simulator: Simulator) -> None:
    session, _ = product.link()

    simulator.ask("POST", "/api/outage", {"seconds": 4})

    product.until(session, status="initializing", reason="reconnecting")
    product.until(session, status="ready")


@pytest.mark.parametrize("kind", ["no_515", "close_with_515"])
def test_it_finishes_a_pairing_that_hangs(hasty: Product, simulator: Simulator, kind: str) -> None:
    session = hasty.create_session()
    code = hasty.until(session, status="qr")["qr"]["text"]
    simulator.fault(kind)

    linked = simulator.scan(code)

    assert hasty.until(session, status="ready")["phone_number"] == linked["number"]


@pytest.mark.parametrize("kind", ["pair_hmac_wrong", "pair_signature_wrong"])
def test_it_reports_a_refused_pairing(hasty: Product, simulator: Simulator, kind: str) -> None:
    session = hasty.create_session()
    code = hasty.until(session, status="qr")["qr"]["text"]
    simulator.fault(kind)

    call("POST", f"{simulator.control}/api/scan", {"qr": code})

    assert hasty.until(session, status="disconnected", reason="pair_error")["action"] == "new_qr"


def test_it_retries_once_without_a_code(hasty: Product, simulator: Simulator) -> None:
    simulator.fault("silent_handshake")

    session = hasty.create_session()

    ended = hasty.until(session, status="disconnected", reason="stuck_no_qr")
    assert ended["action"] == "new_qr"
    simulator.clear_faults()
    hasty.api("POST", f"sessions/{session}/restart/")
    hasty.until(session, status="qr")


def test_it_reports_that_whatsapp_is_unreachable(hasty: Product, simulator: Simulator) -> None:
    simulator.fault("refuse_dial", how="tcp")

    session = hasty.create_session()

    hasty.until(session, status="initializing", reason="connection_failed")
    hasty.until(session, status="disconnected", reason="unreachable")
    assert call("GET", f"{hasty.address}/healthz")[0] == 200


def test_it_reports_damaged_keys_and_links_again(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    product.api("POST", f"sessions/{session}/stop/")
    product.until(session, status="disconnected")
    keys = product.folder / "data" / "whatsapp" / f"{session}.sqlite3"
    keys.write_bytes(b"not a database at all" * 400)

    product.api("POST", f"sessions/{session}/restart/")

    product.until(session, status="disconnected", reason="keys_damaged")
    product.api("POST", f"sessions/{session}/restart/")
    code = product.until(session, status="qr")["qr"]["text"]
    simulator.scan(code, number)
    product.until(session, status="ready")
    assert list(keys.parent.glob(f"{session}*damaged*")), "the damaged file is set aside"


def test_it_reports_missing_keys(product: Product) -> None:
    session, _ = product.link()
    product.api("POST", f"sessions/{session}/stop/")
    product.until(session, status="disconnected")
    (product.folder / "data" / "whatsapp" / f"{session}.sqlite3").unlink()

    product.api("POST", f"sessions/{session}/restart/")

    assert (
        product.until(session, status="disconnected", reason="keys_missing")["action"] == "new_qr"
    )


def test_it_reports_that_neonize_is_missing(tmp_path: Path, shared_simulator: Simulator) -> None:
    python = _python_without("neonize", tmp_path / "venv")
    crippled = Product(tmp_path, shared_simulator, python=str(python)).start()
    try:
        session = crippled.create_session()
        crippled.until(session, status="disconnected", reason="engine_unavailable")
        diagnosed = crippled.manage("cleanup_sessions", "diagnostics", check=False)
        assert diagnosed.returncode == 1
        assert "neonize" in diagnosed.stdout
        assert call("GET", f"{crippled.address}/healthz")[0] == 200
    finally:
        crippled.close()


def _python_without(package: str, folder: Path) -> Path:
    """Return a virtual environment like this one, without one package."""
    venv.create(folder, symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target = folder / "lib" / version / "site-packages"
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(package):
            (target / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def test_it_notices_a_phone_that_comes_back_after_days(
    hasty: Product, simulator: Simulator
) -> None:
    session, number = hasty.link()
    hasty.api("POST", f"sessions/{session}/stop/")
    hasty.until(session, status="disconnected")
    with sqlite3.connect(hasty.folder / "pairline.sqlite3") as database:
        away = "update sessions_app_session set phone_seen_at = '2026-01-02 03:04:05' where id = ?"
        database.execute(away, [session.replace("-", "")])
    hasty.api("POST", f"sessions/{session}/restart/")
    before = hasty.until(session, status="ready")
    friend = simulator.new_phone()

    ours = hasty.send(session, friend, "Only the linked device sends")
    wait_for(lambda: hasty.message(session, ours)["status"] == "delivered", "the second tick")
    unseen = wait_for(
        lambda: (now := hasty.snapshot(session))["last_proof_at"] > before["last_proof_at"] and now,
        "the proof to be written down",
    )
    assert unseen["phone_seen_at"] == "2026-01-02T03:04:05Z"

    simulator.write(number, friend, "And now the phone itself")
    seen = wait_for(
        lambda: (now := hasty.snapshot(session))["phone_seen_at"] > "2026-01-03" and now,
        "the phone to be noticed",
    )
    assert seen["version"] == unseen["version"]
