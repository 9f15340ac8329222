"""WhatsApp keys in PostgreSQL: the library's own tables, shared by all sessions."""

from __future__ import annotations

from collections.abc import Collection

import psycopg

CONNECT_SECONDS = 5


class KeysUnreachable(OSError):
    """The key database cannot be read; the text gives the reason, without the password."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__((str(error).splitlines() or [type(error).__name__])[0][:160])


def stored_addresses(url: str) -> set[str]:
    """Return the WhatsApp addresses (JIDs) whose keys are in the database at ``url``. Raises
    KeysUnreachable."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as keys:
            return {row[0] for row in keys.execute("SELECT jid FROM whatsmeow_device")}
    except psycopg.errors.UndefinedTable:  # no engine has used it yet
        return set()
    except psycopg.Error as error:
        raise KeysUnreachable(error) from None


def delete_addresses(url: str, addresses: Collection[str]) -> None:
    """Delete the keys of ``addresses``; the tables cascade. Raises KeysUnreachable."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as keys:
            keys.execute("DELETE FROM whatsmeow_device WHERE jid = ANY(%s)", (list(addresses),))
    except psycopg.Error as error:
        raise KeysUnreachable(error) from None
