"""What the gateway asks for: its form, and what comes of a mistake."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from sessions_app.engine.clients import Clients
from sessions_app.engine.commands import Commands, Shutdown
from sessions_app.engine.protocol import Command, ProtocolError
from tests.unit.sessions_app.engine.test_client import PATIENCE, NoKeys, Puppet, eventually

SECRET = "07" * 32
START = {
    "type": "start", "id": "1", "run": "r", "store": "/nowhere", "journal": "/nowhere",
    "device_name": "Pairline", "jid": None, "proxy": None,
}  # fmt: skip


class BrokenKeys(NoKeys):
    """Keys with a mistake in them."""

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        raise RuntimeError("a mistake")


class BrokenClients(Clients):
    """Clients whose keys have a mistake in them."""

    def keys(self, store: str) -> NoKeys:
        return BrokenKeys()


def commands(told: list[dict[str, Any]]) -> Commands:
    return Commands(BrokenClients(Puppet(), told.append, None), told.append)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "dance"},
        {"type": "hello"},
        {key: value for key, value in START.items() if key != "run"},
        {key: value for key, value in START.items() if key != "store"},
        START | {"jid": "nobody"},
        START | {"proxy": 7},
        {"type": "send", "id": "1", "run": "r", "to": "+351", "text": "Hi", "secret": "short"},
        {"type": "send", "id": "1", "run": "r", "to": "+351", "text": 7, "secret": SECRET},
        {"type": "find_sent", "id": "1", "run": "r", "store": "s", "secrets": ["zz"]},
        {"type": "find_sent", "id": "1", "run": "r", "store": "s", "secrets": [7]},
        {"type": "stored", "id": "1", "run": "r", "keys": "all"},
        {"type": "stop", "id": "1"},
    ],
)
def test_it_refuses_a_message_that_is_not_of_the_language(message: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        commands([]).handle(message)


@pytest.mark.parametrize("command", [Command.LOGOUT, Command.PROOF, Command.PAIR_CODE])
def test_it_says_that_a_run_is_not_here(command: Command) -> None:
    told: list[dict[str, Any]] = []
    message = {"type": command, "id": "7", "run": "none", "phone": "+351910000001"}
    commands(told).handle(message)
    assert told[0]["code"] == "no_run"
    assert (told[0]["id"], told[0]["ok"]) == ("7", False)


def test_it_takes_a_stop_of_an_unknown_run_for_done() -> None:
    told: list[dict[str, Any]] = []
    commands(told).handle({"type": "stop", "id": "7", "run": "none"})
    assert told == [{"type": "result", "id": "7", "ok": True, "ended": True}]


def test_it_leaves_nobody_waiting_after_a_mistake_of_its_own() -> None:
    told: list[dict[str, Any]] = []
    seen = threading.Event()
    before, threading.excepthook = threading.excepthook, lambda error: seen.set()
    try:
        commands(told).handle(
            {"type": "find_sent", "id": "7", "run": "-", "store": "s", "secrets": [SECRET]}
        )
        eventually(lambda: told)
        assert seen.wait(PATIENCE)
    finally:
        threading.excepthook = before
    assert (told[0]["id"], told[0]["code"]) == ("7", "internal")


def test_it_ends_the_process_through_its_caller() -> None:
    with pytest.raises(Shutdown):
        commands([]).handle({"type": "shutdown"})
