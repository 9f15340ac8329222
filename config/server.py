"""The web server: Daphne with a graceful shutdown, and the background workers on its event loop.

Daphne does not support ASGI lifespan events, and its own shutdown sends no close frames and can
crash the interpreter (measured with 4.2.3 on Python 3.11: a KeyError for new connections, then a
segmentation fault). So this module first closes sockets with 1012 (service restart), after which
browsers reconnect, and then cancels the applications.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable, Mapping
from typing import Any

from daphne.server import Server  # before anything else imports twisted's reactor
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from config.composition import Background
from config.request_limits import LimitedRequest, limit_requests
from core.web.streaming import DRAINED

logger = logging.getLogger(__name__)

CLOSE_SERVICE_RESTART = 1012  # RFC 6455 registry; htmx reconnects at it
CLOSE_FRAMES_SECONDS = 0.3
BACKGROUND_STOP_SECONDS = 8.0


class PairlineServer(Server):  # type: ignore[misc]  # Daphne is untyped
    """Daphne's server, which closes its sockets before it cancels their applications, and offers
    downloads the extension ``DRAINED``."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if isinstance(protocol, LimitedRequest):
            scope.setdefault("extensions", {})[DRAINED] = protocol.flow.drained
        return super().create_application(protocol, scope)

    def close_sockets(self) -> None:
        """Send a close frame with 1012 to every open WebSocket."""
        for protocol in list(self.connections):
            send = getattr(protocol, "sendCloseFrame", None)
            if send is not None:
                with contextlib.suppress(Exception):  # it may be closing already
                    send(code=CLOSE_SERVICE_RESTART)

    def cancel_applications(self) -> None:
        """Cancel all running applications. Connections without one are skipped."""
        for details in list(self.connections.values()):
            application = details.get("application_instance")
            if application is not None and not application.done():
                application.cancel()

    def kill_all_applications(self) -> None:
        """Ignore Daphne's shutdown trigger: ``SiteProcess`` shuts down in the right order."""


class SiteProcess:
    """The server and its background workers, by name, in one process."""

    def __init__(
        self,
        application: Any,
        host: str,
        port: int,
        background: Mapping[str, Background],
        on_ready: Callable[[], None],
    ) -> None:
        self._background = background
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._server = PairlineServer(
            application=application,
            endpoints=[f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"],
            ready_callable=on_ready,
            signal_handlers=True,
            server_name="Pairline",
        )

    def run(self) -> bool:
        """Serve until SIGTERM or Ctrl+C, then shut down. Return False if the port was in use."""
        # Exclude everything loaded so far from garbage collection, which otherwise takes about a
        # tenth of the CPU time under load (measured).
        gc.freeze()
        reactor.callWhenRunning(limit_requests, self._server)
        reactor.callWhenRunning(self._start_background)
        reactor.addSystemEventTrigger("before", "shutdown", self._begin_shutdown)  # type: ignore[arg-type]  # its stub is wrong
        self._server.run()
        return bool(self._server.listening_addresses)

    def _start_background(self) -> None:
        loop = asyncio.get_event_loop()
        self._tasks = [loop.create_task(self._run(n, b)) for n, b in self._background.items()]

    async def _run(self, name: str, background: Background) -> None:
        try:
            await background.run(self._stop)
        except Exception:
            logger.exception("The %s stopped with an error; the site runs on without it", name)

    def _begin_shutdown(self) -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(self._shut_down()))

    async def _shut_down(self) -> None:
        self._stop.set()
        self._server.close_sockets()
        await asyncio.sleep(CLOSE_FRAMES_SECONDS)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=BACKGROUND_STOP_SECONDS)
            for task in late:
                task.cancel()
        self._server.cancel_applications()
