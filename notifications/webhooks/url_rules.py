"""Which addresses a webhook may have. Pure: no name is looked up here;
``core.security.public_addresses``
says which IP addresses are public.

A customer chooses the address and our servers dial it: without these rules he could reach
what only our servers reach (their own ports, the private network, the cloud's metadata).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.security.public_addresses import is_public

MAX_URL_CHARACTERS = 500

# Mail and remote logins: nobody receives webhooks there, and mail servers take orders in lines.
_NOT_FOR_HTTP = frozenset({22, 23, 25, 110, 143, 465, 587, 993, 995})


class BadAddress(ValueError):
    """Nothing can be sent there. ``str()`` is a sentence for people that says why."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


NOT_PUBLIC = _("This address is in a private network. Use one that is reachable from outside.")

NOT_AN_ADDRESS = _("This is not an address. Check it for typing errors.")


@dataclass(frozen=True)
class Target:
    """Where an address leads: its host (a name, or an IP without brackets) and port."""

    host: str
    port: int


def parsed(url: str, *, allow_private: bool, allow_plain: bool) -> Target:
    """Where ``url`` leads, if that may be asked for at all; raises BadAddress. An IP address
    is judged here, a name when it is looked up. ``allow_plain``: without TLS, too."""
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
        raise BadAddress(_("Write the whole address, like https://example.com/webhooks."))
    if scheme == "http" and not allow_plain:
        raise BadAddress(_("Use https://: messages must not cross the network in clear."))
    if has_login:
        raise BadAddress(
            _("Leave user name and password out; the signature proves who is calling.")
        )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
