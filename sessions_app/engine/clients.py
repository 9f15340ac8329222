"""The registry of an engine's clients, one for each run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from sessions_app.engine.client import Client
from sessions_app.engine.journal import Journal
from sessions_app.engine.keys import store as keys
from sessions_app.engine.neonize_api import Library
from sessions_app.engine.start_request import SendSignal, StartRequest
from sessions_app.engine.threads import LibraryLock


class Clients:
    """Start, find and stop the clients of one engine, by the name of their run.

    ``proxy`` is the URL to dial through when a start request names none."""

    def __init__(self, library: Library, send_signal: SendSignal, proxy: str | None) -> None:
        self._library = library
        self._send_signal = send_signal
        self._proxy = proxy
        self._lock = LibraryLock()
        self._logged_out: set[tuple[str, str]] = set()
        self._clients: dict[str, Client] = {}
        self.starts = 0

    def start(self, request: StartRequest, store: str, journal: str) -> None:
        """Start a client for a new run. Raises ValueError if the run's name is already taken."""
        if request.run in self._clients:
            raise ValueError("a run of this name was started before")
        self.starts += 1
        self._clients[request.run] = client = Client(
            request,
            self.keys(store),
            Journal(Path(journal)),
            self._library,
            self._lock,
            self._logged_out,
            self._send_signal,
        )
        client.start()

    def keys(self, store: str) -> keys.Keys:
        """Return the key store at ``store``, a path or a URL."""
        return keys.of(store, self._library.devices)

    @property
    def proxy(self) -> str | None:
        return self._proxy

    def get(self, run: str) -> Client | None:
        """Return the client of ``run``, or None if the run was not started here."""
        return self._clients.get(run)

    @property
    def abandoned(self) -> int:
        """The number of pairings that were given up and cannot be ended."""
        return sum(client.abandoned for client in list(self._clients.values()))

    def stop_all(self, seconds: float) -> None:
        """Stop all clients that can be stopped. Return after ``seconds`` at the latest."""
        deadline = time.monotonic() + seconds
        stops = [
            threading.Thread(target=client.stop, args=(seconds,), daemon=True)
            for client in self._clients.values()
            if not client.ended
        ]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join(max(0.0, deadline - time.monotonic()))
