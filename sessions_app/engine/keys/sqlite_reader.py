"""Read a key file with Python's SQLite.

Never call this in a process whose library has the file open. The library bundles its own copy
of SQLite, and two copies in one process do not see each other's locks: the second would take a
running transaction for the remains of a crash and roll it back. So an engine reads a key file
here only before the library first opens it. After that, ``sent_in_subprocess`` runs this module
as a process of its own.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sessions_app.engine.errors import StartRefused
from sessions_app.engine.protocol import StartFailure

BUSY_SECONDS = 5.0
PROCESS_SECONDS = 30.0
CHUNK = 500  # values in one query; SQLite limits the number of parameters

_DEVICES = "SELECT jid FROM whatsmeow_device"
_SENT = "SELECT message_id, lower(hex(key)) FROM whatsmeow_message_secrets WHERE key IN (%s)"
_DAMAGED = StartRefused(StartFailure.KEYS_DAMAGED, "The key store cannot be read.")


def url_path(path: Path) -> str:
    """Return ``path`` encoded for SQLite's ``file:`` URLs."""
    return quote(str(path))


def files_of(path: Path) -> list[Path]:
    """Return the key file and SQLite's files beside it. They need not exist."""
    return [Path(f"{path}{suffix}") for suffix in ("", "-journal", "-wal", "-shm")]


def create(path: Path) -> None:
    """Create an empty key file in WAL mode, which SQLite records in the file.

    The library stores 812 keys while it links a number, each in a transaction of its own. With
    the default rollback journal each transaction costs three disk syncs and a file creation and
    deletion; with WAL it costs one sync. Raises StartRefused."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise _unusable(error) from None


def checkpoint(path: Path) -> None:
    """Move the write-ahead log (4 MB after linking) into the file. Ignores errors."""
    with suppress(sqlite3.Error):
        _query(path, "rw", "PRAGMA wal_checkpoint(TRUNCATE)", ())


def devices(path: Path) -> set[str]:
    """Return the addresses whose keys are in the file. Raises StartRefused."""
    return {row[0] for row in _read(path, _DEVICES)}


def sent(path: Path, secrets: Sequence[str]) -> dict[str, str]:
    """Return ``{secret: message id}`` for the ``secrets`` (hex) in the file. Raises
    StartRefused."""
    found: dict[str, str] = {}
    for start in range(0, len(secrets), CHUNK):
        chunk = [bytes.fromhex(secret) for secret in secrets[start : start + CHUNK]]
        rows = _read(path, _SENT % ",".join("?" * len(chunk)), chunk)
        found |= {key: whatsapp_id for whatsapp_id, key in rows}
    return found


def sent_in_subprocess(path: Path, secrets: Sequence[str]) -> dict[str, str]:
    """Run ``sent`` in a subprocess. Raises StartRefused."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(path)],
            input=json.dumps(list(secrets)).encode(),
            capture_output=True,
            timeout=PROCESS_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        raise StartRefused(StartFailure.OTHER, "The key store could not be opened.") from None
    answer = json.loads(done.stdout)
    if "code" in answer:
        raise StartRefused(StartFailure(answer["code"]), answer["detail"])
    return {str(key): str(value) for key, value in answer["found"].items()}


def _read(path: Path, query: str, values: Sequence[bytes] = ()) -> list[tuple[str, ...]]:
    """Query the file read-only if possible. A transaction that a crash interrupted has to be
    rolled back first, which needs write access."""
    try:
        return _query(path, "ro", query, values)
    except sqlite3.OperationalError:
        pass
    except sqlite3.DatabaseError:
        raise _DAMAGED from None
    try:
        return _query(path, "rw", query, values)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise _unusable(error) from None
    except sqlite3.DatabaseError:
        raise _DAMAGED from None


def _unusable(error: sqlite3.Error) -> StartRefused:
    code = StartFailure.STORAGE_FULL if "full" in str(error) else StartFailure.OTHER
    return StartRefused(code, f"The key store could not be opened ({error}).")


def _query(path: Path, mode: str, query: str, values: Sequence[bytes]) -> list[tuple[str, ...]]:
    url = f"file:{url_path(path)}?mode={mode}"
    with closing(sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS)) as connection:
        return connection.execute(query, values).fetchall()


def main() -> None:
    """Read secrets as a JSON list from standard input, and write ``{"found": …}`` or
    ``{"code": …, "detail": …}`` to standard output."""
    answer: dict[str, object]
    try:
        answer = {"found": sent(Path(sys.argv[1]), json.load(sys.stdin))}
    except StartRefused as refused:
        answer = {"code": refused.code, "detail": refused.detail}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
