"""WhatsApp's keys in PostgreSQL: rows of the library's own tables, by the device they belong to."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from config.backup.errors import BackupError, Refused
from sessions_app.key_tables import CONNECT_SECONDS

Connection = psycopg.Connection[tuple[Any, ...]]

_OWNER_COLUMNS = ("our_jid", "jid")  # of a table's rows, the device; whatsmeow_device has its own
_DEVICE = "whatsmeow_device"
_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name LIKE 'whatsmeow_%'
    ORDER BY table_name, ordinal_position
"""


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


def tables(keys: Connection) -> dict[str, str]:
    """The library's tables with rows of single devices, and the column that names the device;
    the table of devices first."""
    columns: dict[str, list[str]] = {}
    for table, column in keys.execute(_COLUMNS):
        columns.setdefault(table, []).append(column)
    owned = {
        table: next(name for name in _OWNER_COLUMNS if name in names)
        for table, names in columns.items()
        if set(names) & set(_OWNER_COLUMNS)
    }
    return dict(sorted(owned.items(), key=lambda pair: (pair[0] != _DEVICE, pair[0])))


def lines_of(keys: Connection, known: dict[str, str], jid: str) -> Iterator[str]:
    """The rows of the device ``jid`` in the tables ``known``, the device itself first; none when
    it has no keys there."""
    for table, column in known.items():
        query = sql.SQL("SELECT * FROM {} WHERE {} = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        with keys.cursor() as cursor:
            cursor.execute(query, (jid,))
            names = [column.name for column in cursor.description or ()]
            for row in cursor:
                values = {n: _plain(v) for n, v in zip(names, row, strict=True)}
                yield json.dumps({"table": table, "row": values}, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)  # a UUID: PostgreSQL reads it as it prints it


def put(keys: Connection, known: dict[str, str], jid: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write the keys of the device ``jid``; what was there of it goes. Raises Refused when the
    library has not made its tables here yet, or they are other ones."""
    if _DEVICE not in known:
        raise Refused(
            "The key database has no tables yet: start the product once with this "
            "WHATSAPP_AUTH_STORE (manage.py test_qr is enough), and restore then."
        )
    keys.execute(f"DELETE FROM {_DEVICE} WHERE jid = %s", (jid,))  # noqa: S608  a name of ours
    for line in rows:
        table, row = line["table"], line["row"]
        if table not in known or row.get(known[table]) != jid:
            raise Refused("The keys in this backup do not fit the tables of the key database.")
        _insert(keys, table, row)


def _insert(keys: Connection, table: str, row: dict[str, Any]) -> None:
    values = [
        base64.b64decode(value["bytes"]) if isinstance(value, dict) else value
        for value in row.values()
    ]
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    keys.execute(query, values)
