"""Which addresses a customer may make us dial."""

from __future__ import annotations

import pytest

from core.security.public_addresses import is_public


@pytest.mark.parametrize(
    "ip",
    ["8.8.8.8", "157.240.1.60", "2a03:2880:f21c:80c1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"],
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
        "localhost",
        "127.1",
        "",
    ],
)
def test_it_dials_nothing_of_its_own_network(ip: str) -> None:
    assert not is_public(ip)
