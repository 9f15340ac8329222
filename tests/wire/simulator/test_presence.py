"""Clients get their push name from the phone, and their presence is logged."""

from __future__ import annotations

from tests.wire.simulator.wire_harness import Neonize, Simulator, wait_for


def presences(simulator: Simulator, number: str) -> list[str]:
    """Return what the clients of ``number`` have shown."""
    return [
        event["presence"]
        for event in simulator.get("/api/log")
        if event["kind"] == "presence" and f"+{event['number']}" == number
    ]


def shows_itself(neonize: Neonize) -> bool:
    try:
        neonize.call("send_presence", client="alice")
    except RuntimeError as error:
        assert "PushName" in str(error)
        return False
    return True


def test_it_logs_the_presence_of_named_clients(simulator: Simulator, neonize: Neonize) -> None:
    number = neonize.link(simulator, "alice")
    assert not shows_itself(neonize)

    assert simulator.post(f"/api/phones/{number}/state") == {"shared": 1}

    wait_for(lambda: shows_itself(neonize), "the push name")
    assert "available" in wait_for(lambda: presences(simulator, number), "the presence")


def test_it_offers_no_state_before_it_is_shared(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    assert not shows_itself(neonize)
    assert presences(simulator, number) == []
