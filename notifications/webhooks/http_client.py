"""The HTTP client of webhooks: an attempt is one POST, judged by its status."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

import aiohttp
from django.conf import settings
from django.utils.translation import gettext as _

from notifications.webhooks.dns_guard import (
    AddressRefused,
    GuardedResolver,
    LookUp,
    guarded_socket,
    look_up,
    on_behalf_of,
    plain_allowed,
)
from notifications.webhooks.queue import ClaimedDelivery, DeliveryResult
from notifications.webhooks.signature import HEADER, signature
from notifications.webhooks.status_first import StatusFirst
from notifications.webhooks.url_rules import NOT_AN_ADDRESS, NOT_PUBLIC, BadAddress, parsed

TIMEOUT_SECONDS = 10.0
BODY_SECONDS = 2.0
MAX_BODY_BYTES = 16 * 1024
USER_AGENT = "Pairline-Webhooks/1"
_AT_ONCE = 256


def headers_of(kind: str, delivery: object, signed: str) -> Mapping[str, str]:
    """Return the headers of an attempt; ``signed`` is empty for unsigned formats."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Pairline-Event": kind,
        "Pairline-Delivery": str(delivery),
    }
    return {**headers, HEADER: signed} if signed else headers


class Poster:
    """Sends deliveries. Open it (``async with``) on the event loop that uses it."""

    def __init__(self, *, look_up: LookUp = look_up) -> None:
        self._allow_private = bool(settings.WEBHOOKS_ALLOW_PRIVATE)
        self._look_up = look_up

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=_AT_ONCE,
            use_dns_cache=False,
            force_close=True,  # so that each request connects to a checked address
            resolver=GuardedResolver(allow_private=self._allow_private, look_up=self._look_up),
            socket_factory=None if self._allow_private else guarded_socket,
        )
        # The library has no public way to replace its protocol.
        connector._factory = partial(StatusFirst, loop=asyncio.get_running_loop())  # type: ignore[assignment]
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # ``post`` has its own limits
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def post(self, outgoing: ClaimedDelivery) -> DeliveryResult:
        """Make the attempt and return the result; a failure is a result, too."""
        began = time.monotonic()
        try:
            on_behalf_of.set(outgoing.account)
            parsed(outgoing.url, allow_private=self._allow_private, allow_plain=plain_allowed())
            async with asyncio.timeout(TIMEOUT_SECONDS):  # includes name resolution
                answer = await self._send(outgoing)
        except Exception as failure:  # the library can raise many types
            return DeliveryResult(None, _sentence(failure), _ms_since(began))
        result = DeliveryResult(answer.status, _judged(answer.status), _ms_since(began))
        await _discard_body(answer)
        return result

    async def _send(self, outgoing: ClaimedDelivery) -> aiohttp.ClientResponse:
        """Return the response as soon as its status and headers are here."""
        secret, now = outgoing.secret, int(time.time())
        signed = signature(secret, now, outgoing.body) if secret else ""
        return await self._session.post(
            outgoing.url,
            data=outgoing.body,
            headers=headers_of(outgoing.kind, outgoing.delivery, signed),
            allow_redirects=False,
        )


async def _discard_body(answer: aiohttp.ClientResponse) -> None:
    """Read the beginning of the body, so that the server can finish, and close the connection.

    The status has decided already: a body that is broken or does not end changes nothing.
    """
    unread = MAX_BODY_BYTES
    try:
        with suppress(Exception):  # the library can raise many types
            async with asyncio.timeout(BODY_SECONDS):
                while unread > 0 and (part := await answer.content.read(unread)):
                    unread -= len(part)
    finally:
        answer.close()


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _judged(status: int) -> str:
    """Return "" if the status means success, else the sentence for the log."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return _("It answered with a redirect (%d). Enter the final address.") % status
    return _("It answered with %d instead of 2xx.") % status


def _sentence(failure: Exception) -> str:
    """Describe the failure in our own words: those of a library may contain internal addresses."""
    if isinstance(failure, BadAddress):
        return str(failure)
    if isinstance(failure, aiohttp.InvalidURL):  # such as 127.1: neither a name nor an IP address
        return str(NOT_AN_ADDRESS)
    if isinstance(failure, AddressRefused) or isinstance(
        getattr(failure, "os_error", None), AddressRefused
    ):
        return str(NOT_PUBLIC)
    if isinstance(failure, TimeoutError):
        return _("It did not answer within %d seconds.") % TIMEOUT_SECONDS
    if isinstance(failure, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return _("Its host name cannot be resolved.")
    if isinstance(failure, aiohttp.ClientSSLError | ssl.SSLError):
        return _("Its certificate is not valid, or it does not speak TLS.")
    if isinstance(failure, aiohttp.ClientConnectorError):
        return _("The connection was refused or could not be established.")
    return _("The connection ended before the response arrived.")
