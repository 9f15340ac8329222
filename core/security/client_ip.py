"""The IP address of the client, behind a known number of trusted proxies. Pure.

Each proxy appends the address that it saw to ``X-Forwarded-For``. Entries further left come from
the client itself and cannot be trusted.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

_IPV6_SITE_BITS = 64  # what a provider gives to one customer at least


def client_ip(connected: str, forwarded: str, proxies: int) -> str | None:
    """Return the client's IP address, or None if there is none, as on a Unix socket.

    ``connected``: the address of the connection. ``forwarded``: the header X-Forwarded-For.
    ``proxies``: the number of trusted proxies."""
    seen = [part.strip() for part in forwarded.split(",") if part.strip()]
    hops = [*seen, connected]
    chosen = hops[-1 - proxies] if proxies < len(hops) else hops[0] if proxies else connected
    try:
        return str(ip_address(chosen.partition("%")[0]))
    except ValueError:
        return None


def network_of(address: str | None) -> str:
    """Return the network that counts as one client: an IPv4 address, or the /64 of an IPv6 address;
    "" if there is no address. Raises ValueError for any other text."""
    if not address:
        return ""
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_SITE_BITS), strict=False))
