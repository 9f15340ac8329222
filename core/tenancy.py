"""The tenant scope: the accounts whose rows the current code may access.

Every query for tenant data starts from a manager that checks the scope
(``locations/models/tenant.py``). Without a scope it raises; with one it returns only the rows of
those accounts, even if the code forgets to filter. This is the second line of defence: the first
is ``locations/access.py``, which checks users, roles and keys.

A scope is opened by:

- a request: ``locations/middleware.py``, the accounts of the caller, at the first query
- a WebSocket: ``sessions_app/pages/live_updates.py``, the accounts of its user, at every update
- the gateway: ``core/data/db_threads.py``, all accounts, in each of its transactions
- a command: ``manage.py``, all accounts; ``serve`` closes it again
- authentication (a key, a link in a mail): ``everyone``, around that one query

Threads started by hand have no scope; those of asgiref and asyncio inherit it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Literal
from uuid import UUID


class Everyone(Enum):
    """The type of ``EVERYONE``: the rows of all accounts."""

    EVERYONE = "everyone"


EVERYONE: Literal[Everyone.EVERYONE] = Everyone.EVERYONE

Scope = frozenset[UUID] | Literal[Everyone.EVERYONE] | None
"""The ids of the accounts whose rows may be accessed. None: no rows at all."""


class OutsideTenant(RuntimeError):
    """Tenant data was queried outside a tenant scope. This is a bug in the calling code."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} rows belong to an account, and no tenant scope is open. "
            "Open one first: tenancy.of_accounts(…), or tenancy.everyone() for the system."
        )


def _no_scope() -> Scope:
    return None


_decide: ContextVar[Callable[[], Scope]] = ContextVar("tenancy", default=_no_scope)


def current() -> Scope:
    """Return the current scope."""
    return _decide.get()()


@contextmanager
def decided_by(decide: Callable[[], Scope]) -> Iterator[None]:
    """Call ``decide`` for the scope at each query, because the caller may not be known yet."""
    token = _decide.set(decide)
    try:
        yield
    finally:
        _decide.reset(token)


@contextmanager
def of_accounts(account_ids: Iterable[UUID]) -> Iterator[None]:
    """Limit queries to the rows of these accounts."""
    accounts = frozenset(account_ids)
    with decided_by(lambda: accounts):
        yield


@contextmanager
def everyone() -> Iterator[None]:
    """Allow the rows of all accounts. For the system itself, never on behalf of a user or key."""
    with decided_by(lambda: EVERYONE):
        yield


@contextmanager
def no_one() -> Iterator[None]:
    """Make queries for tenant data raise OutsideTenant."""
    with decided_by(_no_scope):
        yield
