"""The SSRF guard: which IP addresses we connect to on behalf of a customer. Only public ones.

Check the address that is connected to, not the host name: a name may resolve to another address
a moment later.

The ranges are written out, from the IANA registries of special-purpose addresses (RFC 6890) and
the multicast and reserved ranges: ``is_global`` of Python differs between versions.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by the customers of a provider; metadata services of clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host, which serves a machine's credentials
        "169.254.0.0/16",  # link-local; metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112: answered by the nearest server, perhaps one of the network
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_MAPPED = IPv6Network("::ffff:0:0/96")
_UNICAST_V6 = IPv6Network("2000::/3")  # all allocated addresses
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, such as Teredo, benchmarks, AMT, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, whose packets go to an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(ip: str | IPv4Address | IPv6Address) -> bool:
    """Return whether ``ip`` is on the public internet. Also checks IPv4 addresses embedded in
    IPv6 ones. False if ``ip`` is not an address, or has a zone."""
    try:
        address = ip_address(ip) if isinstance(ip, str) else ip
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address in _MAPPED or address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _UNICAST_V6 and not any(address in block for block in _REFUSED_V6)
