"""Parsing and building the URL of a number's own proxy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engine import errors
from sessions_app.engine.errors import StartRefused
from sessions_app.engine.protocol import StartFailure
from sessions_app.engine.proxy_url import NotAProxy, ProxyAddress, parse
from sessions_app.engine.start_request import StartRequest

SECRET = "p@ss:w/rd %41?#"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255)


@given(user=PRINTABLE.filter(lambda text: ":" not in text), password=PRINTABLE | st.just(""))
def test_it_round_trips_any_login_through_a_url(user: str, password: str) -> None:
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
def test_it_shows_a_proxy_without_its_login(url: str, shown: str) -> None:
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
def test_it_rejects_an_invalid_url_at_start(url: str) -> None:
    """The library would connect without a proxy, so no start may use such a URL."""
    with pytest.raises(NotAProxy) as refused:
        parse(url)
    assert "password" not in str(refused.value) or "user" in str(refused.value)
    with pytest.raises(StartRefused) as start:
        errors.check_proxy(url)
    assert start.value.code is StartFailure.PROXY


def test_it_never_prints_the_login() -> None:
    proxy = ProxyAddress("http", "proxy.example.com", 3128, "lisbon-office", SECRET)
    request = StartRequest("run", None, "Pairline", proxy.url, own_proxy=True)

    for printed in (repr(proxy), str(proxy), repr(request), proxy.shown):
        assert "lisbon-office" not in printed
        assert SECRET not in printed and "p%40ss" not in printed


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("failed to dial: Proxy Authentication Required", "rejected"),
        (
            "socks connect tcp 127.0.0.1:1->web.whatsapp.com:443: username/password "
            "authentication failed",
            "rejected",
        ),
        (
            "proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused",
            "Nothing is listening",
        ),
        ("proxyconnect tcp: dial tcp: lookup x: no such host", "cannot be resolved"),
        ("dial tcp 127.0.0.1:1: i/o timeout", "timed out"),
        ("failed to dial whatsapp web websocket: Service Unavailable websocket", "through the"),
        ("unexpected EOF", "through the"),
    ],
)
def test_it_blames_the_proxy_for_a_failed_dial(text: str, detail: str) -> None:
    refused = errors.classify_start(text, proxied=True)

    assert refused.code is StartFailure.PROXY
    assert detail in refused.detail
    assert errors.classify_start(text).code is StartFailure.DIAL


@pytest.mark.parametrize(
    "text", ["x509: certificate has expired", "database or disk is full", "file is not a database"]
)
def test_it_does_not_blame_the_proxy_for_local_faults(text: str) -> None:
    proxied, direct = errors.classify_start(text, proxied=True), errors.classify_start(text)

    assert (proxied.code, proxied.detail) == (direct.code, direct.detail)
