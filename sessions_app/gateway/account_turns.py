"""Let each account do a few things at once. Further ones of the same account wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class AccountTurns:
    """``at_once`` turns for each account, for use on one event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._turns: dict[Hashable, asyncio.Semaphore] = {}
        self._users: dict[Hashable, int] = {}  # those that hold a turn or wait for one

    async def enter(self, account: Hashable) -> None:
        """Wait for a turn of ``account``. Call ``leave`` once for each turn."""
        turns = self._turns.setdefault(account, asyncio.Semaphore(self._at_once))
        self._users[account] = self._users.get(account, 0) + 1
        try:
            await turns.acquire()
        except BaseException:
            self._forget(account)
            raise

    def leave(self, account: Hashable) -> None:
        """Give a turn back."""
        self._turns[account].release()
        self._forget(account)

    @asynccontextmanager
    async def hold(self, account: Hashable) -> AsyncIterator[None]:
        """Hold a turn within the block."""
        await self.enter(account)
        try:
            yield
        finally:
            self.leave(account)

    def _forget(self, account: Hashable) -> None:
        self._users[account] -= 1
        if not self._users[account]:
            del self._users[account], self._turns[account]

    @property
    def accounts(self) -> int:
        """How many accounts have something under way."""
        return len(self._users)
