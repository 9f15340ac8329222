"""Where a number's proxy really is: its address at this moment, and whether we may dial it.

It is the operator's network that dials: a customer names only proxies of the public internet,
unless this is a test machine. Who gets an address from here dials that address and no name, so
that a name cannot lead elsewhere a moment later.
"""

from __future__ import annotations

import asyncio
import socket

from django.conf import settings
from django.utils.translation import gettext

from core.security.public_addresses import is_public
from sessions_app.engine.proxy_url import NotAProxy, ProxyAddress, parse
from sessions_app.gateway.ports import ProxyUnusable

RESOLVE_SECONDS = 5.0


async def located(proxy: ProxyAddress) -> ProxyAddress:
    """``proxy`` at an IP address. Raises ProxyUnusable when its name cannot be resolved, or it
    is not for customers to name."""
    ips = await _addresses(proxy)
    if not (settings.DEBUG or settings.WHATSAPP_SIMULATOR) and not all(map(is_public, ips)):
        raise ProxyUnusable(gettext("The proxy's address is not public."))
    return proxy.at(ips[0])


async def url_to_dial(url: str) -> str:
    """The proxy ``url`` for the library, at an IP address; one with TLS keeps its name, which
    its certificate is for. Raises ProxyUnusable."""
    try:
        proxy = parse(url)
    except NotAProxy as error:
        raise ProxyUnusable(str(error)) from None
    found = await located(proxy)
    return proxy.url if proxy.scheme == "https" else found.url


async def _addresses(proxy: ProxyAddress) -> list[str]:
    """The addresses that its name leads to, IPv4 first."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a timeout is an OSError
        raise ProxyUnusable(gettext("The name of the proxy cannot be resolved.")) from None
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return [str(info[4][0]) for info in found]
