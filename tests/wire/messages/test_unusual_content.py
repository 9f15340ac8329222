"""Times, texts and senders outside the usual bounds: stored once, and every number stays ready."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, wait_for


@pytest.fixture(scope="module")
def neighbor(product: Product) -> str:
    """Another number in the same engine."""
    return product.link()[0]


@pytest.fixture
def engines(product: Product, neighbor: str) -> Iterator[None]:
    """Check that all engines and both numbers live on."""
    before = product.engine_pids("running")
    yield
    assert product.engine_pids("running") == before
    assert product.snapshot(neighbor)["status"] == "ready"
    assert "failed; restarting" not in product.log()


def received(product: Product, session: str, text: str) -> dict[str, Any]:
    """Wait for an incoming message that begins with ``text``; fail if it is stored twice."""

    def found() -> list[dict[str, Any]]:
        return [one for one in product.messages(session) if one["text"].startswith(text)]

    wait_for(found, f"the message {text}")
    (message,) = found()
    return message


def is_recent(moment: str) -> bool:
    return abs(datetime.now(UTC) - datetime.fromisoformat(moment)) < timedelta(minutes=5)


@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("form", ["milliseconds", "zero", "ahead", "largest"])
def test_it_stores_sane_times_for_unusual_ones(
    product: Product, simulator: Simulator, form: str
) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    simulator.fault("unusual_times", number=number, form=form)

    simulator.write(friend, number, "received")
    simulator.write(number, friend, "typed on the phone")
    sent = product.send(session, friend, "sent by us")
    wait_for(
        lambda: "sent by us" in [one["text"] for one in simulator.messages(friend)],
        "our text at the other phone",
    )
    simulator.open_chat(friend, number)
    simulator.open_chat(number, friend)

    assert is_recent(received(product, session, "received")["sent_at"])
    assert is_recent(received(product, session, "typed on the phone")["sent_at"])
    wait_for(lambda: product.message(session, sent)["status"] == "read", "the receipt")
    read = product.message(session, sent)
    assert is_recent(read["sent_at"]) and is_recent(read["read_at"])
    assert product.snapshot(session)["status"] == "ready"


@pytest.mark.usefixtures("engines")
def test_it_cuts_a_text_longer_than_a_line(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    simulator.fault("long_texts", number=number, characters=1_200_000)

    simulator.write(friend, number, "a long one ")

    assert len(received(product, session, "a long one ")["text"]) == 65_536
    product.api("POST", f"sessions/{session}/restart/")
    simulator.clear_faults()
    simulator.write(friend, number, "after the restart")
    received(product, session, "after the restart")
    received(product, session, "a long one ")


@pytest.mark.usefixtures("engines")
def test_it_stores_a_sender_with_too_many_digits(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    simulator.fault("long_senders", number=number)

    path = f"/api/phones/{friend[1:]}/send"
    simulator.ask("POST", path, {"to": number, "text": "who is this", "address_by": "pn"})

    received(product, session, "who is this")
    assert product.snapshot(session)["status"] == "ready"
