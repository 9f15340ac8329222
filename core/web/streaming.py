"""Streamed file downloads, on ASGI and WSGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase


def download(
    request: HttpRequest, pieces: Iterator[Any], content_type: str, name: str
) -> HttpResponseBase:
    """Stream ``pieces`` as a file download called ``name``, on ASGI and WSGI."""
    content = _iterate_async(pieces) if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _iterate_async(pieces: Iterator[Any]) -> AsyncIterator[Any]:
    while (piece := await sync_to_async(_next)(pieces)) is not None:
        yield piece


def _next(pieces: Iterator[Any]) -> Any:
    """Return None at the end: StopIteration cannot pass through a coroutine."""
    return next(pieces, None)
