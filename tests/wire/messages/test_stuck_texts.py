"""A text whose acknowledgement never comes must not hold up the texts after it."""

from __future__ import annotations

import sqlite3

from tests.wire.product import Product, Simulator, wait_for


def test_it_replaces_a_client_stuck_in_a_text(product: Product, simulator: Simulator) -> None:
    """whatsmeow repeats a text after a lost socket, and then waits for its answer for ever."""
    session, number = product.link()
    friend = simulator.new_phone()
    simulator.fault("hold_acks", number=number, times=2)
    stuck = product.send(session, friend, "stuck")
    wait_for(lambda: simulator.messages(friend), "the text at the phone")
    simulator.fault("reset", number=number)
    wait_for(lambda: simulator.messages(friend)[0]["copies"] == 2, "the repeated text")
    product.until(session, status="ready")

    following = product.send(session, friend, "following")

    wait_for(lambda: len(simulator.messages(friend)) == 2, "the next text at the phone")
    wait_for(lambda: product.message(session, following)["status"] == "delivered", "its receipt")
    assert [m["text"] for m in simulator.messages(friend)] == ["stuck", "following"]
    assert product.message(session, stuck)["status"] in ("unconfirmed", "delivered")
    assert "WhatsApp did not confirm a text; connecting again" in _details(product, session)
    product.until(session, status="ready")


def _details(product: Product, session: str) -> list[str]:
    """Return the details in the timeline of ``session``."""
    with sqlite3.connect(product.folder / "pairline.sqlite3") as database:
        rows = database.execute(
            "select detail from sessions_app_sessionevent where session_id = ?",
            [session.replace("-", "")],
        )
        return [detail for (detail,) in rows]
