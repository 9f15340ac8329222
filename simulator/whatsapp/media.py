"""The media store behind mmg.whatsapp.net: encrypted files, keyed by the hash of their bytes."""

from __future__ import annotations

import base64
import hashlib

from aiohttp import web

from simulator.whatsapp.event_log import EventLog
from simulator.whatsapp.faults.standing import Faults
from simulator.whatsapp.front.proxy import Tunnels

MAX_BYTES = 512 << 20


class MediaStore:
    """Uploaded files in memory. The oldest are deleted when the store is full."""

    def __init__(self, faults: Faults, log: EventLog, tunnels: Tunnels) -> None:
        self._faults, self._log, self._tunnels = faults, log, tunnels
        self._files: dict[str, bytes] = {}
        self._size = 0

    async def upload(self, request: web.Request) -> web.Response:
        """POST /mms/TYPE/TOKEN: store a file. TOKEN must be the hash of its bytes."""
        fault = self._faults.take("media_upload")
        if fault is not None:
            return web.Response(status=int(fault.params["status"]))
        data = await request.read()
        token = request.match_info["token"]
        if token.rstrip("=") != _token(data):
            return web.json_response({"error": "the token is not the hash of the file"}, status=400)
        self._store(_token(data), data)
        self._log.add("media_upload", bytes=len(data), proxy=self._proxy(request))
        path = f"/v/t62.7118-24/{_token(data)}?ccb=11-4&oh=1&oe=1"
        return web.json_response({"url": f"https://mmg.whatsapp.net{path}", "direct_path": path})

    def _proxy(self, request: web.Request) -> str | None:
        """Return the name of the proxy of a request; None for the front proxy."""
        transport = request.transport
        port = transport.get_extra_info("peername")[1] if transport else 0
        tunnel = self._tunnels.get(port)
        return tunnel.proxy if tunnel else None

    def _store(self, token: str, data: bytes) -> None:
        if token in self._files:
            return
        self._files[token] = data
        self._size += len(data)
        while self._size > MAX_BYTES:
            self._size -= len(self._files.pop(next(iter(self._files))))

    async def download(self, request: web.Request) -> web.Response:
        """GET /v/FOLDER/TOKEN: return a file. An upload returns this path."""
        fault = self._faults.take("media_download")
        if fault is not None:
            return web.Response(status=int(fault.params["status"]))
        data = self._files.get(request.match_info["token"].rstrip("="))
        size = len(data) if data else None
        self._log.add("media_download", bytes=size, proxy=self._proxy(request))
        if data is None:
            return web.Response(status=404)
        return web.Response(body=data, content_type="application/octet-stream")


def _token(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
