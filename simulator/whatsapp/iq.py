"""Answer the queries (iq) of logged-in clients."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from simulator.whatsapp import login
from simulator.whatsapp.accounts import Account, ClientConnection, Companion
from simulator.whatsapp.device_lists import device_list
from simulator.whatsapp.network import Network
from simulator.whatsapp.wire.binary_xml import LID_SERVER, USER_SERVER, Jid, Node, WireError
from simulator.whatsapp.wire.prekeys import Bundle

Handler = Callable[[Network, ClientConnection, Companion, Node], None]
PRIVACY = ("readreceipts", "last", "status", "profile", "groupadd", "calladd", "online")


def handle(network: Network, connection: ClientConnection, query: Node) -> None:
    """Answer one query. Refuse unknown queries with 501."""
    device = connection.device
    if device is None:
        connection.refuse(query, 401, "not-authorized")
        return
    children = query.children()
    child = children[0].tag if children else ""
    key = (query.text("xmlns"), query.text("type"), child)
    handler = HANDLERS.get(key) or HANDLERS.get((*key[:2], "*"))
    if handler is None:
        network.log.add("iq_refused", number=connection.number, iq=" ".join(key))
        connection.refuse(query, 501, "feature-not-implemented")
        return
    handler(network, connection, device, query)


def _empty(network: Network, connection: ClientConnection, device: Companion, query: Node) -> None:
    connection.answer(query)


def _ping(network: Network, connection: ClientConnection, device: Companion, query: Node) -> None:
    if network.faults.take("ping_silent", connection.number) is None:
        connection.answer(query)


def _active(network: Network, connection: ClientConnection, device: Companion, query: Node) -> None:
    connection.answer(query)
    if query.find("active") is not None:
        login.activate(network, device)


def _key_count(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    connection.answer(query, Node("count", {"value": str(len(device.one_time))}))


def _key_upload(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    known = {key for key, _ in device.one_time}
    if query.need("identity").data() != device.registration.identity:
        raise WireError("the uploaded identity is not the linked one")
    for key in query.need("list").children():
        pair = key.need("id").data(), key.need("value").data()
        if pair[0] not in known:
            device.one_time.append(pair)
    connection.answer(query)


def _bundles(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    users = []
    for user in query.need("key").children():
        jid = user.jid("jid")
        account = network.accounts.by_jid(jid)
        endpoint = account.endpoint(jid.device) if account else None
        bundle = network.relay.bundle(endpoint) if endpoint else None
        if bundle is None:
            error = Node("error", {"code": "404", "text": "item-not-found"})
            users.append(Node("user", {"jid": jid}, [error]))
            continue
        users.append(_bundle_node(jid, bundle))
    connection.answer(query, Node("list", {}, users))


def _bundle_node(jid: Jid, bundle: Bundle) -> Node:
    signed = bundle.signed_key
    parts = [
        Node("registration", {}, bundle.registration_id),
        Node("type", {}, b"\x05"),
        Node("identity", {}, bundle.identity),
        Node(
            "skey",
            {},
            [
                Node("id", {}, signed.id),
                Node("value", {}, signed.value),
                Node("signature", {}, signed.signature),
            ],
        ),
    ]
    if bundle.one_time is not None:
        key_id, value = bundle.one_time
        parts.append(Node("key", {}, [Node("id", {}, key_id), Node("value", {}, value)]))
    return Node("user", {"jid": jid}, parts)


def _usync(network: Network, connection: ClientConnection, device: Companion, query: Node) -> None:
    usync = query.need("usync")
    protocols = {child.tag for child in usync.need("query").children()}
    users = []
    for user in usync.need("list").children():
        answer = _usync_user(network, connection, device, user, protocols)
        if answer is not None:
            users.append(answer)
    attrs = {**usync.attrs, "mode": usync.text("mode", "query")}
    connection.answer(query, Node("usync", attrs, [Node("list", {}, users)]))


def _usync_user(
    network: Network,
    connection: ClientConnection,
    device: Companion,
    user: Node,
    protocols: set[str],
) -> Node | None:
    accounts = network.accounts
    contact = user.find("contact")
    requested = user.attrs.get("jid")
    if isinstance(requested, Jid):
        account = accounts.by_jid(requested)
    elif contact is not None and contact.content is not None:
        number = contact.data().decode(errors="replace").partition("@")[0].lstrip("+")
        account = accounts.by_number(number)
        requested = Jid(number)
    else:
        return None
    parts = [part for name in sorted(protocols) for part in _usync_part(name, account, contact)]
    if account is not None and "devices" in protocols:
        account.contacts.add(device)
    if account is None:
        return Node("user", {"jid": requested}, parts)
    shown = account.jid(LID_SERVER) if "contact" in protocols else requested
    return Node("user", {"jid": shown, "pn_jid": account.jid(USER_SERVER)}, parts)


def _usync_part(name: str, account: Account | None, contact: Node | None) -> list[Node]:
    """Return the answer to one requested protocol of a usync query, for one user."""
    if name == "contact":
        text = contact.content if contact is not None else None
        return [Node("contact", {"type": "in" if account else "out"}, text)]
    if account is None:
        return []
    if name == "lid":
        return [Node("lid", {"val": account.jid(LID_SERVER)})]
    if name == "devices":
        return [Node("devices", {}, [device_list(account)])]
    if name == "status":
        return [Node("status", {}, b"")]
    return []


def _privacy(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    settings = [Node("category", {"name": name, "value": "all"}) for name in PRIVACY]
    connection.answer(query, Node("privacy", {}, settings))


def _media_conn(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    attrs = {
        "auth": secrets.token_urlsafe(16),
        "ttl": "300",
        "auth_ttl": "21600",
        "max_buckets": "12",
    }
    host = Node("host", {"hostname": "mmg.whatsapp.net"})
    connection.answer(query, Node("media_conn", {**attrs}, [host]))


def _no_picture(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    connection.refuse(query, 404, "item-not-found")


def _blocklist(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    connection.answer(query, Node("list", {"dhash": "0"}))


def _app_state(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    state = device.account.state
    if state is None:
        connection.refuse(query, 501, "feature-not-implemented")
        return
    asked = query.need("sync").children()
    found = [state.collection(one.text("name"), int(one.text("version") or 0)) for one in asked]
    connection.answer(query, Node("sync", {}, found))


def _remove_device(
    network: Network, connection: ClientConnection, device: Companion, query: Node
) -> None:
    connection.answer(query)
    network.relay.remove(device, by_client=True)
    connection.end_stream(linger=1.0)


HANDLERS: dict[tuple[str, str, str], Handler] = {
    ("w:p", "get", "*"): _ping,
    ("w:p", "get", ""): _ping,
    ("passive", "set", "*"): _active,
    ("encrypt", "get", "count"): _key_count,
    ("encrypt", "get", "key"): _bundles,
    ("encrypt", "set", "*"): _key_upload,
    ("usync", "get", "usync"): _usync,
    ("privacy", "get", "*"): _privacy,
    ("privacy", "set", "tokens"): _empty,
    ("urn:xmpp:whatsapp:dirty", "set", "*"): _empty,
    ("disappearing_mode", "set", "*"): _empty,
    ("w:m", "set", "media_conn"): _media_conn,
    ("w:profile:picture", "get", "*"): _no_picture,
    ("blocklist", "get", "*"): _blocklist,
    ("w:sync:app:state", "set", "*"): _app_state,
    ("md", "set", "remove-companion-device"): _remove_device,
}
