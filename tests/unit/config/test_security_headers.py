"""The security headers."""

from __future__ import annotations

from csp.constants import NONCE

from config.security_headers import YEAR_SECONDS, content_security_policy, transport_security


def test_it_allows_no_inline_and_no_external_content() -> None:
    directives = content_security_policy("https://app.example")["DIRECTIVES"]

    named = {source for sources in directives.values() for source in sources}
    assert named <= {"'self'", "'none'", NONCE, "data:", "wss://app.example"}
    assert directives["default-src"] == directives["frame-ancestors"] == ["'none'"]
    assert "data:" not in directives["script-src"]


def test_it_lists_sockets_by_the_scheme_of_its_url() -> None:
    policy = content_security_policy("http://localhost:8000")["DIRECTIVES"]

    assert "ws://localhost:8000" in policy["connect-src"]


def test_it_requires_https_for_an_https_url() -> None:
    strict = transport_security("https://app.example", debug=False)

    assert strict["SECURE_HSTS_SECONDS"] == YEAR_SECONDS
    assert all(strict.values())


def test_it_sends_no_hsts_in_debug_mode() -> None:
    for address, debug in (("http://localhost:8000", False), ("https://localhost", True)):
        loose = transport_security(address, debug=debug)
        assert not loose["SECURE_HSTS_SECONDS"] and not loose["SECURE_SSL_REDIRECT"]
    assert transport_security("https://localhost", debug=True)["SESSION_COOKIE_SECURE"]
