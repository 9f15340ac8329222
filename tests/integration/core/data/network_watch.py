"""Observe every connection and name look-up of this process, and the database connections that are
held at that moment by the thread that waits and by the thread of the request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

WAITS = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen"}


@dataclass
class NetworkWatch:
    """``seen``: the waits so far; ``held``: those that began while a connection was held."""

    seen: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    request: list[Any] = field(default_factory=list)  # the connections of the thread of the request

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], str):
            return  # Redis, on this machine
        wait = f"{event} {arguments[1:2] if event == 'socket.connect' else arguments[:1]}"
        self.seen.append(wait)
        mine = connections.all(initialized_only=True)
        if any(one.connection is not None for one in (*self.request, *mine)):
            self.held.append(wait)


_watching: list[NetworkWatch] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in WAITS:
        for watch in _watching:
            watch.note(event, arguments)


sys.addaudithook(_hook)  # it cannot be removed, so it does nothing while nothing is watched


@contextmanager
def watched() -> Iterator[NetworkWatch]:
    """Watch within the block. Its requests run in the calling thread, with an open connection."""
    watch = NetworkWatch(request=list(connections.all()))
    for connection in watch.request:
        connection.ensure_connection()
    _watching.append(watch)
    try:
        yield watch
    finally:
        _watching.remove(watch)
