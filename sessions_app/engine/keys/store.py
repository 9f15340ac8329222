"""The WhatsApp keys of a session: one SQLite file a session, or a PostgreSQL for all.

The library reads and writes them; here is only what has to be known before it may: an address
that is not in the store would end the whole process, and a store that cannot be read needs
another answer than a network that is down. ``find_sent`` reads what the library wrote before it
sent a message, so that a crash in between leaves no doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from sessions_app.engine.keys.files import FileKeys

POSTGRES = ("postgres://", "postgresql://")


class Keys(Protocol):
    """The key store of one session."""

    @property
    def name(self) -> str:
        """The store as the library wants to hear it."""

    def prepare(self, jid: str | None) -> None:
        """Make sure that the library can use the store for ``jid`` (None: to pair anew).
        Raises StartRefused."""

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        """The message ids that the library wrote for ``secrets`` (hex) before sending.
        Raises StartRefused when the store cannot be read."""

    def remove(self) -> None:
        """Remove what a logout leaves behind."""


def of(store: str, list_devices: Callable[[str], set[str]]) -> Keys:
    """The keys in ``store``, a file path or a PostgreSQL URL. ``list_devices`` is the library's
    way to read the addresses in a store, which also brings its tables up to date."""
    if not store.startswith(POSTGRES):
        return FileKeys(Path(store), list_devices)
    # Only installations with PostgreSQL pay for its driver.
    from sessions_app.engine.keys.postgres import PostgresKeys

    return PostgresKeys(store, list_devices)
