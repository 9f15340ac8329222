"""The start queue: bounds how many starts are under way at once.

It only limits the load; each engine serializes its own starts. A start that does not answer keeps
its place for at most ``HOLD_SECONDS``, so a stuck one does not block the others. Starts through
proxies of customers have places of their own, a few for each account: such a proxy may stop
answering at any moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from sessions_app.gateway.account_turns import AccountTurns

HOLD_SECONDS = 5.0
PROXIED_STARTS_AN_ACCOUNT = 4
RESTART_SECONDS = 2.0  # between two starts of a session
SPREAD_SECONDS = 0.005  # for each session of a mass restore
MAX_SPREAD_SECONDS = 10.0


class StartQueue:
    """Call ``enter`` or ``enter_proxied`` before a start, and the function it returns once the
    start has answered."""

    def __init__(
        self,
        parallel: int,
        hold_seconds: float = HOLD_SECONDS,
        restart_seconds: float = RESTART_SECONDS,
    ) -> None:
        self._places = asyncio.Semaphore(parallel)
        self._proxied_places = asyncio.Semaphore(parallel)
        self._turns = AccountTurns(PROXIED_STARTS_AN_ACCOUNT)
        self._hold_seconds, self._restart_seconds = hold_seconds, restart_seconds
        self._started: dict[UUID, float] = {}  # in order of time

    async def pace(self, session: UUID) -> None:
        """Wait until ``restart_seconds`` after the previous start of ``session``."""
        clock = asyncio.get_running_loop().time
        if (last := self._started.get(session)) is not None:
            await asyncio.sleep(last + self._restart_seconds - clock())
        self._started.pop(session, None)
        self._started[session] = clock()
        for other, at in list(self._started.items()):
            if at + self._restart_seconds > clock():
                break
            del self._started[other]

    async def enter(self) -> Callable[[], None]:
        """Wait for a place. Returns a function that gives it back; calling it twice is harmless."""
        await self._places.acquire()
        return self._leave_once(self._places.release)

    async def enter_proxied(self, account: UUID) -> Callable[[], None]:
        """Wait for a place of ``account`` for a start through a customer's proxy. See ``enter``."""
        await self._turns.enter(account)
        try:
            await self._proxied_places.acquire()
        except BaseException:
            self._turns.leave(account)
            raise

        def release() -> None:
            self._proxied_places.release()
            self._turns.leave(account)

        return self._leave_once(release)

    def _leave_once(self, release: Callable[[], None]) -> Callable[[], None]:
        given_back = False

        def leave() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                timer.cancel()
                release()

        timer = asyncio.get_running_loop().call_later(self._hold_seconds, leave)
        return leave


def spread(index: int, total: int, random: Callable[[], float]) -> float:
    """Return the seconds that restore number ``index`` of ``total`` waits: none for a few, a
    jittered ramp for many."""
    if total <= 10:
        return 0.0
    ramp = min(SPREAD_SECONDS * total, MAX_SPREAD_SECONDS)
    return ramp * (index + random()) / total
