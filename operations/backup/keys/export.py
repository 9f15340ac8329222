"""Export WhatsApp's keys into a backup, from files or from PostgreSQL.

Keys are copied *after* the snapshot of the database, so they are never older than the rows. Newer
keys work (WhatsApp's ratchets only move forward); older ones could precede the link itself. A
session that is unlinked in between has no keys any more, and is reported as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from operations.backup.archive import ArchiveWriter
from operations.backup.keys import folder
from operations.backup.progress import ReportProgress
from sessions_app.models import Session
from sessions_app.store.gateway_settings import gateway_settings

FILES, DATABASE = "files", "postgresql"
SHARED = "shared/keys.jsonl"  # the rows of a key database that belong to no single number

ReadKeys = Callable[[str, str], Iterator[bytes]]
"""Yields the keys of a session (id) and its device (JID) in blocks."""


def store_kind() -> str:
    """Return the kind of store with this installation's WhatsApp keys."""
    return FILES if gateway_settings().auth_store == "files" else DATABASE


def key_entry_name(session: str, kind: str) -> str:
    """Return the name of the archive entry with the keys of ``session``."""
    return f"keys/{session}.{'sqlite3' if kind == FILES else 'jsonl'}"


def linked_sessions() -> dict[str, str]:
    """Return the linked sessions, each with its device (JID)."""
    linked = Session.objects.exclude(jid="").order_by("created_at", "id")
    return {str(pk): jid for pk, jid in linked.values_list("pk", "jid")}


def write_keys(
    archive: ArchiveWriter, sessions: Mapping[str, str], report: ReportProgress
) -> list[str]:
    """Write the keys of ``sessions`` (id → device), and return the ids of those without keys."""
    missing = []
    with _key_reader(archive) as read_keys:
        for number, (session, jid) in enumerate(sessions.items()):
            report("sessions", number, len(sessions))
            try:
                _write_session_keys(archive, session, read_keys(session, jid))
            except folder.KeysMissing:
                missing.append(session)
    report("sessions", len(sessions), len(sessions))
    return missing


@contextmanager
def _key_reader(archive: ArchiveWriter) -> Iterator[ReadKeys]:
    """Return the function that reads keys. Of a key database, write the shared rows first."""
    gateway = gateway_settings()
    if store_kind() == FILES:
        with folder.temporary_folder(gateway.data_dir) as copies:
            yield lambda session, jid: folder.copy_key_file(
                Path(gateway.store_of(session)), jid, copies
            )
        return
    from operations.backup.keys import database  # loads the driver, which files do not need

    with database.connect(gateway.auth_store, to_read=True) as keys:
        tables = database.find_tables(keys)
        with archive.entry(SHARED) as entry:
            for line in database.shared_lines(keys, tables):
                entry.line(line)
        yield lambda session, jid: (
            f"{line}\n".encode() for line in database.device_lines(keys, tables, jid)
        )


def _write_session_keys(archive: ArchiveWriter, session: str, blocks: Iterator[bytes]) -> None:
    kind = store_kind()
    first = next(blocks, b"")  # before the entry begins: there may be no keys
    if not first:
        raise folder.KeysMissing
    with archive.entry(key_entry_name(session, kind)) as entry:
        for block in chain([first], blocks):
            entry.write(block)
            entry.lines += block.count(b"\n") if kind == DATABASE else 0
