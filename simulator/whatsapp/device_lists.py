"""Device lists of accounts, and the hashes by which clients check them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from simulator.whatsapp.accounts import Account
from simulator.whatsapp.wire.binary_xml import USER_SERVER, Jid, Node


def device_list(account: Account) -> Node:
    """Return the node that lists all devices of an account, the phone first."""
    devices = [
        Node("device", {"id": str(e.id), **({"key-index": str(e.id)} if e.id else {})})
        for e in account.endpoints()
    ]
    return Node("device-list", {"hash": account_hash(account, USER_SERVER)}, devices)


def account_hash(account: Account, server: str) -> str:
    """Return the hash of all devices of an account."""
    return devices_hash(account.jid(server, endpoint.id) for endpoint in account.endpoints())


def devices_hash(devices: Iterable[Jid]) -> str:
    """Return the hash of a list of devices."""
    names = sorted(f"{jid.user}.0:{jid.device}@{jid.server}" for jid in devices)
    digest = hashlib.sha256("".join(names).encode()).digest()[:6]
    return "2:" + base64.b64encode(digest).decode()
