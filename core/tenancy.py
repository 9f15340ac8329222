"""Whose rows may be touched right now: nobody's, those of some accounts, or everyone's.

Every query for tenant data starts from a manager that asks here (``models/tenant.py``). Outside
a tenant it raises; inside one it sees that tenant's rows and no others, whatever it forgets to
filter. This is the second lock: ``access.py`` is the door, and people, roles and keys are judged
there.

Where a scope is opened:

- a request: ``middleware.py``, with the accounts of whoever asks, once somebody asks for rows
- a socket: ``sessions_app/pages/live_updates.py``, with the accounts of its reader, at every look
- the gateway: ``sessions_app/store/session_store.py``, everyone's, in each of its transactions
- a command: ``manage.py``, everyone's; ``serve`` gives it back
- a way in before anybody is known (a key, a link in a mail): ``everyone`` around that one look-up

Threads that are started by hand start as nobody; asgiref's and asyncio's take the scope along.
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
"""The ids of the accounts whose rows may be touched; None: nobody's."""


class OutsideTenant(RuntimeError):
    """Tenant data was asked for where nobody is known whose it could be: a fault of ours."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} rows belong to an account, and nobody has said whose may be touched here. "
            "Open a scope first: tenancy.of_accounts(…), or tenancy.everyone() for the system."
        )


def _nobody() -> Scope:
    return None


_decide: ContextVar[Callable[[], Scope]] = ContextVar("tenancy", default=_nobody)


def current() -> Scope:
    """Whose rows may be touched now."""
    return _decide.get()()


@contextmanager
def decided_by(decide: Callable[[], Scope]) -> Iterator[None]:
    """Within it, ``decide`` is asked at each query: for who asks may be known later, or never."""
    token = _decide.set(decide)
    try:
        yield
    finally:
        _decide.reset(token)


@contextmanager
def of_accounts(account_ids: Iterable[UUID]) -> Iterator[None]:
    """Within it, only the rows of these accounts exist."""
    accounts = frozenset(account_ids)
    with decided_by(lambda: accounts):
        yield


@contextmanager
def everyone() -> Iterator[None]:
    """Within it, the rows of all accounts exist. For the system itself, never for what a
    person or a key asked."""
    with decided_by(lambda: EVERYONE):
        yield


@contextmanager
def nobody() -> Iterator[None]:
    """Within it, a query for tenant data raises OutsideTenant."""
    with decided_by(_nobody):
        yield
