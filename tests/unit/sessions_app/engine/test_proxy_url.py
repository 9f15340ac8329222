"""A number's own proxy: read and written in one place, refused when it is not understood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engine import errors
from sessions_app.engine.errors import StartRefused
from sessions_app.engine.protocol import StartFailure
from sessions_app.engine.proxy_url import NotAProxy, ProxyAddress, parse
from sessions_app.engine.start_request import Order

SECRET = "p@ss:w/rd %41?#"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255)


@given(user=PRINTABLE.filter(lambda text: ":" not in text), password=PRINTABLE | st.just(""))
def test_any_login_survives_the_way_into_a_url_and_back(user: str, password: str) -> None:
    proxy = ProxyAddress("socks5", "proxy.example.com", 1080, user, password)

    assert parse(proxy.url) == proxy


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy.example.com:3128", "http://proxy.example.com:3128"),
        ("https://a-b.example:443/", "https://a-b.example:443"),
        ("socks5://u:p@192.0.2.7:1080", "socks5://192.0.2.7:1080"),
        ("socks5://u:p@[2001:db8::7]:1080", "socks5://[2001:db8::7]:1080"),
    ],
)
def test_what_is_shown_has_no_login(url: str, shown: str) -> None:
    assert parse(url).shown == shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "unreadable",
        "proxy.example.com:3128",
        "http://proxy.example.com",
        "http://:3128",
        "http://proxy.example.com:0",
        "http://proxy.example.com:65536",
        "http://proxy.example.com:port",
        "socks4://proxy.example.com:1080",
        "socks5h://proxy.example.com:1080",
        "ftp://proxy.example.com:21",
        "http://proxy.example.com:3128/path",
        "http://proxy.example.com:3128?x",
        "http://a b:3128",
        "http://-a.example:3128",
        "http://a..b:3128",
        "http://127.1:3128",
        "http://2130706433:3128",
        "http://[fe80::1%25eth0]:3128",
        "http://[::1:3128",
        "http://:password@proxy.example.com:3128",
        "http://us%0Aer:p@proxy.example.com:3128",
        "http://%C3%B6:p@proxy.example.com:3128",
        f"http://{'u' * 256}:p@proxy.example.com:3128",
    ],
)
def test_what_is_not_understood_is_refused_and_a_start_with_it_too(url: str) -> None:
    """The library would go without a proxy: then nothing may start."""
    with pytest.raises(NotAProxy) as refused:
        parse(url)
    assert "password" not in str(refused.value) or "user" in str(refused.value)
    with pytest.raises(StartRefused) as start:
        errors.check_proxy(url)
    assert start.value.code is StartFailure.PROXY


def test_nothing_that_is_printed_has_the_login() -> None:
    proxy = ProxyAddress("http", "proxy.example.com", 3128, "lisbon-office", SECRET)
    order = Order("run", None, "Pairline", proxy.url, own_proxy=True)

    for printed in (repr(proxy), str(proxy), repr(order), proxy.shown):
        assert "lisbon-office" not in printed
        assert SECRET not in printed and "p%40ss" not in printed


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("failed to dial: Proxy Authentication Required", "does not accept"),
        (
            "socks connect tcp 127.0.0.1:1->web.whatsapp.com:443: username/password "
            "authentication failed",
            "does not accept",
        ),
        ("proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused", "Nothing listens"),
        ("proxyconnect tcp: dial tcp: lookup x: no such host", "cannot be resolved"),
        ("dial tcp 127.0.0.1:1: i/o timeout", "no answer"),
        ("failed to dial whatsapp web websocket: Service Unavailable websocket", "through the"),
        ("unexpected EOF", "through the"),
    ],
)
def test_a_dial_that_fails_is_the_proxys_where_there_is_one(text: str, detail: str) -> None:
    refused = errors.of_start(text, proxied=True)

    assert refused.code is StartFailure.PROXY
    assert detail in refused.detail
    assert errors.of_start(text).code is StartFailure.DIAL


@pytest.mark.parametrize(
    "text", ["x509: certificate has expired", "database or disk is full", "file is not a database"]
)
def test_what_is_wrong_here_is_not_the_proxys_fault(text: str) -> None:
    assert errors.of_start(text, proxied=True) == _Same(errors.of_start(text))


class _Same:
    """Equal to a refusal with the same code and sentence."""

    def __init__(self, refused: StartRefused) -> None:
        self.said: Any = (refused.code, refused.detail)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StartRefused) and (other.code, other.detail) == self.said
