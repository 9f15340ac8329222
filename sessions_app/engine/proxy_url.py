"""A number's own proxy as a URL: the only code that reads and writes one. Pure.

A proxy that cannot be read is never taken for none: whoever finds one refuses to dial.
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
    """A text is not the URL of a proxy. It quotes nothing: the text may hold a password."""


@dataclass(frozen=True)
class ProxyAddress:
    """Where a proxy listens, and who we are there. Its ``repr`` shows no login."""

    scheme: str
    host: str  # a name, or an address without brackets
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES or not 0 < self.port < 65536 or not is_host(self.host):
            raise NotAProxy("This is not the address of a proxy.")
        login = self.user + self.password
        if not (login.isascii() and login.isprintable()) or ":" in self.user:
            raise NotAProxy(
                "The user and the password may hold unaccented letters, digits and signs only, "
                "the user no colon."
            )
        if any(len(text) > LONGEST_LOGIN for text in (self.user, self.password)):
            raise NotAProxy("The user or the password is too long.")
        if self.password and not self.user:
            raise NotAProxy("A password needs a user.")

    @property
    def shown(self) -> str:
        """For people and logs: ``scheme://host:port``."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def has_login(self) -> bool:
        return bool(self.user)

    @property
    def url(self) -> str:
        """The whole secret, as the library takes it."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"{self.scheme}://{login if self.user else ''}{_bracketed(self.host)}:{self.port}"

    def at(self, ip: str) -> ProxyAddress:
        """The same at an IP address that its name led to."""
        return ProxyAddress(self.scheme, ip, self.port, self.user, self.password)


def parse(url: str) -> ProxyAddress:
    """The proxy of ``url``. Raises NotAProxy."""
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
    """Whether ``text`` can be a host: a name in ASCII, or an IP address without a zone."""
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return bool(_NAME.fullmatch(text.lower())) and not re.fullmatch(r"[\d.]+", text)


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if isinstance(ip_address(host), IPv6Address) else host
    except ValueError:
        return host
