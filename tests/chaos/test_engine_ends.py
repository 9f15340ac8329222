"""An engine is killed, hangs or misbehaves: its sessions come back automatically."""

from __future__ import annotations

import os
import signal
from collections import Counter

from tests.wire.product import Product, Simulator, wait_for


def _killed(product: Product, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in product.engine_pids(), "the engine's end")


def _back(product: Product, session: str, version: int) -> None:
    """Wait until the session is ready again after it was not, since ``version``."""
    wait_for(lambda: product.snapshot(session)["version"] > version, "the loss to be noticed")
    product.until(session, status="ready")


def test_it_brings_sessions_back_after_a_kill(product: Product) -> None:
    sessions = [product.link()[0] for _ in range(3)]
    (engine,) = product.engine_pids("running")
    versions = {session: product.snapshot(session)["version"] for session in sessions}

    _killed(product, engine)

    for session in sessions:
        _back(product, session, versions[session])
    assert product.engine_pids("running") != [engine]


def test_it_sends_each_text_once_across_a_kill(product: Product, simulator: Simulator) -> None:
    session, _ = product.link()
    friend = simulator.new_phone()
    texts = [f"text number {number}" for number in range(30)]

    for position, text in enumerate(texts):
        product.send(session, friend, text)
        if position in (9, 19):
            version = product.snapshot(session)["version"]
            _killed(product, product.engine_pids("running")[0])
            _back(product, session, version)

    def settled() -> bool:
        return all(m["status"] not in ("queued", "sending") for m in product.messages(session))

    wait_for(settled, "every text to be settled")
    # A text that was sent again has an id of its own at the phone: count entries, not ids.
    arrived = Counter(m["text"] for m in simulator.messages(friend))
    assert set(arrived.values()) <= {1}, "a text came twice"
    unsettled = [m["text"] for m in product.messages(session) if m["status"] == "unconfirmed"]
    missing = [text for text in texts if text not in arrived]
    assert set(missing) <= set(unsettled), "a text was lost without a word"
    assert len(unsettled) <= 2  # at most the one in progress at each kill


def test_it_never_repeats_a_text_that_left(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    simulator.fault("hold_acks", number=number, once=True)
    product.send(session, friend, "once")
    wait_for(lambda: simulator.messages(friend), "the text at the phone")

    version = product.snapshot(session)["version"]
    _killed(product, product.engine_pids("running")[0])
    _back(product, session, version)

    product.send(session, friend, "afterwards")
    wait_for(lambda: "afterwards" in [m["text"] for m in simulator.messages(friend)], "the next")
    assert [m["text"] for m in simulator.messages(friend)] == ["once", "afterwards"]
    assert product.messages(session)[-1]["status"] in ("unconfirmed", "delivered", "read")


def test_it_loses_no_incoming_text_across_kills(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    texts = [f"incoming {position}" for position in range(20)]

    for position, text in enumerate(texts):
        simulator.write(friend, number, text)
        if position in (6, 13):
            version = product.snapshot(session)["version"]
            _killed(product, product.engine_pids("running")[0])
            _back(product, session, version)

    def arrived() -> bool:
        found = [m["text"] for m in product.messages(session) if m["direction"] == "in"]
        return sorted(found) == sorted(texts)

    wait_for(arrived, "every incoming text, each once")


def test_it_shows_a_new_code_after_a_killed_engine(product: Product, simulator: Simulator) -> None:
    session = product.create_session()
    old = product.until(session, status="qr")["qr"]["text"]

    _killed(product, product.engine_pids("linking")[0])

    new = wait_for(lambda: product.new_code(session, old), "a new code")
    simulator.scan(new)
    product.until(session, status="ready")


def test_it_ends_an_engine_that_hangs(product: Product) -> None:
    session, _ = product.link()
    (engine,) = product.engine_pids("running")
    version = product.snapshot(session)["version"]

    os.kill(engine, signal.SIGSTOP)

    wait_for(lambda: engine not in product.engine_pids(), "the hanging engine's end")
    _back(product, session, version)
