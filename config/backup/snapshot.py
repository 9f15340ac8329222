"""One look at the whole database, while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """Within it, every query sees the database as it was at the first one; nobody waits for us.

    PostgreSQL needs to be asked for that. On SQLite (written ahead) every read transaction is
    one, but Django would begin ours as a writer, for whom all others wait: so it is begun by
    hand, and nothing may be written within. Raises TransactionManagementError in a transaction
    of somebody else, which has seen something already."""
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("A snapshot begins a transaction of its own.")
    if connection.vendor == "sqlite":
        yield from _on_sqlite()
    else:
        yield from _on_postgresql()


def _on_sqlite() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")  # it begins with the first look
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _on_postgresql() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
