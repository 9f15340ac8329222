"""The rules for URLs of webhooks. Pure: nothing is resolved here.

Customers choose the URLs that our servers connect to. Without these rules they could reach what
only our servers can reach: local ports, the private network, the metadata service of the cloud.
``core.security.public_addresses`` decides which IP addresses are public.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.security.public_addresses import is_public

MAX_URL_CHARACTERS = 500

# Ports of mail servers and remote logins, which could misread a request as commands.
_NOT_FOR_HTTP = frozenset({22, 23, 25, 110, 143, 465, 587, 993, 995})


class BadAddress(ValueError):
    """Webhooks cannot be sent to this URL. ``str()`` is a sentence with the reason."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


NOT_PUBLIC = _("This address is in a private network. Use one that is reachable from outside.")

NOT_AN_ADDRESS = _("This is not a valid address. Check it for typing errors.")


@dataclass(frozen=True)
class Target:
    """The host (a name, or an IP address without brackets) and port of a URL."""

    host: str
    port: int


def parsed(url: str, *, allow_private: bool, allow_plain: bool) -> Target:
    """Return the target of ``url``. Raises BadAddress if it is not allowed.

    An IP address is checked here, a name when it is resolved. ``allow_plain`` allows URLs without
    TLS.
    """
    if len(url) > MAX_URL_CHARACTERS or any(c.isspace() or not c.isprintable() for c in url):
        raise BadAddress(_("Use an address of at most 500 characters without spaces."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadAddress(NOT_AN_ADDRESS) from None
    _check_form(parts.scheme, host, has_login="@" in parts.netloc, allow_plain=allow_plain)
    target = Target(host, port or (443 if parts.scheme == "https" else 80))
    if target.port in _NOT_FOR_HTTP or port == 0:
        raise BadAddress(_("Webhooks cannot go to this port. Use 443, or one above 1023."))
    if not allow_private and _is_ip(host) and not is_public(host):
        raise BadAddress(NOT_PUBLIC)
    return target


def _check_form(scheme: str, host: str, *, has_login: bool, allow_plain: bool) -> None:
    if scheme not in ("http", "https") or not host:
        raise BadAddress(_("Enter the full address, such as https://example.com/webhooks."))
    if scheme == "http" and not allow_plain:
        raise BadAddress(_("Use https://: messages must not be sent unencrypted."))
    if has_login:
        raise BadAddress(_("Remove the user name and password: the signature proves the sender."))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
