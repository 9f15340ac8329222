"""An account is suspended and resumed while its number is linked: the link survives."""

from __future__ import annotations

import sqlite3
from typing import Any

from tests.wire.product import Product, Simulator, wait_for


class Customer:
    """A separate customer, so that the suspension affects no other test."""

    def __init__(self, product: Product, name: str) -> None:
        self._product = product
        made = product.create_customer(f"{name}@example.com", f"{name} Ltd", "Corner shop")
        self._account, self._key = str(made["account"]), str(made["api_key"])
        self.location = str(made["locations"][0]["id"])

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self._product.api(method, path, body, self._key)

    def put(self, state: str) -> None:
        """Set the state of the account, as an operator does."""
        self._write("update locations_account set state = ? where id = ?", state, self._account)

    def asked_long_ago(self, session: str) -> None:
        """Date the request for the session months back."""
        moment = "2026-01-01 12:00:00"
        self._write("update sessions_app_session set wanted_at = ? where id = ?", moment, session)

    def _write(self, sql: str, value: str, row: str) -> None:
        with sqlite3.connect(self._product.folder / "pairline.sqlite3", timeout=30) as database:
            database.execute(sql, [value, row.replace("-", "")])

    def until(self, session: str, **expected: Any) -> dict[str, Any]:
        def matches() -> dict[str, Any] | None:
            status, shown = self.api("GET", f"sessions/{session}/")
            assert status == 200, shown
            same = all(shown[name] == value for name, value in expected.items())
            return shown if same else None

        return wait_for(matches, f"{expected}")


def test_it_suspends_and_resumes_without_a_scan(product: Product, simulator: Simulator) -> None:
    olivia = Customer(product, "olivia")
    status, made = olivia.api("POST", "sessions/", {"location": olivia.location})
    assert status == 201, made
    session = made["id"]
    linked = simulator.scan(olivia.until(session, status="qr")["qr"]["text"])
    olivia.until(session, status="ready")
    keys = product.folder / "data" / "whatsapp" / f"{session}.sqlite3"
    friend = simulator.new_phone(name="Bea")

    olivia.put("suspended")
    paused = olivia.until(session, status="disconnected", reason="suspended_billing")

    assert "Ask your operator" in paused["advice"]
    assert keys.stat().st_size > 0
    status, refused = olivia.api(
        "POST", f"sessions/{session}/messages/", {"to": friend, "text": "Hello"}
    )
    assert (status, refused["reason"]) == (409, "suspended_billing")
    status, refused = olivia.api("POST", f"sessions/{session}/restart/")
    assert status == 409
    assert "suspended" in refused["detail"]

    olivia.put("active")
    back = olivia.until(session, status="ready")

    assert back["phone_number"] == linked["number"]
    status, sent = olivia.api(
        "POST", f"sessions/{session}/messages/", {"to": friend, "text": "Back again"}
    )
    assert status == 202, sent
    wait_for(
        lambda: [m for m in simulator.messages(friend) if m["text"] == "Back again"], "the text"
    )


def test_it_replaces_an_unscanned_code_by_a_new_one(
    product: Product,
) -> None:
    paula = Customer(product, "paula")
    _, made = paula.api("POST", "sessions/", {"location": paula.location})
    paula.until(made["id"], status="qr")

    paula.put("suspended")
    paused = paula.until(made["id"], status="disconnected", reason="suspended_billing")
    assert paused["qr"] is None
    paula.put("active")

    assert paula.until(made["id"], status="qr")["qr"]["number"] == 1


def test_it_shows_no_code_after_the_attempt_timed_out(product: Product) -> None:
    sofia = Customer(product, "sofia")
    _, made = sofia.api("POST", "sessions/", {"location": sofia.location})
    sofia.until(made["id"], status="qr")
    sofia.put("suspended")
    sofia.until(made["id"], reason="suspended_billing")

    sofia.asked_long_ago(made["id"])
    sofia.put("active")

    expired = sofia.until(made["id"], reason="qr_expired")
    assert (expired["status"], expired["qr"]) == ("disconnected", None)


def test_it_stays_suspended_across_a_restart(product: Product, simulator: Simulator) -> None:
    rita = Customer(product, "rita")
    _, made = rita.api("POST", "sessions/", {"location": rita.location})
    linked = simulator.scan(rita.until(made["id"], status="qr")["qr"]["text"])
    rita.until(made["id"], status="ready")
    rita.put("suspended")
    rita.until(made["id"], reason="suspended_billing")

    product.stop()
    product.start()
    rita.until(made["id"], reason="suspended_billing")
    rita.put("active")

    assert rita.until(made["id"], status="ready")["phone_number"] == linked["number"]
