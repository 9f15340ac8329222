"""Resolves the proxy of a number and checks that it may be dialled.

The operator's network dials it, so customers may only name proxies on the public internet,
except on test machines. The result is an IP address, so that the name cannot resolve to another
address a moment later.
"""

from __future__ import annotations

from ipaddress import ip_address
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.background.resolver import NAMES
from core.security.public_addresses import is_public
from sessions_app.engine.proxy_url import NotAProxy, ProxyAddress, parse
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.store.tls_relay import TlsRelays

# One sentence for all failures: different ones would let a customer scan ports and names from the
# operator's network.
USELESS = _("This proxy does not lead to WhatsApp.")


async def located(proxy: ProxyAddress, account: UUID) -> str:
    """Return an IP address of ``proxy``, IPv4 if it has one, on behalf of ``account``. Raises
    ProxyUnusable if its name cannot be resolved or its address is not public."""
    private_allowed = settings.DEBUG or settings.WHATSAPP_SIMULATOR
    if not private_allowed and _is_ip(proxy.host) and not is_public(proxy.host):
        raise ProxyUnusable(gettext("The proxy's address is not public."))
    try:
        ips = await NAMES.resolve(proxy.host, account)
    except (OSError, UnicodeError):  # a timeout is an OSError
        raise ProxyUnusable(str(USELESS)) from None
    if not private_allowed and not all(map(is_public, ips)):
        raise ProxyUnusable(str(USELESS))
    return min(ips, key=lambda ip: ":" in ip)


async def url_to_dial(url: str, session: UUID, account: UUID, relays: TlsRelays) -> str:
    """Return the proxy ``url`` of ``session`` in ``account`` with an IP address, for the library;
    or the address of a relay that dials it, for an HTTPS proxy. Raises ProxyUnusable."""
    try:
        proxy = parse(url)
    except NotAProxy as error:
        raise ProxyUnusable(str(error)) from None
    ip = await located(proxy, account)
    if proxy.scheme == "https":
        return (await relays.through(session, proxy, ip)).url
    return proxy.at(ip).url


def _is_ip(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
