"""Check that WhatsApp can be reached through a proxy, as an engine would reach it."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from django.conf import settings
from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio.v2 import Proxy

from core.security.tls import context_off_the_loop
from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.store.proxy_dialing import USELESS, located
from sessions_app.store.tls_relay import TlsRelays
from sessions_app.store.whatsapp_route import Route, route_to_whatsapp

CHECK_SECONDS = 10.0
_TYPES = {"http": ProxyType.HTTP, "socks5": ProxyType.SOCKS5}


async def reach_whatsapp(proxy: ProxyAddress, account: UUID) -> None:
    """Resolve the name of ``proxy`` on behalf of ``account``, and connect to WhatsApp through it.
    Raises ProxyUnusable with a sentence for users, the same for all failures of the network."""
    ip = await located(proxy, account)
    if proxy.scheme != "https":
        await connect_through(proxy.at(ip))
        return
    relays, trial = TlsRelays(), uuid4()
    try:
        await connect_through(await relays.through(trial, proxy, ip))
    finally:
        relays.close([trial])


async def connect_through(proxy: ProxyAddress) -> None:
    """Connect to WhatsApp with TLS through ``proxy`` (http or socks5), within ``CHECK_SECONDS``.
    Raises ProxyUnusable."""
    route = route_to_whatsapp(settings.WHATSAPP_SIMULATOR)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await _connect(proxy, route)
    except (ProxyError, OSError, EOFError):  # of the proxy, or of TLS; a timeout is an OSError
        raise ProxyUnusable(str(USELESS)) from None


async def _connect(proxy: ProxyAddress, route: Route) -> None:
    way = Proxy(
        _TYPES[proxy.scheme],
        proxy.host,
        proxy.port,
        proxy.user or None,
        proxy.password or None,
        rdns=True,  # the proxy resolves WhatsApp's name, as it does for the library
    )
    trust = await context_off_the_loop(route.ca_file)
    stream = await way.connect(route.host, route.port, dest_ssl=trust, timeout=CHECK_SECONDS)
    await stream.close()  # type: ignore[no-untyped-call]
