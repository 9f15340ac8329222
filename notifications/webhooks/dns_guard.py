"""Resolve the hosts of webhooks, and refuse addresses that are not public (SSRF guard).

A host is resolved once per request, and the checked addresses are the ones connected to, so DNS
rebinding has no effect. A second check when the socket is created covers IP addresses in URLs,
which are not resolved.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.background.resolver import NAMES, NamesBusy
from core.data.network_wait import before_network_wait
from core.security.public_addresses import is_public
from notifications.webhooks.url_rules import NOT_PUBLIC, BadAddress, parsed

FORM_SECONDS = 3.0

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → IP addresses. Raises OSError if the name is unknown."""

on_behalf_of: ContextVar[UUID | None] = ContextVar("on_behalf_of", default=None)
"""The account whose delivery is being sent: each has a few look-ups at once."""


class AddressRefused(OSError):
    """Webhooks must not connect to this address. Nothing was sent."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "not a public address")


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of ``host``. Raises OSError."""
    return await NAMES.resolve(host, on_behalf_of.get())


class GuardedResolver(AbstractResolver):
    """A resolver for aiohttp that refuses a name unless all of its addresses are public."""

    def __init__(self, *, allow_private: bool, look_up: LookUp = look_up) -> None:
        self._allow_private, self._look_up = allow_private, look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``. Raises AddressRefused, or OSError if it is unknown."""
        addresses = await self._look_up(host, port)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise AddressRefused
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    return {
        "hostname": host,
        "host": address,
        "port": port,
        "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
        "proto": socket.IPPROTO_TCP,
        "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    }


def guarded_socket(address: tuple[Any, ...]) -> socket.socket:
    """Return a socket for ``address``, an item of ``getaddrinfo``. Raises AddressRefused."""
    family, kind, protocol, _name, where = address
    if not is_public(str(where[0])):
        raise AddressRefused
    return socket.socket(family=family, type=kind, proto=protocol)


def plain_allowed() -> bool:
    """Return whether URLs without TLS are allowed."""
    return bool(settings.DEBUG or settings.WEBHOOKS_ALLOW_PRIVATE)


def checked_url(url: str, account: UUID | None) -> str:
    """Return ``url`` if webhooks of ``account`` may be sent there; raises BadAddress otherwise.

    For forms: a name that is not resolved in time passes, since it is checked again at each
    delivery.
    """
    allow_private = bool(settings.WEBHOOKS_ALLOW_PRIVATE)
    target = parsed(url, allow_private=allow_private, allow_plain=plain_allowed())
    before_network_wait()
    try:
        addresses = NAMES.resolve_now(target.host, account, FORM_SECONDS)
    except (TimeoutError, NamesBusy):
        return url
    except (OSError, UnicodeError):
        raise BadAddress(_("This host name is unknown. Check it for typing errors.")) from None
    if not allow_private and not all(is_public(address) for address in addresses):
        raise BadAddress(NOT_PUBLIC)
    return url
