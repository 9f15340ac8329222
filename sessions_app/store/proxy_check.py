"""Check that WhatsApp can be reached through a proxy, as an engine would reach it."""

from __future__ import annotations

import asyncio
import errno
import re
import ssl

from django.conf import settings
from django.utils.translation import gettext
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio.v2 import Proxy

from core.security.tls import context_off_the_loop
from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.store.proxy_dialing import located
from sessions_app.store.whatsapp_route import Route, route_to_whatsapp

CHECK_SECONDS = 10.0
_TYPES = {"http": ProxyType.HTTP, "https": ProxyType.HTTP, "socks5": ProxyType.SOCKS5}
_LOGIN = re.compile(r"\b407\b|authentication", re.IGNORECASE)


async def reach_whatsapp(proxy: ProxyAddress) -> None:
    """Resolve the name of ``proxy`` and connect to WhatsApp through it. Raises ProxyUnusable with
    a sentence for users."""
    found = await located(proxy)
    await connect_through(proxy if proxy.scheme == "https" else found)


async def connect_through(proxy: ProxyAddress) -> None:
    """Connect to WhatsApp with TLS through ``proxy``, within ``CHECK_SECONDS``. Raises
    ProxyUnusable."""
    route = route_to_whatsapp(settings.WHATSAPP_SIMULATOR)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await _connect(proxy, route)
    except (ProxyTimeoutError, TimeoutError):
        text = gettext("The proxy did not answer within %(seconds)d seconds.")
        raise ProxyUnusable(text % {"seconds": CHECK_SECONDS}) from None
    except ProxyConnectionError as error:
        raise ProxyUnusable(_of_dial(error)) from None
    except ProxyError as error:
        raise ProxyUnusable(_of_answer(error)) from None
    except ssl.SSLCertVerificationError:
        text = gettext("The server that the proxy leads to cannot prove that it is WhatsApp.")
        raise ProxyUnusable(text) from None
    except (OSError, EOFError):
        raise ProxyUnusable(gettext("The proxy does not lead to WhatsApp.")) from None


async def _connect(proxy: ProxyAddress, route: Route) -> None:
    way = Proxy(
        _TYPES[proxy.scheme],
        proxy.host,
        proxy.port,
        proxy.user or None,
        proxy.password or None,
        rdns=True,  # the proxy resolves WhatsApp's name, as it does for the library
        proxy_ssl=await context_off_the_loop() if proxy.scheme == "https" else None,
    )
    trust = await context_off_the_loop(route.ca_file)
    stream = await way.connect(route.host, route.port, dest_ssl=trust, timeout=CHECK_SECONDS)
    await stream.close()  # type: ignore[no-untyped-call]


def _of_dial(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return gettext("No proxy listens at this address: the connection was refused.")
    return gettext("The proxy cannot be reached.")


def _of_answer(error: ProxyError) -> str:
    if error.error_code == 407 or _LOGIN.search(str(error)):
        return gettext("The proxy does not accept this user and password.")
    return gettext("The proxy answers, but does not lead to WhatsApp.")
