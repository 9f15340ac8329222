"""Keys in PostgreSQL: all sessions share the library's tables, with rows keyed by address."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import psycopg

from sessions_app.engine.errors import StartRefused
from sessions_app.engine.protocol import StartFailure

CONNECT_SECONDS = 10
_MIGRATION_LOCK = 7239601  # advisory lock: one engine at a time migrates the tables
_UNREACHABLE = StartRefused(StartFailure.OTHER, "The key store could not be reached.")

_migrated: set[str] = set()
_migrating = threading.Lock()


class PostgresKeys:
    """The keys in the database at ``url``."""

    def __init__(self, url: str, list_devices: Callable[[str], set[str]]) -> None:
        self._url = url
        self._list_devices = list_devices

    @property
    def name(self) -> str:
        return self._url

    def prepare(self, jid: str | None) -> None:
        """See ``Keys``."""
        self._migrate()
        if jid is None:
            return
        query = "SELECT 1 FROM whatsmeow_device WHERE jid = %s"
        if not self._read(query, (jid,)):
            raise StartRefused(
                StartFailure.KEYS_MISSING, "The key store does not hold this number."
            )

    def _migrate(self) -> None:
        """Have the library create or upgrade its tables, once for each process and database.
        Several clients doing this concurrently would break the tables."""
        with _migrating:
            if self._url in _migrated:
                return
            try:
                # Locks the transaction, not the session: connection poolers share sessions.
                with self._connect() as connection:
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
                    self._list_devices(self._url)  # migrates the tables first
            except psycopg.Error:
                raise _UNREACHABLE from None
            _migrated.add(self._url)

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        """See ``Keys``."""
        query = (
            "SELECT message_id, encode(key, 'hex') FROM whatsmeow_message_secrets"
            " WHERE key = ANY(%s)"
        )
        keys = [bytes.fromhex(secret) for secret in secrets]
        return {key: whatsapp_id for whatsapp_id, key in self._read(query, (keys,))}

    def _read(self, query: str, values: Sequence[object]) -> list[tuple[str, ...]]:
        try:
            with self._connect() as connection:
                return connection.execute(query, values).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
        except psycopg.Error:
            raise _UNREACHABLE from None

    def _connect(self) -> psycopg.Connection[tuple[str, ...]]:
        return psycopg.connect(self._url, connect_timeout=CONNECT_SECONDS)

    def remove(self) -> None:
        """Do nothing: the library has deleted the rows, and the tables are shared."""
