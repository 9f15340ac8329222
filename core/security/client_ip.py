"""The address a request came from, behind as many proxies as the operator vouches for. Pure.

Each proxy appends the address that it saw to ``X-Forwarded-For``; what stands further left was
typed by whoever asks, and proves nothing.
"""

from __future__ import annotations

from ipaddress import ip_address


def client_ip(connected: str, forwarded: str, proxies: int) -> str | None:
    """The caller's IP address: ``connected`` (who opened the connection) without ``proxies``, else
    the one that the outermost of them saw. ``forwarded`` is the header X-Forwarded-For. None when
    there is no such address, as on a local socket."""
    seen = [part.strip() for part in forwarded.split(",") if part.strip()]
    hops = [*seen, connected]
    chosen = hops[-1 - proxies] if proxies < len(hops) else hops[0] if proxies else connected
    try:
        return str(ip_address(chosen.partition("%")[0]))
    except ValueError:
        return None
