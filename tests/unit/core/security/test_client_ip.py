"""The client's IP address behind reverse proxies."""

from __future__ import annotations

import pytest

from core.security.client_ip import client_ip, network_of


def test_it_believes_no_header_without_proxies() -> None:
    assert client_ip("198.51.100.7", "203.0.113.9", 0) == "198.51.100.7"


@pytest.mark.parametrize(
    ("forwarded", "proxies"),
    [
        ("203.0.113.9", 1),
        ("6.6.6.6, 203.0.113.9", 1),  # the first was typed by the caller
        ("6.6.6.6, 203.0.113.9, 10.0.0.2", 2),
        ("203.0.113.9", 2),  # one proxy was passed by: the farthest that was seen
    ],
)
def test_it_takes_what_the_outermost_proxy_saw(forwarded: str, proxies: int) -> None:
    assert client_ip("10.0.0.1", forwarded, proxies) == "203.0.113.9"


def test_it_takes_who_connected_where_the_proxy_says_nothing() -> None:
    assert client_ip("10.0.0.1", "", 1) == "10.0.0.1"


@pytest.mark.parametrize("nonsense", ["", "unix:", "1.2.3", "<script>", "‮1.2.3.4"])
def test_it_takes_nonsense_for_no_address(nonsense: str) -> None:
    assert client_ip(nonsense, "", 0) is None


def test_it_drops_the_zone_of_link_local_addresses() -> None:
    assert client_ip("fe80::1%eth0", "", 0) == "fe80::1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::9", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        (None, ""),
    ],
)
def test_it_counts_a_network_as_one_client(address: str | None, network: str) -> None:
    assert network_of(address) == network
