"""The SSRF guard: which IP addresses we connect to on behalf of a customer. Only public ones.

Check the address that is connected to, not the host name: a name may resolve to another address
a moment later.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_PUBLIC_V6 = IPv6Network("2000::/3")  # all allocated addresses
# Public according to the registry, but not on the internet: Azure's host address (it serves a
# machine's credentials) and 6to4 relays.
_REFUSED = (IPv4Network("168.63.129.16/32"), IPv4Network("192.88.99.0/24"))


def is_public(ip: str | IPv4Address | IPv6Address) -> bool:
    """Return whether ``ip`` is on the public internet. Also checks IPv4 addresses embedded in
    IPv6 ones. False if ``ip`` is not an address."""
    try:
        address = ip_address(ip) if isinstance(ip, str) else ip
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if any(not is_public(inner) for inner in _embedded(address)):
            return False
        if address.ipv4_mapped is not None or address in _NAT64:
            return True
        return address in _PUBLIC_V6 and address.is_global
    if any(address in block for block in _REFUSED):
        return False
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that a packet to ``address`` may reach."""
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    if int(address) >> 32 == 0 and int(address) > 1:  # the old "IPv4-compatible" form
        found.append(IPv4Address(int(address)))
    return [inner for inner in found if inner is not None]
