"""All runs of an engine, by name."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from sessions_app.engine.client import Client
from sessions_app.engine.journal import Journal
from sessions_app.engine.keys import store as keys
from sessions_app.engine.neonize_api import Library
from sessions_app.engine.start_request import Order, Tell
from sessions_app.engine.threads import Turns


class Clients:
    """The runs of one engine; ``proxy`` is the one to dial through when a start names none."""

    def __init__(self, library: Library, tell: Tell, proxy: str | None) -> None:
        self._library = library
        self._tell = tell
        self._proxy = proxy
        self._turns = Turns()
        self._gone: set[tuple[str, str]] = set()
        self._clients: dict[str, Client] = {}
        self.starts = 0

    def start(self, order: Order, store: str, journal: str) -> None:
        """Begin a run. Raises ValueError when there was one of this name."""
        if order.run in self._clients:
            raise ValueError("a run of this name was started before")
        self.starts += 1
        self._clients[order.run] = client = Client(
            order,
            self.keys(store),
            Journal(Path(journal)),
            self._library,
            self._turns,
            self._gone,
            self._tell,
        )
        client.start()

    def keys(self, store: str) -> keys.Keys:
        """The key store ``store`` (a path or a URL)."""
        return keys.of(store, self._library.devices)

    @property
    def proxy(self) -> str | None:
        return self._proxy

    def get(self, run: str) -> Client | None:
        """The run, if it was started here."""
        return self._clients.get(run)

    @property
    def abandoned(self) -> int:
        """How many pairings were given up and cannot be ended."""
        return sum(client.abandoned for client in list(self._clients.values()))

    def stop_all(self, seconds: float) -> None:
        """End all runs that can be ended; returns after ``seconds`` at the latest."""
        until = time.monotonic() + seconds
        stops = [
            threading.Thread(target=client.stop, args=(seconds,), daemon=True)
            for client in self._clients.values()
            if not client.ended
        ]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join(max(0.0, until - time.monotonic()))
