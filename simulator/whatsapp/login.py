"""Log in linked devices. The stored Noise key of a device is its credential."""

from __future__ import annotations

import time
from typing import Any

from simulator.whatsapp.accounts import ClientConnection, Companion
from simulator.whatsapp.network import Network
from simulator.whatsapp.wire.binary_xml import LID_SERVER, SERVER, Node, Value

UNLINKING = (401, 403, 406)  # a client deletes its keys after a failure with these reasons


def begin(
    network: Network, connection: ClientConnection, noise_static: bytes, payload: Any
) -> None:
    """Log the client in, or send a failure. ``payload`` is its ClientPayload."""
    number = str(payload.username)
    source = {"proxy_user": connection.proxy_user, "proxy": connection.proxy}
    network.log.add("login", number=number, **source)
    fault = network.faults.take("failure", number, connection.proxy_user)
    account = network.accounts.by_number(number)
    device = account.companions.get(payload.device) if account else None
    if fault is not None:
        fail(network, connection, fault.params)
        if device is not None and fault.params["reason"] in UNLINKING:
            network.relay.remove(device)
        return
    if device is None or device.registration.noise_static != noise_static:
        fail(network, connection, {"reason": 401})
        return
    _replace(device, connection)
    connection.device, device.connection = device, connection
    device.ready = False
    device.proxy_user, device.proxy = connection.proxy_user, connection.proxy
    if network.faults.take("no_success", number, connection.proxy_user) is None:
        connection.send(_success(device))


def fail(network: Network, connection: ClientConnection, params: dict[str, Any]) -> None:
    """Refuse the login with a ``reason`` and the other attributes of a real failure."""
    attrs: dict[str, Value] = {name: str(value) for name, value in params.items()}
    network.log.add("failure", reason=str(params["reason"]), proxy_user=connection.proxy_user)
    connection.end_stream(Node("failure", {**attrs, "location": "sim"}), linger=0.3)


def _replace(device: Companion, connection: ClientConnection) -> None:
    """End an older connection of the same device with a conflict."""
    older = device.connection
    if older is not None and older is not connection:
        conflict = Node("conflict", {"type": "replaced"})
        older.end_stream(Node("stream:error", {}, [conflict]), linger=1.0)


def _success(device: Companion) -> Node:
    lid = device.account.jid(LID_SERVER, device.id)
    return Node(
        "success",
        {"t": str(int(time.time())), "lid": lid, "location": "sim", "props": "1", "abprops": "1"},
    )


def activate(network: Network, device: Companion) -> None:
    """Mark the client as ready to receive, and send its pending stanzas in order."""
    connection = device.connection
    if connection is None:
        return
    device.ready = True
    waiting = list(device.pending.values())
    counts = {
        "count": len(waiting),
        "message": sum(stanza.tag == "message" for stanza in waiting),
        "receipt": sum(stanza.tag == "receipt" for stanza in waiting),
        "notification": sum(stanza.tag == "notification" for stanza in waiting),
        "appdata": 0,
    }
    preview = Node("offline_preview", {name: str(count) for name, count in counts.items()})
    connection.send(Node("ib", {"from": SERVER}, [preview]))
    for stanza in waiting:
        connection.send(Node(stanza.tag, {**stanza.attrs, "offline": "0"}, stanza.content))
    offline = Node("offline", {"count": str(len(waiting))})
    connection.send(Node("ib", {"from": SERVER}, [offline]))
    network.log.add("active", number=device.account.number, flushed=len(waiting))
