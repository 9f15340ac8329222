"""The life of a session at the lowest log level, without a secret in the log."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.wire.product import PASSWORD, Product, Simulator, wait_for

OUTGOING, INCOMING = "Your appointment is at ten", "Could we make it eleven, please"


@dataclass(frozen=True)
class Told:
    """A log, and the secrets that were in use while it was written."""

    log: str
    disk: str  # the log file
    session: str
    location: str
    number: str
    friend: str
    secrets: dict[str, str]


@pytest.fixture(scope="module", params=["human", "json"])
def told(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
) -> Iterator[Told]:
    """Create, show the code, request a pairing code, scan, send, receive, unlink, at the lowest
    log level."""
    folder = tmp_path_factory.mktemp(request.param)
    product = Product(
        folder, shared_simulator, LOG_FORMAT=request.param, WHATSAPP_LOG_LEVEL="debug"
    ).start()
    try:
        yield _story(product, shared_simulator)
    finally:
        product.close()


def _story(product: Product, simulator: Simulator) -> Told:
    location, friend = product.next_location(), simulator.new_phone()
    session = product.create_session(location)
    qr = product.until(session, status="qr")["qr"]["text"]
    number = simulator.new_phone()
    status, _ = product.api("POST", f"sessions/{session}/pairing-code/", {"phone": number})
    assert status == 202
    code = wait_for(lambda: product.snapshot(session)["pairing_code"], "the pairing code")
    assert product.api("GET", "sessions/unknown/")[0] == 404  # Django logs it, too
    simulator.scan(qr, number)
    assert product.until(session, status="ready")["phone_number"] == number
    sent = product.send(session, friend, OUTGOING)
    wait_for(lambda: simulator.messages(friend), "the text at the other phone")
    simulator.write(friend, number, INCOMING)
    wait_for(lambda: INCOMING in str(product.messages(session)), "the answer")
    wait_for(lambda: product.message(session, sent)["status"] != "sending", "the text's outcome")
    keys = _keys(product.folder / "data" / "whatsapp" / f"{session}.sqlite3")
    simulator.unlink(number)
    product.until(session, status="disconnected")
    assert product.stop() == 0
    secrets = {
        "QR code": qr,
        "QR code's data": qr.partition("#")[2] or qr,
        "pairing code": code,
        "text sent": OUTGOING,
        "text received": INCOMING,
        "own number": number.removeprefix("+"),
        "other number": friend.removeprefix("+"),
        "API key": product.key,
        "password": PASSWORD,
        "Django's key": product.environment["DJANGO_SECRET_KEY"],
        **keys,
    }
    disk = (product.folder / "data" / "logs" / "pairline.log").read_text()
    return Told(product.log(), disk, session, location, number, friend, secrets)


def _keys(store: Path) -> dict[str, str]:
    """Return the secret bytes of a key store in every encoding that a log might use."""
    found = {}
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as keys:
        row = keys.execute(
            "SELECT noise_key, identity_key, signed_pre_key, adv_key FROM whatsmeow_device"
        ).fetchone()
    for place, secret in enumerate(row):
        assert len(secret) >= 32
        found[f"key {place} in hex"] = secret.hex()
        found[f"key {place} in base64"] = base64.b64encode(secret).decode().rstrip("=")
    return found


def test_it_logs_no_secret(told: Told) -> None:
    for log in (told.log.lower(), told.disk.lower()):
        assert [name for name, secret in told.secrets.items() if secret.lower() in log] == []


def test_it_writes_the_same_log_to_disk_as_json(told: Told) -> None:
    entries = [json.loads(line) for line in told.disk.splitlines()]
    of_session = [one["message"] for one in entries if one.get("session") == told.session]
    assert "Session connected" in of_session
    assert any("Client/Recv" in one["message"] for one in entries)


def test_it_logs_session_and_location_of_each_step(told: Told) -> None:
    for step in (
        "QR code generated for session",
        "QR code stored for session with status 'qr'",
        "Code scanned for session",
        "Session connected",
    ):
        lines = [line for line in told.log.splitlines() if step in line]
        assert lines, step
        assert all(told.session in line and told.location in line for line in lines), step
    assert any("logged_out" in line and told.session in line for line in told.log.splitlines())


def test_it_logs_the_library_at_its_lowest_level(told: Told) -> None:
    assert "Client/Recv" in told.log and "pair-device" in told.log


def test_it_writes_json_throughout(told: Told) -> None:
    lines = told.log.splitlines()
    if not any(line.startswith("{") for line in lines):
        assert any(" INFO    Session connected  session=" in line for line in lines)
        return
    spoken = [line for line in lines if not line.startswith("Pairline is ready on ")]
    assert len(spoken) == len(lines) - 1  # the output of serve on the terminal
    for line in spoken:
        assert {"at", "level", "logger", "message"} <= set(json.loads(line))
