"""WhatsApp's keys in PostgreSQL: rows of the library's own tables, by the device they belong to."""

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

from operations.backup.errors import BackupError, Refused
from sessions_app.cleanup.key_database import CONNECT_SECONDS

Connection = psycopg.Connection[tuple[Any, ...]]

_OWNER_COLUMNS = ("our_jid", "jid")  # of a table's rows, the device
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
class Table:
    """A table of the library: the column that names the device ("" where rows are everybody's,
    such as which address belongs to which number), and its columns with their types."""

    name: str
    owner: str
    columns: dict[str, str]


@contextmanager
def opened(url: str, *, to_read: bool) -> Iterator[Connection]:
    """The key database at ``url``; what is written in it is kept when the block ends well.
    With ``to_read`` all queries see it as it was at the first one. Raises BackupError."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as keys:
            if to_read:
                keys.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                keys.read_only = True
            yield keys
    except psycopg.Error as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise BackupError(f"The key database cannot be used: {said}") from None


def tables(keys: Connection) -> dict[str, Table]:
    """The library's tables, each after those that its rows lean on; its note of their version
    apart. Empty when it has not made them yet."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in keys.execute(_COLUMNS):
        columns.setdefault(table, {})[column] = kind
    order: TopologicalSorter[str] = TopologicalSorter({table: [] for table in sorted(columns)})
    for child, parent in keys.execute(_PARENTS):
        if child in columns and parent != child:
            order.add(child, parent)
    return {
        name: Table(name, _owner(columns[name]), columns[name])
        for name in order.static_order()
        if name != _VERSION
    }


def _owner(columns: Iterable[str]) -> str:
    return next((name for name in _OWNER_COLUMNS if name in columns), "")


def lines_of(keys: Connection, known: dict[str, Table], jid: str) -> Iterator[str]:
    """The rows of the device ``jid``; none when it has no keys there."""
    for table in known.values():
        if table.owner:
            query = sql.SQL("SELECT * FROM {} WHERE {} = %s")
            named = query.format(sql.Identifier(table.name), sql.Identifier(table.owner))
            yield from _lines(keys, table.name, named, (jid,))


def shared_lines(keys: Connection, known: dict[str, Table]) -> Iterator[str]:
    """The rows that belong to no device."""
    for table in known.values():
        if not table.owner:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table.name))
            yield from _lines(keys, table.name, query, ())


def _lines(
    keys: Connection, table: str, query: sql.Composed, values: tuple[str, ...]
) -> Iterator[str]:
    with keys.cursor() as cursor:
        cursor.execute(query, values)
        names = [column.name for column in cursor.description or ()]
        for row in cursor:
            told = {n: _plain(v) for n, v in zip(names, row, strict=True)}
            yield json.dumps({"table": table, "row": told}, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)  # a UUID: PostgreSQL reads it as it prints it


def rows_of_file(keys: Connection, known: dict[str, Table], file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a key file, in the form of ``lines_of``: the tables are the same in both.
    Raises Refused when they are those of another version of the library."""
    with closing(sqlite3.connect(file)) as store:
        query = f"SELECT version FROM {_VERSION}"  # noqa: S608  a name of ours
        if keys.execute(query).fetchall() != store.execute(query).fetchall():
            raise Refused(
                "The key database has the tables of another version of WhatsApp's library than "
                "this backup: restore into files first (WHATSAPP_AUTH_STORE=files)."
            )
        for name in known:
            cursor = store.execute(f"SELECT * FROM {name}")  # noqa: S608  a table of the library
            names = [column[0] for column in cursor.description]
            for row in cursor:
                told = {n: _plain(v) for n, v in zip(names, row, strict=True)}
                yield {"table": name, "row": told}


def check_tables(known: dict[str, Table]) -> None:
    """Raises Refused when the library has not made its tables yet."""
    if _DEVICE not in known:
        raise Refused(
            "The key database has no tables yet: start the product once with this "
            "WHATSAPP_AUTH_STORE (manage.py test_qr is enough), and restore then."
        )


def put(
    keys: Connection, known: dict[str, Table], jid: str, rows: Iterable[dict[str, Any]]
) -> None:
    """Write the keys of the device ``jid``; what was there of it goes. Raises Refused when they
    are another device's, or do not fit the tables."""
    keys.execute(f"DELETE FROM {_DEVICE} WHERE jid = %s", (jid,))  # noqa: S608  a name of ours
    written = 0
    for line in rows:
        table, row = known.get(line["table"]), line["row"]
        if table is None or not row.keys() <= table.columns.keys():
            raise Refused("The keys in this backup do not fit the tables of the key database.")
        if table.owner and row[table.owner] != jid:
            raise Refused("Keys of another number stand among those of a session.")
        _insert(keys, table, row)
        written += table.name == _DEVICE
    if written != 1:
        raise Refused("A session of this backup has no keys in it.")


def put_shared(keys: Connection, known: dict[str, Table], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows that belong to no device; those that are there stay."""
    for line in rows:
        if line["table"] in known:
            _insert(keys, known[line["table"]], line["row"])


def _insert(keys: Connection, table: Table, row: dict[str, Any]) -> None:
    values = [_value(value, table.columns[name]) for name, value in row.items()]
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    if not table.owner:
        query += sql.SQL(" ON CONFLICT DO NOTHING")
    keys.execute(query, values)


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["bytes"])
    return bool(value) if kind == "boolean" and value is not None else value  # SQLite's are 0 and 1
