"""The status line of a response decides, whatever becomes of its body."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from notifications.models import Delivery
from tests.factory import make_account, make_delivery, make_webhook
from tests.integration.notifications.webhooks.working import run, sending, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("private_allowed"),
]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = b"Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\ngarbage"
CUT_SHORT = b"Content-Length: 100\r\n\r\nten bytes."
BROKEN_CHUNK = CHUNKED + b"not a number\r\nxyz"


@asynccontextmanager
async def answering(answer: bytes, *, ends: bool = True) -> AsyncIterator[str]:
    """Run a server that sends ``answer`` in one piece, and then ends or stays silent."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if not ends:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        over.set()
        server.close()


async def _first_attempt_at(url: str) -> Delivery:
    """Return a delivery to ``url`` after its first attempt."""
    webhook = await run(lambda: make_webhook(make_account(), url))
    delivery = await run(lambda: make_delivery(webhook))

    def attempted() -> bool:
        delivery.refresh_from_db()
        return delivery.duration_ms is not None

    async with sending():
        await until(attempted, "the first attempt")
    return delivery


@pytest.mark.parametrize(
    "body",
    [GZIP, CUT_SHORT, BROKEN_CHUNK, CHUNKED + b"5\r\nhello-no-line-end"],
    ids=["gzip", "cut short", "chunk size", "chunk end"],
)
async def test_it_accepts_a_broken_body(body: bytes) -> None:
    async with answering(OK + body) as url:
        delivery = await _first_attempt_at(url)

    assert (delivery.state, delivery.status_code) == ("delivered", 200)
    assert (delivery.attempts, delivery.error) == (1, "")


@pytest.mark.parametrize("headers", [CHUNKED, b"Content-Length: 5\r\n\r\n", b"\r\n"])
async def test_it_accepts_a_body_that_never_comes(headers: bytes) -> None:
    began = time.monotonic()
    async with answering(OK + headers, ends=False) as url:
        delivery = await _first_attempt_at(url)

    assert (delivery.state, delivery.status_code) == ("delivered", 200)
    assert time.monotonic() - began < 8
    assert delivery.duration_ms is not None
    assert delivery.duration_ms < 2000


async def test_it_stops_reading_an_endless_body() -> None:
    began = time.monotonic()
    async with answering(OK + b"\r\n" + b"x" * 1_000_000, ends=False) as url:
        delivery = await _first_attempt_at(url)

    assert delivery.state == "delivered"
    assert time.monotonic() - began < 2


async def test_it_accepts_interim_headers_before_a_broken_body() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with answering(interim + OK + BROKEN_CHUNK) as url:
        delivery = await _first_attempt_at(url)

    assert (delivery.state, delivery.status_code) == ("delivered", 200)


async def test_it_retries_an_error_with_a_broken_body() -> None:
    async with answering(b"HTTP/1.1 503 Busy\r\n" + BROKEN_CHUNK) as url:
        delivery = await _first_attempt_at(url)

    assert (delivery.state, delivery.status_code) == ("waiting", 503)
    assert delivery.error == "It answered with 503 instead of 2xx."


async def test_it_retries_what_is_not_http() -> None:
    async with answering(b"220 mail.example.com ESMTP\r\n\r\n") as url:
        delivery = await _first_attempt_at(url)

    assert (delivery.state, delivery.status_code) == ("waiting", None)
