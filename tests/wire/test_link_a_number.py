"""The main path on the real protocol: create, scan, ready, messages both ways, unlink."""

from __future__ import annotations

import sqlite3

from tests.wire.product import Product, Simulator, wait_for


def test_it_links_a_number_and_exchanges_messages(product: Product, simulator: Simulator) -> None:
    session = product.create_session()
    waiting = product.until(session, status="qr")
    assert waiting["reason"] == "scan"
    assert (waiting["qr"]["number"], waiting["qr"]["of"]) == (1, 6)
    assert waiting["qr"]["svg"].startswith("<svg")

    linked = simulator.scan(waiting["qr"]["text"])
    ready = product.until(session, status="ready")

    assert ready["phone_number"] == linked["number"]
    assert ready["qr"] is None
    friend = simulator.new_phone(name="Bea")
    sent = product.send(session, friend, "Your table is ready")
    wait_for(lambda: product.message(session, sent)["status"] == "delivered", "the second tick")
    simulator.open_chat(friend, ready["phone_number"])
    wait_for(lambda: product.message(session, sent)["status"] == "read", "the blue ticks")
    simulator.write(friend, ready["phone_number"], "On my way")
    arrived = wait_for(
        lambda: [m for m in product.messages(session) if m["direction"] == "in"], "the answer"
    )
    assert [(m["text"], m["peer"]) for m in arrived] == [("On my way", friend)]


def test_it_writes_every_step_to_the_rows(product: Product) -> None:
    session, _ = product.link()

    with sqlite3.connect(product.folder / "pairline.sqlite3") as database:
        steps = database.execute(
            "select old_status, new_status, reason from sessions_app_sessionevent"
            " where session_id = ? order by version",
            [session.replace("-", "")],
        ).fetchall()

    assert steps == [
        ("initializing", "initializing", "starting"),
        ("initializing", "qr", "scan"),
        ("qr", "initializing", "pairing"),
        ("initializing", "ready", "ok"),
    ]
    shown = product.snapshot(session)
    assert shown["last_proof_at"] is not None
    assert shown["phone_seen_at"] is not None  # it has just scanned


def test_it_links_with_a_typed_code(product: Product, simulator: Simulator) -> None:
    session = product.create_session()
    product.until(session, status="qr")
    number = simulator.new_phone()

    status, _ = product.api("POST", f"sessions/{session}/pairing-code/", {"phone": number})
    assert status == 202
    code = product.until(session, reason="pair_code")["pairing_code"]
    simulator.ask("POST", "/api/enter-code", {"number": number, "code": code})

    assert product.until(session, status="ready")["phone_number"] == number


def test_it_stops_and_starts_again_without_a_scan(product: Product) -> None:
    session, number = product.link()

    product.api("POST", f"sessions/{session}/stop/")
    product.until(session, status="disconnected", reason="user_disconnect")
    product.api("POST", f"sessions/{session}/restart/")

    assert product.until(session, status="ready")["phone_number"] == number


def test_it_unlinks_and_leaves_no_keys(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    keys = product.folder / "data" / "whatsapp" / f"{session}.sqlite3"
    assert keys.stat().st_mode & 0o777 == 0o600

    product.api("POST", f"sessions/{session}/unlink/")
    product.until(session, status="disconnected", reason="unlinked")

    # They are deleted after the row is written.
    wait_for(lambda: not list(keys.parent.glob(f"{session}*")), "the end of the keys")
    phones = simulator.ask("GET", "/api/state")["phones"]
    assert next(p for p in phones if p["number"] == number)["devices"] == []
    location = product.snapshot(session)["location"]
    assert product.create_session(location) != session  # it is free again


def test_it_unlinks_a_stopped_number_at_whatsapp_too(
    product: Product, simulator: Simulator
) -> None:
    session, number = product.link()
    product.api("POST", f"sessions/{session}/stop/")
    product.until(session, status="disconnected", reason="user_disconnect")

    product.api("POST", f"sessions/{session}/unlink/")
    ended = product.until(session, status="disconnected", reason="unlinked")

    assert ended["detail"] == ""  # WhatsApp has removed the device
    phones = simulator.ask("GET", "/api/state")["phones"]
    assert next(p for p in phones if p["number"] == number)["devices"] == []


def test_it_sends_nothing_before_the_link_is_ready(product: Product) -> None:
    session = product.create_session()
    product.until(session, status="qr")

    status, answer = product.api(
        "POST", f"sessions/{session}/messages/", {"to": "+351912345678", "text": "Too early"}
    )

    assert (status, answer["code"]) == (409, "session_not_ready")
    assert product.messages(session) == []


def test_it_reports_a_link_removed_on_the_phone(product: Product, simulator: Simulator) -> None:
    session, number = product.link()

    simulator.unlink(number)
    gone = product.until(session, status="disconnected", reason="logged_out")

    assert gone["action"] == "new_qr"
    product.api("POST", f"sessions/{session}/restart/")
    again = product.until(session, status="qr")
    simulator.scan(again["qr"]["text"], number)
    product.until(session, status="ready")


def test_it_refuses_a_number_that_another_location_has(
    product: Product, simulator: Simulator
) -> None:
    first, number = product.link()
    second = product.create_session()

    simulator.scan(product.until(second, status="qr")["qr"]["text"], number)

    product.until(second, status="disconnected", reason="number_taken")
    assert product.snapshot(first)["status"] == "ready"


def test_it_unlinks_a_phone_of_another_number(product: Product, simulator: Simulator) -> None:
    session, ours = product.link()
    friend = simulator.new_phone()
    simulator.write(friend, ours, "for the first number")
    wait_for(lambda: product.messages(session), "the message")
    simulator.unlink(ours)
    product.until(session, status="disconnected", reason="logged_out")
    product.api("POST", f"sessions/{session}/restart/")
    code = product.until(session, status="qr")["qr"]["text"]

    other = simulator.scan(code)["number"]

    refused = product.until(session, status="disconnected", reason="other_number")
    assert (refused["phone_number"], refused["linked"]) == (ours, False)
    assert other[-4:] in refused["detail"] and other not in refused["detail"]
    phones = {phone["number"]: phone for phone in simulator.ask("GET", "/api/state")["phones"]}
    assert phones[other]["devices"] == []
    assert len(product.messages(session)) == 1

    product.api("POST", f"sessions/{session}/restart/")
    again = product.until(session, status="qr")["qr"]["text"]
    simulator.scan(again, ours)
    product.until(session, status="ready", phone_number=ours)


def test_it_links_another_number_in_a_new_session(product: Product, simulator: Simulator) -> None:
    session, ours = product.link()
    simulator.unlink(ours)
    gone = product.until(session, status="disconnected", reason="logged_out")
    product.api("POST", f"sessions/{session}/unlink/")
    fresh = product.create_session(gone["location"])

    other = simulator.scan(product.until(fresh, status="qr")["qr"]["text"])["number"]

    product.until(fresh, status="ready", phone_number=other)
    product.until(session, status="disconnected", reason="unlinked", phone_number=ours)


def test_it_restarts_an_expired_code_once(product: Product, simulator: Simulator) -> None:
    session = product.create_session()
    first = product.until(session, status="qr")["qr"]["text"]

    simulator.fault("qr_drop")
    second = wait_for(lambda: product.new_code(session, first), "a second code")
    simulator.fault("qr_drop")
    ended = product.until(session, status="disconnected", reason="qr_expired")

    assert ended["action"] == "new_qr"
    assert ended["qr"] is None
    product.api("POST", f"sessions/{session}/restart/")
    wait_for(lambda: product.new_code(session, second), "a third code")


def test_it_stores_every_new_code(product: Product) -> None:
    session = product.create_session()
    first = product.until(session, status="qr")["qr"]

    rotated = wait_for(lambda: product.new_code(session, first["text"]), "the rotation", 90)

    after = product.snapshot(session)["qr"]
    assert (after["text"], after["number"], after["of"]) == (rotated, 2, 6)
    assert after["expires_at"] > first["expires_at"]
    product.api("POST", f"sessions/{session}/unlink/")
