"""The TLS server behind the proxies: the chat websocket and the media store."""

from __future__ import annotations

import asyncio
import ssl

from aiohttp import web

from simulator.whatsapp.connection import Connection
from simulator.whatsapp.front.proxy import Tunnels
from simulator.whatsapp.media import MediaStore
from simulator.whatsapp.network import Network

MAX_MESSAGE = 32 << 20
MAX_MEDIA = 256 << 20


class Listener:
    """Serve ``/ws/chat`` and media for every host name."""

    def __init__(self, network: Network, tunnels: Tunnels) -> None:
        """Take the open ``tunnels`` by the local port of their connection to this listener."""
        self._network = network
        self._tunnels = tunnels
        self._runner: web.AppRunner | None = None

    async def start(self, context: ssl.SSLContext) -> int:
        """Listen with TLS on a free loopback port and return it."""
        app = web.Application(client_max_size=MAX_MEDIA)
        media = MediaStore(self._network.faults, self._network.log, self._tunnels)
        app.router.add_get("/ws/chat", self._chat)
        app.router.add_post("/mms/{kind}/{token}", media.upload)
        app.router.add_get("/v/{folder}/{token}", media.download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context, backlog=512).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        ws = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE, timeout=1.0)
        await ws.prepare(request)
        if not isinstance(transport, asyncio.Transport):
            return ws  # the client has already disconnected
        port = transport.get_extra_info("peername")[1]
        connection = Connection(self._network, ws, transport, self._tunnels.get(port))
        self._network.connections.add(connection)
        await connection.serve()
        return ws
