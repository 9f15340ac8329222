"""The gateway's commands: their validation, and the answers to failed ones."""

from __future__ import annotations

import errno
import os
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
    """Keys that raise an unexpected error."""

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        raise RuntimeError("unexpected")


class BrokenClients(Clients):
    """Clients whose keys raise an unexpected error."""

    def keys(self, store: str) -> NoKeys:
        return BrokenKeys()


class FullDisk(Clients):
    """Clients whose keys meet a full disk."""

    def keys(self, store: str) -> NoKeys:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def commands(answers: list[dict[str, Any]]) -> Commands:
    return Commands(BrokenClients(Puppet(), answers.append, None), answers.append)


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
        {"type": "set_aside", "id": "1", "run": "r", "keys": "all"},
        {"type": "stop", "id": "1"},
    ],
)
def test_it_refuses_a_message_that_violates_the_protocol(message: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        commands([]).handle(message)


@pytest.mark.parametrize("command", [Command.LOGOUT, Command.PROOF, Command.PAIR_CODE])
def test_it_refuses_a_command_for_an_unknown_run(command: Command) -> None:
    answers: list[dict[str, Any]] = []
    message = {"type": command, "id": "7", "run": "none", "phone": "+351910000001"}
    commands(answers).handle(message)
    assert answers[0]["code"] == "no_run"
    assert (answers[0]["id"], answers[0]["ok"]) == ("7", False)


def test_it_confirms_the_stop_of_an_unknown_run() -> None:
    answers: list[dict[str, Any]] = []
    commands(answers).handle({"type": "stop", "id": "7", "run": "none"})
    assert answers == [{"type": "result", "id": "7", "ok": True, "ended": True}]


def test_it_answers_after_an_internal_error() -> None:
    answers: list[dict[str, Any]] = []
    seen = threading.Event()
    before, threading.excepthook = threading.excepthook, lambda error: seen.set()
    try:
        commands(answers).handle(
            {"type": "find_sent", "id": "7", "run": "-", "store": "s", "secrets": [SECRET]}
        )
        eventually(lambda: answers)
        assert seen.wait(PATIENCE)
    finally:
        threading.excepthook = before
    assert (answers[0]["id"], answers[0]["code"]) == ("7", "internal")


def test_it_fails_only_the_command_that_met_an_error() -> None:
    answers: list[dict[str, Any]] = []
    errors: list[type[BaseException]] = []
    engine = Commands(FullDisk(Puppet(), answers.append, None), answers.append)
    before, threading.excepthook = threading.excepthook, lambda error: errors.append(error.exc_type)
    try:
        engine.handle(START)
        engine.handle({"type": "ping", "at": 1})
    finally:
        threading.excepthook = before
    assert (answers[0]["id"], answers[0]["code"]) == ("1", "internal")
    assert answers[1]["type"] == "pong"
    assert errors == [OSError]


def test_it_lets_its_caller_end_the_process() -> None:
    with pytest.raises(Shutdown):
        commands([]).handle({"type": "shutdown"})
