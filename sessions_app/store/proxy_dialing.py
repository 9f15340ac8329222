"""Resolves the proxy of a number and checks that it may be dialled.

The operator's network dials it, so customers may only name proxies on the public internet,
except on test machines. The result is an IP address, so that the name cannot resolve to another
address a moment later.
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
    """Return ``proxy`` with an IP address. Raises ProxyUnusable if its name cannot be resolved or
    its address is not public."""
    ips = await _addresses(proxy)
    if not (settings.DEBUG or settings.WHATSAPP_SIMULATOR) and not all(map(is_public, ips)):
        raise ProxyUnusable(gettext("The proxy's address is not public."))
    return proxy.at(ips[0])


async def url_to_dial(url: str) -> str:
    """Return the proxy ``url`` with an IP address, for the library. A proxy with TLS keeps its
    name, which its certificate is for. Raises ProxyUnusable."""
    try:
        proxy = parse(url)
    except NotAProxy as error:
        raise ProxyUnusable(str(error)) from None
    found = await located(proxy)
    return proxy.url if proxy.scheme == "https" else found.url


async def _addresses(proxy: ProxyAddress) -> list[str]:
    """The addresses of its name, IPv4 first."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a timeout is an OSError
        raise ProxyUnusable(gettext("The name of the proxy cannot be resolved.")) from None
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return [str(info[4][0]) for info in found]
