"""The rules that keep the library from ending the process, one by one.

A stand-in for the library records its calls and calls back when a test wants it to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sessions_app.engine.client import Client
from sessions_app.engine.errors import StartRefused
from sessions_app.engine.jids import Jid
from sessions_app.engine.journal import Journal
from sessions_app.engine.neonize_api import ClientCallbacks, Library
from sessions_app.engine.protocol import StartFailure
from sessions_app.engine.start_request import CommandFailed, StartRequest
from sessions_app.engine.threads import LibraryLock
from tests.unit.sessions_app.engine.test_events import Build

PATIENCE = 5.0
MOMENT = 0.05  # long enough for an effect that must not occur
ALICE = Jid("351910000001", 4, "s.whatsapp.net")


class Puppet(Library):
    """Stands in for the library."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.listeners: dict[str, ClientCallbacks] = {}
        self._returned: dict[str, threading.Event] = {}
        self._errors: dict[str, str] = {}

    def connect(
        self,
        client: str,
        store: str,
        jid: Jid | None,
        name: str,
        proxy: str | None,
        listener: ClientCallbacks,
    ) -> str:
        self._returned[client] = threading.Event()
        self.listeners[client] = listener
        self.calls.append(("connect", client))
        self._returned[client].wait(PATIENCE)
        return self._errors.get(client, "")

    def fail(self, client: str, error: str) -> None:
        self._errors[client] = error
        self._returned[client].set()

    def stop(self, client: str) -> None:
        self.calls.append(("stop", client))
        self._returned[client].set()

    def disconnect(self, client: str) -> None:
        self.calls.append(("disconnect", client))

    def number_of(self, client: str, hidden: str) -> str:
        self.calls.append(("number_of", client))
        return "351910000002"

    def asked(self, what: str) -> list[str]:
        """Return the clients for which ``what`` was called."""
        return [client for call, client in self.calls if call == what]


class NoKeys:
    """Keys that are always there, unless a test refuses them."""

    name = "keys"

    def __init__(self, refusal: StartRefused | None = None) -> None:
        self._refusal = refusal

    def prepare(self, jid: str | None) -> None:
        if self._refusal:
            raise self._refusal

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        return {}

    def remove(self) -> None:
        pass


class Engine:
    """Clients around one puppet."""

    def __init__(self, folder: Path, build: Build) -> None:
        self.library = Puppet()
        self.signals: list[dict[str, Any]] = []
        self._turns = LibraryLock(bound=60)
        self._gone: set[tuple[str, str]] = set()
        self._folder = folder
        self._build = build

    def client(self, jid: Jid | None = ALICE, keys: NoKeys | None = None) -> Client:
        """Start a client and return it."""
        order = StartRequest(uuid4().hex, jid, "Pairline", None)
        journal = Journal(self._folder / order.run)
        client = Client(
            order,
            keys or NoKeys(),
            journal,
            self.library,
            self._turns,
            self._gone,
            self.signals.append,
        )
        client.start()
        return client

    def connecting(self, number: int = 1) -> ClientCallbacks:
        """Wait for the ``number``-th connect and return its callbacks."""
        eventually(lambda: len(self.library.asked("connect")) >= number)
        return self.library.listeners[self.library.asked("connect")[number - 1]]

    def identify(self, listener: ClientCallbacks) -> None:
        """Report the client's identity, as the library does."""
        device = self._build.proto.Device(JID=self._build.jid(ALICE.user, ALICE.server, 4))
        listener.on_event("Device", device)

    def events(self) -> list[str]:
        return [signal["event"] for signal in self.signals]


def eventually(ready: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.002)


@pytest.fixture
def engine(tmp_path: Path, proto: Any, e2e: Any) -> Iterator[Engine]:
    engine = Engine(tmp_path, Build(proto, e2e))
    yield engine
    for client in engine.library.asked("connect"):
        engine.library.fail(client, "")


def test_it_stops_a_client_only_once_it_is_identified(engine: Engine) -> None:
    """H1: an earlier stop ends the process."""
    client = engine.client()
    listener = engine.connecting()
    assert client.stop(MOMENT) is False
    assert engine.library.asked("stop") == []
    engine.identify(listener)
    assert client.wait_ended(PATIENCE)
    assert len(engine.library.asked("stop")) == 1


def test_it_stops_a_client_once(engine: Engine) -> None:
    client = engine.client()
    engine.identify(engine.connecting())
    assert client.stop(PATIENCE)
    assert client.stop(PATIENCE)
    assert len(engine.library.asked("stop")) == 1


def test_it_disconnects_a_pairing_but_never_stops_it(engine: Engine) -> None:
    """H2: it cannot be ended. A stop would end the process if the phone scanned at that moment."""
    client = engine.client(jid=None)
    engine.connecting().on_qr("qr text")
    assert client.stop(PATIENCE) is False
    assert client.abandoned
    assert engine.library.asked("disconnect") == engine.library.asked("connect")
    assert engine.library.asked("stop") == []


def test_it_stops_an_abandoned_pairing_that_is_scanned_anyway(engine: Engine) -> None:
    client = engine.client(jid=None)
    listener = engine.connecting()
    listener.on_qr("qr text")
    client.stop(PATIENCE)
    engine.identify(listener)
    assert client.wait_ended(PATIENCE)
    assert len(engine.library.asked("stop")) == 1


@pytest.mark.parametrize("sign", ["qr", "identity", "login", "failure"])
def test_it_starts_one_client_at_a_time(engine: Engine, sign: str) -> None:
    """H4: the library's tables have no lock."""
    engine.client()
    listener = engine.connecting()
    engine.client()
    time.sleep(MOMENT)
    assert len(engine.library.asked("connect")) == 1
    if sign == "qr":
        listener.on_qr("qr text")
    elif sign == "identity":
        engine.identify(listener)
    elif sign == "login":
        listener.on_login("timeout")
    else:
        engine.library.fail(engine.library.asked("connect")[0], "dial failed")
    engine.connecting(2)


def test_it_does_not_stop_a_client_while_another_starts(engine: Engine) -> None:
    """H4, for stops."""
    client = engine.client()
    engine.identify(engine.connecting())
    engine.client()
    starting = engine.connecting(2)
    assert client.stop(MOMENT) is False
    assert engine.library.asked("stop") == []
    engine.identify(starting)
    assert client.wait_ended(PATIENCE)


def test_it_gives_each_client_its_own_name(engine: Engine) -> None:
    """H5: the library confuses two clients with the same name."""
    for number in range(1, 4):
        engine.client()
        engine.identify(engine.connecting(number))
    assert len(set(engine.library.asked("connect"))) == 3


def test_it_never_connects_a_client_stopped_before_its_start(engine: Engine) -> None:
    engine.client()
    first = engine.connecting()
    second = engine.client()
    second.stop(MOMENT)
    engine.identify(first)
    assert second.wait_ended(PATIENCE)
    assert len(engine.library.asked("connect")) == 1
    assert engine.signals == []


def test_it_releases_a_client_whose_start_failed(engine: Engine) -> None:
    client = engine.client()
    engine.connecting()
    (name,) = engine.library.asked("connect")
    engine.library.fail(name, "failed to dial: connection refused")
    assert client.wait_ended(PATIENCE)
    assert engine.library.asked("stop") == [name]
    assert [(signal["event"], signal["code"]) for signal in engine.signals] == [
        ("start_failed", "dial")
    ]


def test_it_reports_and_ends_a_client_without_events(engine: Engine) -> None:
    """An event that the library cannot express ends its event loop, not its connection."""
    client = engine.client()
    engine.identify(engine.connecting())
    (name,) = engine.library.asked("connect")
    engine.library.fail(name, "proto: required field neonize.ConnectFailure.Reason not set")
    assert client.wait_ended(PATIENCE)
    assert engine.library.asked("stop") == [name]
    assert engine.events() == ["connect_failure"]


def test_it_never_connects_without_keys(engine: Engine) -> None:
    """H3: the library ends the process if the address is not in the store."""
    refusal = StartRefused(StartFailure.KEYS_MISSING, "not there")
    client = engine.client(keys=NoKeys(refusal))
    assert client.wait_ended(PATIENCE)
    assert engine.library.calls == []
    assert [(signal["event"], signal["code"]) for signal in engine.signals] == [
        ("start_failed", "keys_missing")
    ]


def test_it_ignores_the_keys_of_a_logged_out_number(engine: Engine, proto: Any) -> None:
    """H3: the library reports a logout before it deletes the keys. A start in between would end
    the process."""
    client = engine.client()
    listener = engine.connecting()
    engine.identify(listener)
    reason = proto.ConnectFailureReason.Value("LOGGED_OUT")
    listener.on_event("LoggedOut", proto.LoggedOut(Reason=reason))
    assert client.stop(PATIENCE)
    again = engine.client()
    assert again.wait_ended(PATIENCE)
    assert len(engine.library.asked("connect")) == 1
    assert engine.signals[-1]["code"] == "keys_missing"


def test_it_uses_the_keys_of_a_relinked_number(engine: Engine, proto: Any) -> None:
    engine.client()
    listener = engine.connecting()
    engine.identify(listener)
    listener.on_event("LoggedOut", proto.LoggedOut())
    engine.client(jid=None)
    engine.identify(engine.connecting(2))
    engine.client()
    assert engine.connecting(3)


def test_it_reports_only_messages_of_a_stopped_client(engine: Engine, proto: Any, e2e: Any) -> None:
    """For WhatsApp, a message is delivered once the library has it."""
    client = engine.client(jid=None)
    listener = engine.connecting()
    listener.on_qr("qr text")
    client.stop(PATIENCE)
    build = Build(proto, e2e)
    listener.on_qr("another")
    listener.on_event("Disconnected", proto.Disconnected())
    bob = build.jid("351910000002", "s.whatsapp.net")
    listener.on_event(
        "Message", build.message(build.source(chat=bob, sender=bob), conversation="late")
    )
    assert engine.events() == ["qr", "message"]


def test_it_looks_up_no_number_after_the_client_ended(engine: Engine, proto: Any, e2e: Any) -> None:
    """The library ends the process when it is asked about a client that it has forgotten."""
    client = engine.client()
    listener = engine.connecting()
    engine.identify(listener)
    build = Build(proto, e2e)
    hidden = build.jid("7700112233", "lid")
    message = build.message(build.source(chat=hidden, sender=hidden), conversation="x")
    listener.on_event("Message", message)
    assert client.stop(PATIENCE)
    other = build.jid("7700112244", "lid")
    late = build.message(build.source(chat=other, sender=other), conversation="x")
    listener.on_event("Message", late)
    assert [signal["peer"] for signal in engine.signals] == ["+351910000002", ""]
    assert len(engine.library.asked("number_of")) == 1


def test_it_refuses_commands_to_an_unidentified_client(engine: Engine) -> None:
    client = engine.client()
    engine.connecting()
    with pytest.raises(CommandFailed) as failed:
        client.send("+351910000002", "Hi", b"x" * 32)
    assert failed.value.reply.code == "not_connected"
    with pytest.raises(CommandFailed):
        client.proof(MOMENT)
    with pytest.raises(CommandFailed):
        client.logout()
