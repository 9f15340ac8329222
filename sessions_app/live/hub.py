"""What the live sockets of a process share: one check of access for all of them, twice a second.

Hints of the channel layer make pages update sooner, but they can be lost, and none is sent when a
sign-in expires or a row is changed by hand. So the rows decide: the hub reads the access of all
open sockets with a few queries, and closes those whose viewers have lost it. It also reads the
versions of the sessions that are shown, so pages update within a second without any hint.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping
from functools import partial
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary, WeakValueDictionary

from core import tenancy
from core.data.db_threads import Run
from sessions_app.live.read_threads import read_access, read_page
from sessions_app.live.shared_reads import SharedReads
from sessions_app.live.socket_limits import (
    SOCKETS_A_VIEWER,
    SOCKETS_AN_ADDRESS,
    SocketLimits,
)
from sessions_app.models import Session

logger = logging.getLogger(__name__)
CHECK_SECONDS = 0.5
PAGES_AT_ONCE = 2  # of one account, of ``read_threads.PAGE_THREADS``

Check = Callable[[Collection[Any]], Mapping[Any, Any]]
"""Takes viewers and returns the access of each, without those who have none."""


class LiveSocket(Protocol):
    """An open socket, for the hub."""

    check: Check
    viewer: Hashable

    @property
    def shown_session(self) -> UUID | None:
        """The session that the page shows; None if it shows none, or many."""

    def access_checked(self, access: Any | None) -> None:
        """Take note of the access of the viewer now, None without."""

    def update(self) -> None:
        """Read the page again."""


class Hub:
    """The live sockets of one event loop."""

    def __init__(self, read_page: Run = read_page, read_access: Run = read_access) -> None:
        self._read_page, self._read_access = read_page, read_access
        self._sockets: set[LiveSocket] = set()
        self._watch: asyncio.Task[None] | None = None
        self._versions: Mapping[UUID, int] = {}
        self._asking: dict[Check, set[Hashable]] = defaultdict(set)
        self._checks: SharedReads[Mapping[Hashable, Any]] = SharedReads()
        self._pages: SharedReads[Any] = SharedReads()
        self._turns: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()
        self.of_viewers = SocketLimits(SOCKETS_A_VIEWER)
        self.of_addresses = SocketLimits(SOCKETS_AN_ADDRESS)

    def add(self, socket: LiveSocket) -> None:
        """Watch the access of ``socket`` from now on."""
        self._sockets.add(socket)
        if self._watch is None:
            self._watch = asyncio.create_task(self._watch_sockets(), name="live access")

    def discard(self, socket: LiveSocket) -> None:
        self._sockets.discard(socket)

    async def access_of(self, check: Check, viewer: Hashable) -> Any | None:
        """Return the access of ``viewer`` by ``check``, which begins after this call and serves
        all viewers who ask at that time."""
        self._asking[check].add(viewer)
        return (await self._checks.get(check, lambda: self._check_asking(check))).get(viewer)

    async def page(self, key: Hashable, account: Hashable, render: Callable[[], Any]) -> Any:
        """Return what ``render`` returns: the page ``key``, which looks the same to all callers
        with that key. One rendering serves all that wait for it. Those of one account leave
        threads to the others."""
        turns = self._turns.get(account) or asyncio.Semaphore(PAGES_AT_ONCE)
        self._turns[account] = turns

        async def read() -> Any:
            async with turns:
                return await self._read_page(render)

        return await self._pages.get(key, read)

    async def _check_asking(self, check: Check) -> Mapping[Hashable, Any]:
        viewers = self._asking.pop(check, set())
        return await self._read_access(lambda: check(viewers))

    async def _watch_sockets(self) -> None:
        try:
            while self._sockets:
                await asyncio.sleep(CHECK_SECONDS)
                await self._check_sockets()
        finally:
            self._watch = None

    async def _check_sockets(self) -> None:
        try:
            for check, sockets in self._by_check().items():
                viewers = {viewer for _, viewer in sockets}
                found = await self._read_access(partial(check, viewers))
                for socket, viewer in sockets:
                    socket.access_checked(found.get(viewer))
            await self._check_versions()
        except Exception:  # tried again at once; without the database, pages are not sent either
            logger.warning("The access of open pages could not be checked", exc_info=True)

    def _by_check(self) -> Mapping[Check, list[tuple[LiveSocket, Hashable]]]:
        found: dict[Check, list[tuple[LiveSocket, Hashable]]] = defaultdict(list)
        for socket in self._sockets:
            found[type(socket).check].append((socket, socket.viewer))
        return found

    async def _check_versions(self) -> None:
        shown = {pk for socket in self._sockets if (pk := socket.shown_session)}
        before = self._versions
        self._versions = await self._read_access(lambda: _versions_of(shown)) if shown else {}
        changed = {pk for pk, version in self._versions.items() if before.get(pk) != version}
        for socket in self._sockets:
            if socket.shown_session in changed:
                socket.update()


def _versions_of(session_ids: Collection[UUID]) -> Mapping[UUID, int]:
    with tenancy.everyone():  # versions only; each page checks the access of its viewer
        rows = Session.objects.filter(pk__in=session_ids)
        return dict(rows.values_list("pk", "version"))


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """Return the hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
