"""A linked number never shows itself as available: phones would stop ringing for new messages.

The library refuses to send a presence before it knows the push name, so the phone shares it first
(``tests/wire/simulator/test_presence.py`` shows that the simulator logs each presence)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.wire.product import Product, Simulator, wait_for


def push_name(product: Product, session: str) -> str:
    """Return the name in the key store of ``session``, "" while there is none."""
    path = product.folder / "data" / "whatsapp" / f"{session}.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        ((name,),) = store.execute("SELECT push_name FROM whatsmeow_device").fetchall()
    return str(name or "")


def test_it_never_shows_a_number_as_available(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    assert simulator.ask("POST", f"/api/phones/{number[1:]}/state")["shared"] == 1
    wait_for(lambda: push_name(product, session), "the push name")

    simulator.write(friend, number, "Hello")
    wait_for(lambda: product.messages(session), "the text from the other phone")
    sent = product.send(session, friend, "Hello to you")
    wait_for(lambda: product.message(session, sent)["delivered_at"], "the receipt")
    simulator.fault("close", number=number)
    again = product.send(session, friend, "after a drop")
    wait_for(lambda: product.message(session, again)["delivered_at"], "the second receipt")
    product.api("POST", f"sessions/{session}/restart/")
    wait_for(lambda: logins(simulator, number) >= 4, "the login after the restart")
    product.until(session, status="ready")
    last = product.send(session, friend, "after a restart")
    wait_for(lambda: product.message(session, last)["delivered_at"], "the third receipt")

    assert events(simulator, number, "presence") == []


def events(simulator: Simulator, number: str, kind: str) -> list[dict[str, object]]:
    log = simulator.ask("GET", "/api/log")
    return [one for one in log if one["kind"] == kind and one.get("number") == number[1:]]


def logins(simulator: Simulator, number: str) -> int:
    return len(events(simulator, number, "login"))
