"""Downloads of files, limited in memory and time.

The bytes come from a file, never from the database: a client that reads slowly holds neither a
database connection nor a transaction, and no more than a chunk or two in memory.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from core.web.download_slots import DownloadSlots

CHUNK_BYTES = 64 * 1024
AT_ONCE = 3  # of a user, in each web process
DRAINED = "pairline.drained"
"""An extension of the ASGI scope: a coroutine function that waits until the client can take
another chunk, and returns False if it is gone."""

_SLOTS = DownloadSlots(AT_ONCE)


class TooManyDownloads(Exception):
    """The user has ``AT_ONCE`` downloads in progress."""

    def __init__(self) -> None:
        super().__init__(
            _("%d of your downloads are still in progress. Wait until one ends, or cancel one.")
            % AT_ONCE
        )


class FileDownload(StreamingHttpResponse):
    """Streams an open file. Closes it and releases its slot at the end, or when the response is
    collected: a request may be cancelled before its response is sent."""

    def __init__(
        self, content: Any, file: IO[bytes], release: Callable[[], None], **kwargs: Any
    ) -> None:
        super().__init__(content, **kwargs)
        self._release = weakref.finalize(self, _end, file, release)

    def close(self) -> None:
        super().close()
        self._release()


def download(request: HttpRequest, path: Path, content_type: str, name: str) -> FileDownload:
    """Stream the file ``path`` as a download called ``name``, on ASGI and WSGI.

    The server ends it if the client does not read (``config/response_flow.py``). Raises
    TooManyDownloads, or OSError if the file cannot be opened.
    """
    file = path.open("rb")
    release = _SLOTS.take(request.user.pk)
    if release is None:
        file.close()
        raise TooManyDownloads
    is_async = isinstance(request, ASGIRequest)
    return FileDownload(
        _chunks_async(file, request) if is_async else _chunks(file),
        file,
        release,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(os.fstat(file.fileno()).st_size),
        },
    )


def _end(file: IO[bytes], release: Callable[[], None]) -> None:
    file.close()
    release()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


async def _chunks_async(file: IO[bytes], request: Any) -> AsyncIterator[bytes]:
    drained: Callable[[], Awaitable[bool]]
    drained = request.scope.get("extensions", {}).get(DRAINED, _always)
    # Django would keep the database connection of this request until the end of the response.
    await sync_to_async(close_old_connections)()
    while await drained() and (chunk := await asyncio.to_thread(file.read, CHUNK_BYTES)):
        yield chunk


async def _always() -> bool:
    return True
