"""Which addresses a customer may make us dial."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from core.security.public_addresses import is_public

NAT64 = IPv6Network("64:ff9b::/96")


@pytest.mark.parametrize(
    "ip",
    [
        "8.8.8.8",
        "157.240.1.60",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "168.63.129.17",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2a03:2880:f21c:80c1::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2620:4f:8001::1",
        "3ffe:ffff::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_it_dials_public_addresses(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.7",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "64:ff9b:1::7f00:1",
        "100::1",
        "4000::1",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "192.88.99.1",
        "192.0.0.1",
        "192.0.0.9",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "198.51.100.1",
        "203.0.113.1",
        "2001:1ff::1",
        "2001:20::1",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "2a03:2880:f21c:80c1::1%eth0",
        "64:ff9b::c000:1",
        "::ffff:192.31.196.1",
        "localhost",
        "127.1",
        "",
    ],
)
def test_it_dials_nothing_of_its_own_network(ip: str) -> None:
    assert not is_public(ip)


@given(integers(0, 2**32 - 1).map(IPv4Address))
def test_it_is_stricter_than_the_standard_library(address: IPv4Address) -> None:
    assert not is_public(address) or (address.is_global and not address.is_multicast)


@given(integers(0, 2**128 - 1).map(IPv6Address))
def test_it_refuses_what_the_library_calls_private(address: IPv6Address) -> None:
    assert not is_public(address) or address in NAT64 or address.ipv4_mapped or address.is_global
