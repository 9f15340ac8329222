"""The key store of a session: an SQLite file of its own, or a PostgreSQL database for all.

The library reads and writes the keys. This package only checks them first, because an address
that is missing from the store crashes the whole process, and an unreadable store must not be
reported as a network error. ``find_sent`` reads what the library wrote before it sent a message,
which settles after a crash whether the message was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from sessions_app.engine.keys.files import SqliteKeys

POSTGRES = ("postgres://", "postgresql://")


class Keys(Protocol):
    """The key store of one session."""

    @property
    def name(self) -> str:
        """The store's name in calls of the library."""

    def prepare(self, jid: str | None) -> None:
        """Check that the library can use the store for ``jid`` (None: for a new pairing).
        Raises StartRefused."""

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        """Return ``{secret: message id}`` for those ``secrets`` (hex) that the library has
        stored. Raises StartRefused if the store cannot be read."""

    def remove(self) -> None:
        """Delete what a logout leaves behind."""


def of(store: str, list_devices: Callable[[str], set[str]]) -> Keys:
    """Return the keys in ``store``, a file path or a PostgreSQL URL. ``list_devices`` is the
    library's function that migrates the tables of a store and returns its addresses."""
    if not store.startswith(POSTGRES):
        return SqliteKeys(Path(store), list_devices)
    # Imported here because installations without PostgreSQL do not need its driver.
    from sessions_app.engine.keys.postgres import PostgresKeys

    return PostgresKeys(store, list_devices)
