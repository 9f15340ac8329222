"""WhatsApp's keys on their way into a backup, wherever they are kept.

They are copied *after* the database's snapshot was taken, so that what they hold is never older
than the rows: keys that have gone on can be used (WhatsApp's ratchets only go forward), keys
that are older than their row would be those of a link that was not there yet. A session that
was unlinked in between has no keys any more, and is told of instead of copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from operations.backup.archive import ArchiveWriter
from operations.backup.keys import folder
from sessions_app.models import Session
from sessions_app.store.gateway_settings import gateway_settings

FILES, DATABASE = "files", "postgresql"
SHARED = "shared/keys.jsonl"  # of a key database, what belongs to no single number

Tell = Callable[[str, int, int], None]
"""Is told what is done, how many of it, of how many (0: nobody knows yet)."""


def kind_of_store() -> str:
    """Where this installation keeps WhatsApp's keys."""
    return FILES if gateway_settings().auth_store == "files" else DATABASE


def entry_of(session: str, kind: str) -> str:
    """The archive's entry with the keys of ``session``."""
    return f"keys/{session}.{'sqlite3' if kind == FILES else 'jsonl'}"


def linked_sessions() -> dict[str, str]:
    """The sessions that have keys, and the device (JID) of each."""
    linked = Session.objects.exclude(jid="").order_by("created_at", "id")
    return {str(pk): jid for pk, jid in linked.values_list("pk", "jid")}


def write_keys(archive: ArchiveWriter, sessions: Mapping[str, str], tell: Tell) -> list[str]:
    """Write the keys of ``sessions`` (id → device); the ids of those that have none."""
    missing = []
    with _pieces(archive) as pieces_of:
        for number, (session, jid) in enumerate(sessions.items()):
            tell("sessions", number, len(sessions))
            try:
                _write(archive, session, pieces_of(session, jid))
            except folder.KeysMissing:
                missing.append(session)
    tell("sessions", len(sessions), len(sessions))
    return missing


Pieces = Callable[[str, str], Iterator[bytes]]


@contextmanager
def _pieces(archive: ArchiveWriter) -> Iterator[Pieces]:
    """Tells the keys of a session and its device in pieces; what is everybody's is written."""
    told = gateway_settings()
    if kind_of_store() == FILES:
        with folder.room(told.data_dir) as room:
            yield lambda session, jid: folder.copy(Path(told.store_of(session)), jid, room)
        return
    from operations.backup.keys import (
        database,  # only installations with PostgreSQL pay for its driver
    )

    with database.opened(told.auth_store, to_read=True) as keys:
        known = database.tables(keys)
        with archive.entry(SHARED) as entry:
            for line in database.shared_lines(keys, known):
                entry.line(line)
        yield lambda session, jid: (
            f"{line}\n".encode() for line in database.lines_of(keys, known, jid)
        )


def _write(archive: ArchiveWriter, session: str, pieces: Iterator[bytes]) -> None:
    kind = kind_of_store()
    first = next(pieces, b"")  # before the entry is begun: there may be no keys
    if not first:
        raise folder.KeysMissing
    with archive.entry(entry_of(session, kind)) as entry:
        for piece in chain([first], pieces):
            entry.write(piece)
            entry.lines += piece.count(b"\n") if kind == DATABASE else 0
