"""The media store behind mmg.whatsapp.net: encrypted files by the hash of what is in them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from simulator.whatsapp.network import Network
    from simulator.whatsapp.proxy import Passages

KEPT_BYTES = 512 << 20


class MediaStore:
    """Holds what clients upload. The oldest files go when the store is full."""

    def __init__(self, network: Network, passages: Passages) -> None:
        self._network, self._passages = network, passages
        self._files: dict[str, bytes] = {}
        self._size = 0

    async def upload(self, request: web.Request) -> web.Response:
        """POST /mms/TYPE/TOKEN: keep a file whose token is the hash of its bytes."""
        fault = self._network.faults.take("media_upload")
        if fault is not None:
            return web.Response(status=int(fault.params["status"]))
        data = await request.read()
        token = request.match_info["token"]
        if token.rstrip("=") != _token(data):
            return web.json_response({"error": "the token is not the hash of the file"}, status=400)
        self._keep(_token(data), data)
        self._network.log.add("media_upload", bytes=len(data), proxy=self._proxy(request))
        path = f"/v/t62.7118-24/{_token(data)}?ccb=11-4&oh=1&oe=1"
        return web.json_response({"url": f"https://mmg.whatsapp.net{path}", "direct_path": path})

    def _proxy(self, request: web.Request) -> str | None:
        """The name of the proxy that the request came through; None for the front door."""
        transport = request.transport
        port = transport.get_extra_info("peername")[1] if transport else 0
        passage = self._passages.get(port)
        return passage.proxy if passage else None

    def _keep(self, token: str, data: bytes) -> None:
        if token in self._files:
            return
        self._files[token] = data
        self._size += len(data)
        while self._size > KEPT_BYTES:
            self._size -= len(self._files.pop(next(iter(self._files))))

    async def download(self, request: web.Request) -> web.Response:
        """GET of the path that an upload was answered with."""
        fault = self._network.faults.take("media_download")
        if fault is not None:
            return web.Response(status=int(fault.params["status"]))
        data = self._files.get(request.match_info["token"].rstrip("="))
        found = len(data) if data else None
        self._network.log.add("media_download", bytes=found, proxy=self._proxy(request))
        if data is None:
            return web.Response(status=404)
        return web.Response(body=data, content_type="application/octet-stream")


def _token(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
