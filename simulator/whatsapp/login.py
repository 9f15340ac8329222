"""Login of a linked device: its stored Noise key is its credential."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from simulator.whatsapp.accounts import Companion
from simulator.whatsapp.binary_xml import LID_SERVER, SERVER, Node, Value

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection

UNLINKING = (401, 403, 406)  # after these reasons a client forgets its keys: it is linked no more


def begin(connection: Connection, noise_static: bytes, said: Any) -> None:
    """Let the client in, or say why not. `said` is its ClientPayload."""
    network = connection.network
    number = str(said.username)
    came = {"proxy_user": connection.proxy_user, "proxy": connection.proxy}
    connection.network.log.add("login", number=number, **came)
    fault = network.faults.take("failure", number, connection.proxy_user)
    account = network.accounts.by_number(number)
    device = account.companions.get(said.device) if account else None
    if fault is not None:
        fail(connection, fault.params)
        if device is not None and fault.params["reason"] in UNLINKING:
            network.relay.remove(device)
        return
    if device is None or device.registration.noise_static != noise_static:
        fail(connection, {"reason": 401})
        return
    _replace(device, connection)
    connection.device, device.connection = device, connection
    device.ready = False
    device.proxy_user, device.proxy = connection.proxy_user, connection.proxy
    if network.faults.take("no_success", number, connection.proxy_user) is None:
        connection.send(_success(device))


def fail(connection: Connection, params: dict[str, Any]) -> None:
    """Refuse the login with `reason` and what else a real failure carries."""
    attrs: dict[str, Value] = {name: str(value) for name, value in params.items()}
    connection.network.log.add(
        "failure", reason=str(params["reason"]), proxy_user=connection.proxy_user
    )
    connection.end_stream(Node("failure", {**attrs, "location": "sim"}), linger=0.3)


def _replace(device: Companion, connection: Connection) -> None:
    """Only one connection per device: the older one is told that it was replaced."""
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


def activate(device: Companion) -> None:
    """The client listens from now on: flush what waited for it, in order."""
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
    connection.network.log.add("active", number=device.account.number, flushed=len(waiting))
