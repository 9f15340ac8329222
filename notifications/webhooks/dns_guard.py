"""Looking names up for webhooks, and the guard at the moment of dialling.

A name is looked up once for each request and what comes out is what is dialled, so a name that
changes its answer in between (DNS rebinding) gains nothing. The guard stands a second time where
the socket is made: that way holds for IP addresses, too, for which nothing is looked up.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.security.public_addresses import is_public
from notifications.webhooks.url_rules import NOT_PUBLIC, BadAddress, parsed

FORM_SECONDS = 3.0

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → IP addresses. Raises OSError when the name is unknown."""

# The system's resolver blocks its thread, for half a minute when a name server is silent: many
# threads, made when needed, so that silent ones of some customers hold up no other. Forms have
# a few of their own.
_for_sending = ThreadPoolExecutor(128, thread_name_prefix="webhook-names")
_for_forms = ThreadPoolExecutor(8, thread_name_prefix="webhook-form-names")


class Refused(OSError):
    """An address that webhooks must not go to; nothing was sent there."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "not a public address")


async def look_up(host: str, port: int) -> Sequence[str]:
    """The IP addresses of ``host``, by the system. Raises OSError."""
    return await asyncio.get_running_loop().run_in_executor(_for_sending, _ask_system, host, port)


def _ask_system(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class GuardedResolver(AbstractResolver):
    """aiohttp's resolver: all addresses of a name must be public, or none is dialled."""

    def __init__(self, *, allow_private: bool, look_up: LookUp = look_up) -> None:
        self._allow_private, self._look_up = allow_private, look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """What may be dialled for ``host``. Raises Refused, or OSError when it is unknown."""
        addresses = await self._look_up(host, port)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise Refused
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Holds nothing."""


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
    """A socket for ``address``, as ``getaddrinfo`` writes one. Raises Refused."""
    family, kind, protocol, _name, where = address
    if not is_public(str(where[0])):
        raise Refused
    return socket.socket(family=family, type=kind, proto=protocol)


def plain_allowed() -> bool:
    """Whether addresses without TLS are taken."""
    return bool(settings.DEBUG or settings.WEBHOOKS_ALLOW_PRIVATE)


def checked_url(url: str) -> str:
    """``url`` as typed, when webhooks may go there now; raises BadAddress with a sentence.

    For forms: a name that is not answered for in time is let through, since what counts is
    what is found when something is sent."""
    allow_private = bool(settings.WEBHOOKS_ALLOW_PRIVATE)
    target = parsed(url, allow_private=allow_private, allow_plain=plain_allowed())
    try:
        addresses = _for_forms.submit(_ask_system, target.host, target.port).result(FORM_SECONDS)
    except TooSlow:
        return url
    except (OSError, UnicodeError):
        raise BadAddress(_("This name is not known. Check it for typing errors.")) from None
    if not allow_private and not all(is_public(address) for address in addresses):
        raise BadAddress(NOT_PUBLIC)
    return url
