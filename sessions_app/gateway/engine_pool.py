"""The engines of this gateway: one warm linking engine, and as many running engines as needed.
Clients that go through proxies of customers have engines of their own, so that a proxy that stops
answering delays only such clients.

A linking engine is thrown away after some attempts (abandoned codes leak threads for ever);
a running engine is recycled after many starts or above a memory bound, by moving its sessions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.engine_process import EngineProcess, EngineUnavailable, launch_engine
from sessions_app.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

Launch = Callable[[EngineKind, GatewaySettings], Awaitable[EngineProcess]]

_FRESH_SHARE = 0.8  # of its attempts; then the next linking engine is started in advance


class Engines:
    """Starts, reserves, retires and ends engines."""

    def __init__(self, settings: GatewaySettings, launch: Launch = launch_engine) -> None:
        """``launch`` starts an engine; it raises EngineUnavailable with the cause."""
        self._settings, self._launch_engine = settings, launch
        self._engines: list[EngineProcess] = []
        self._locks = {
            (kind, proxied): asyncio.Lock() for kind in EngineKind for proxied in (False, True)
        }
        self.trouble = ""

    async def reserve(self, kind: EngineKind) -> EngineProcess:
        """Return an engine of ``kind`` with room for one more client, and count the start.

        Raises EngineUnavailable with the cause."""
        return await self._reserve(kind, proxied=False)

    async def reserve_proxied(self, kind: EngineKind) -> EngineProcess:
        """Like ``reserve``, for a client that goes through a customer's proxy."""
        return await self._reserve(kind, proxied=True)

    async def _reserve(self, kind: EngineKind, *, proxied: bool) -> EngineProcess:
        async with self._locks[kind, proxied]:
            engine = self._with_room(kind, proxied) or await self._launch(kind, proxied)
            engine.starts += 1
            return engine

    async def keep_warm(self) -> None:
        """Keep one linking engine with room ready, so that no customer waits for an import."""
        async with self._locks[EngineKind.LINKING, False]:
            if not any(self._is_fresh(engine) for engine in self._engines):
                with contextlib.suppress(EngineUnavailable):  # reported in ``trouble``
                    await self._launch(EngineKind.LINKING, proxied=False)

    async def tidy(self) -> None:
        """Retire worn-out engines, and end retired engines without clients."""
        for engine in self._engines:
            engine.retiring = engine.retiring or self._is_worn_out(engine)
        for engine in [e for e in self._engines if e.retiring and e.runs == 0]:
            await engine.shutdown()
        self._forget_the_ended()

    def report(self) -> list[dict[str, Any]]:
        """Describe each engine, for the heartbeat and diagnostics."""
        self._forget_the_ended()
        return [
            {
                "kind": str(engine.kind),
                "proxied": engine.proxied,
                "pid": engine.pid,
                "sessions": engine.runs,
                "starts": engine.starts,
                "rss_mb": round(engine.rss_mb, 1),
            }
            for engine in self._engines
        ]

    @property
    def neonize_version(self) -> str:
        return next((engine.neonize for engine in self._engines if engine.neonize), "")

    def kill_all(self) -> None:
        """End every engine at once: another gateway may hold the leases of their sessions."""
        for engine in self._engines:
            engine.kill()

    async def shutdown(self) -> None:
        """End all engines gracefully and concurrently. Their actors get no further events."""
        for engine in self._engines:
            engine.silence()
        await asyncio.gather(*(engine.shutdown() for engine in self._engines))
        self._forget_the_ended()

    def _with_room(self, kind: EngineKind, proxied: bool) -> EngineProcess | None:
        self._forget_the_ended()
        of_kind = (e for e in self._engines if e.kind is kind and e.proxied is proxied)
        return next((e for e in of_kind if not e.retiring and self._has_room(e)), None)

    def _has_room(self, engine: EngineProcess) -> bool:
        if engine.kind is EngineKind.LINKING:
            return engine.starts < self._settings.linking_engine_attempts
        return engine.runs < self._settings.engine_capacity

    def _is_fresh(self, engine: EngineProcess) -> bool:
        limit = self._settings.linking_engine_attempts * _FRESH_SHARE
        usable = not engine.retiring and not engine.ended.is_set()
        direct = engine.kind is EngineKind.LINKING and not engine.proxied
        return direct and usable and engine.starts <= limit

    def _is_worn_out(self, engine: EngineProcess) -> bool:
        if engine.kind is EngineKind.LINKING:
            return engine.starts >= self._settings.linking_engine_attempts
        # Only stopped clients leak, so clients that still run do not count.
        return (
            engine.starts - engine.runs >= self._settings.engine_max_starts
            or engine.rss_mb > self._settings.engine_max_rss_mb
        )

    async def _launch(self, kind: EngineKind, proxied: bool) -> EngineProcess:
        try:
            engine = await self._launch_engine(kind, self._settings)
        except EngineUnavailable as error:
            self.trouble = str(error)
            logger.error("No engine can be started: %s", error)
            raise
        self.trouble = ""
        engine.proxied = proxied
        facts = {"kind": str(kind), "proxied": proxied, "pid": engine.pid}
        logger.info("Engine started", extra=facts)
        self._engines.append(engine)
        return engine

    def _forget_the_ended(self) -> None:
        self._engines = [engine for engine in self._engines if not engine.ended.is_set()]
