"""WhatsApp's keys in PostgreSQL: the rows of the library's tables that belong to a device."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from operations.backup.errors import BackupError, BackupRefused
from sessions_app.cleanup.key_database import CONNECT_SECONDS

KeyConnection = psycopg.Connection[tuple[Any, ...]]

_OWNER_COLUMNS = ("our_jid", "jid")  # they name the device that a row belongs to
_DEVICE, _VERSION = "whatsmeow_device", "whatsmeow_version"
_COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name LIKE 'whatsmeow_%'
"""
_PARENTS = """
    SELECT child.relname, parent.relname FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid JOIN pg_class parent ON parent.oid = confrelid
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""


@dataclass(frozen=True)
class KeyTable:
    """A table of the library. ``owner``: the column that names the device; "" where devices share
    the rows, such as the map of addresses to numbers. ``columns``: their types by name."""

    name: str
    owner: str
    columns: dict[str, str]


@contextmanager
def connect(url: str, *, to_read: bool) -> Iterator[KeyConnection]:
    """Connect to the key database at ``url``, and commit if the block succeeds. With ``to_read``,
    all queries see one snapshot. Raises BackupError."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as keys:
            if to_read:
                keys.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                keys.read_only = True
            yield keys
    except psycopg.Error as error:
        message = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise BackupError(f"The key database cannot be used: {message}") from None


def find_tables(keys: KeyConnection) -> dict[str, KeyTable]:
    """Return the library's tables by name, each after the tables that it references, without the
    table of the schema version. Empty until the library has created them."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in keys.execute(_COLUMNS):
        columns.setdefault(table, {})[column] = kind
    order: TopologicalSorter[str] = TopologicalSorter({table: [] for table in sorted(columns)})
    for child, parent in keys.execute(_PARENTS):
        if child in columns and parent != child:
            order.add(child, parent)
    return {
        name: KeyTable(name, _owner_column(columns[name]), columns[name])
        for name in order.static_order()
        if name != _VERSION
    }


def _owner_column(columns: Iterable[str]) -> str:
    return next((name for name in _OWNER_COLUMNS if name in columns), "")


def device_lines(keys: KeyConnection, tables: dict[str, KeyTable], jid: str) -> Iterator[str]:
    """Yield the rows of the device ``jid`` as JSON lines; none if it has no keys."""
    for table in tables.values():
        if table.owner:
            query = sql.SQL("SELECT * FROM {} WHERE {} = %s")
            named = query.format(sql.Identifier(table.name), sql.Identifier(table.owner))
            yield from _json_lines(keys, table.name, named, (jid,))


def shared_lines(keys: KeyConnection, tables: dict[str, KeyTable]) -> Iterator[str]:
    """Yield the rows that belong to no device as JSON lines."""
    for table in tables.values():
        if not table.owner:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table.name))
            yield from _json_lines(keys, table.name, query, ())


def _json_lines(
    keys: KeyConnection, table: str, query: sql.Composed, values: tuple[str, ...]
) -> Iterator[str]:
    with keys.cursor() as cursor:
        cursor.execute(query, values)
        names = [column.name for column in cursor.description or ()]
        for row in cursor:
            content = {n: _to_json(v) for n, v in zip(names, row, strict=True)}
            yield json.dumps({"table": table, "row": content}, separators=(",", ":"))


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)  # a UUID: PostgreSQL reads it as it prints it


def key_file_rows(
    keys: KeyConnection, tables: dict[str, KeyTable], file: Path
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a key file like parsed ``device_lines``: files and databases have the same
    tables. Raises BackupRefused when another version of the library wrote the file."""
    with closing(sqlite3.connect(file)) as store:
        query = f"SELECT version FROM {_VERSION}"  # noqa: S608  a constant
        if keys.execute(query).fetchall() != store.execute(query).fetchall():
            raise BackupRefused(
                "The key database and this backup come from different versions of WhatsApp's "
                "library: restore to files first (WHATSAPP_AUTH_STORE=files)."
            )
        for name in tables:
            cursor = store.execute(f"SELECT * FROM {name}")  # noqa: S608  a table of the library
            names = [column[0] for column in cursor.description]
            for row in cursor:
                content = {n: _to_json(v) for n, v in zip(names, row, strict=True)}
                yield {"table": name, "row": content}


def check_tables(tables: dict[str, KeyTable]) -> None:
    """Raise BackupRefused when the library has not created its tables yet."""
    if _DEVICE not in tables:
        raise BackupRefused(
            "The key database has no tables yet: start Pairline once with this "
            "WHATSAPP_AUTH_STORE (manage.py test_qr is enough), then restore the backup."
        )


def write_device(
    keys: KeyConnection, tables: dict[str, KeyTable], jid: str, rows: Iterable[dict[str, Any]]
) -> None:
    """Replace the keys of the device ``jid`` with ``rows``. Raises BackupRefused when they belong
    to another device or do not fit the tables."""
    keys.execute(f"DELETE FROM {_DEVICE} WHERE jid = %s", (jid,))  # noqa: S608  a constant
    written = 0
    for line in rows:
        table, row = tables.get(line["table"]), line["row"]
        if table is None or not row.keys() <= table.columns.keys():
            raise BackupRefused(
                "The keys in this backup do not fit the tables of the key database."
            )
        if table.owner and row[table.owner] != jid:
            raise BackupRefused(
                "The keys of a session in this backup include keys of another number."
            )
        _insert(keys, table, row)
        written += table.name == _DEVICE
    if written != 1:
        raise BackupRefused("A session of this backup has no keys in it.")


def write_shared_rows(
    keys: KeyConnection, tables: dict[str, KeyTable], rows: Iterable[dict[str, Any]]
) -> None:
    """Insert rows that belong to no device, and keep existing ones."""
    for line in rows:
        if line["table"] in tables:
            _insert(keys, tables[line["table"]], line["row"])


def _insert(keys: KeyConnection, table: KeyTable, row: dict[str, Any]) -> None:
    values = [_from_json(value, table.columns[name]) for name, value in row.items()]
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    if not table.owner:
        query += sql.SQL(" ON CONFLICT DO NOTHING")
    keys.execute(query, values)


def _from_json(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["bytes"])
    if kind == "boolean" and value is not None:
        return bool(value)  # SQLite stores 0 and 1
    return value
