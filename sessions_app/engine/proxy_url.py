"""Parse and build the URL of a number's own proxy. Pure.

An invalid proxy never counts as no proxy: callers must refuse to dial instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote, unquote, urlsplit

SCHEMES = ("http", "https", "socks5")
LONGEST_LOGIN = 255  # bytes; SOCKS5 has one byte for the length
_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")


class NotAProxy(ValueError):
    """The text is not a proxy URL. The message does not quote it, as it may hold a password."""


@dataclass(frozen=True)
class ProxyAddress:
    """The address of a proxy and the login to use. The ``repr`` does not show the login."""

    scheme: str
    host: str  # a name, or an IP address without brackets
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES or not 0 < self.port < 65536 or not is_host(self.host):
            raise NotAProxy("This is not the address of a proxy.")
        login = self.user + self.password
        if not (login.isascii() and login.isprintable()) or ":" in self.user:
            raise NotAProxy(
                "The user and password may contain only unaccented letters, digits and symbols, "
                "and the user no colon."
            )
        if any(len(text) > LONGEST_LOGIN for text in (self.user, self.password)):
            raise NotAProxy("The user or the password is too long.")
        if self.password and not self.user:
            raise NotAProxy("A password needs a user.")

    @property
    def shown(self) -> str:
        """``scheme://host:port``, without the login, for pages and logs."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def has_login(self) -> bool:
        return bool(self.user)

    @property
    def url(self) -> str:
        """The full URL with the login (a secret), in the form that the library expects."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"{self.scheme}://{login if self.user else ''}{_bracketed(self.host)}:{self.port}"

    def at(self, ip: str) -> ProxyAddress:
        """Return this proxy with its host name replaced by the IP address ``ip``."""
        return ProxyAddress(self.scheme, ip, self.port, self.user, self.password)


def parse(url: str) -> ProxyAddress:
    """Parse ``url``. Raises NotAProxy."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAProxy("This is not the address of a proxy.") from None
    if parts.path not in ("", "/") or parts.query or parts.fragment or not port:
        raise NotAProxy("This is not the address of a proxy.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return ProxyAddress(parts.scheme, parts.hostname or "", port, user, password)


def is_host(text: str) -> bool:
    """Return whether ``text`` is a valid host: an ASCII name, or an IP address without a zone."""
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return bool(_NAME.fullmatch(text.lower())) and not re.fullmatch(r"[\d.]+", text)


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if isinstance(ip_address(host), IPv6Address) else host
    except ValueError:
        return host
