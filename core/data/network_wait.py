"""No database connection is held while a thread waits for the network.

A pool has a dozen connections. A server that accepts a connection and never answers would hold
one of them for as long as we wait, and a few such servers all of them.
"""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


class WaitInTransaction(RuntimeError):
    """A network wait was about to begin in a transaction. This is a bug in the calling code: its
    locks would be held until a foreign server answers."""


def before_network_wait() -> None:
    """Return this thread's database connections to the pool.

    Call it in a synchronous function before it waits for a proxy, a name server, a mail server, a
    webhook or WhatsApp. The next query takes a connection again. Raises WaitInTransaction."""
    for connection in connections.all(initialized_only=True):
        if _in_transaction(connection):
            raise WaitInTransaction("A network wait must not begin in a transaction.")
        if not connection.in_atomic_block:  # the transaction that Django runs a test in stays open
            connection.close()


def _in_transaction(connection: BaseDatabaseWrapper) -> bool:
    """Return whether our code has begun a transaction; Django marks those of its test cases."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
