"""What the server answers to a client's queries (iq)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from simulator.whatsapp import login
from simulator.whatsapp.accounts import Account, Bundle, Companion
from simulator.whatsapp.binary_xml import LID_SERVER, USER_SERVER, Jid, Node, WireError

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection

Answer = Callable[["Connection", Companion, Node], None]
PRIVACY = ("readreceipts", "last", "status", "profile", "groupadd", "calladd", "online")


def hear(connection: Connection, query: Node) -> None:
    """Answer one query of a logged-in client; what is not known is refused with 501."""
    device = connection.device
    if device is None:
        connection.refuse(query, 401, "not-authorized")
        return
    children = query.children()
    child = children[0].tag if children else ""
    key = (query.text("xmlns"), query.text("type"), child)
    answer = ANSWERS.get(key) or ANSWERS.get((*key[:2], "*"))
    if answer is None:
        connection.network.log.add("iq_refused", number=connection.number, iq=" ".join(key))
        connection.refuse(query, 501, "feature-not-implemented")
        return
    answer(connection, device, query)


def _empty(connection: Connection, device: Companion, query: Node) -> None:
    connection.answer(query)


def _ping(connection: Connection, device: Companion, query: Node) -> None:
    if connection.network.faults.take("ping_silent", connection.number) is None:
        connection.answer(query)


def _active(connection: Connection, device: Companion, query: Node) -> None:
    connection.answer(query)
    if query.find("active") is not None:
        login.activate(device)


def _key_count(connection: Connection, device: Companion, query: Node) -> None:
    connection.answer(query, Node("count", {"value": str(len(device.one_time))}))


def _key_upload(connection: Connection, device: Companion, query: Node) -> None:
    known = {key for key, _ in device.one_time}
    if query.need("identity").data() != device.registration.identity:
        raise WireError("the uploaded identity is not the linked one")
    for key in query.need("list").children():
        pair = key.need("id").data(), key.need("value").data()
        if pair[0] not in known:
            device.one_time.append(pair)
    connection.answer(query)


def _bundles(connection: Connection, device: Companion, query: Node) -> None:
    found = []
    for user in query.need("key").children():
        jid = user.jid("jid")
        account = connection.network.accounts.by_jid(jid)
        endpoint = account.endpoint(jid.device) if account else None
        bundle = connection.network.relay.bundle(endpoint) if endpoint else None
        if bundle is None:
            error = Node("error", {"code": "404", "text": "item-not-found"})
            found.append(Node("user", {"jid": jid}, [error]))
            continue
        found.append(_bundle_node(jid, bundle))
    connection.answer(query, Node("list", {}, found))


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


def _usync(connection: Connection, device: Companion, query: Node) -> None:
    usync = query.need("usync")
    wanted = {child.tag for child in usync.need("query").children()}
    users = []
    for user in usync.need("list").children():
        answer = _usync_user(connection, device, user, wanted)
        if answer is not None:
            users.append(answer)
    attrs = {**usync.attrs, "mode": usync.text("mode", "query")}
    connection.answer(query, Node("usync", attrs, [Node("list", {}, users)]))


def _usync_user(
    connection: Connection, device: Companion, user: Node, wanted: set[str]
) -> Node | None:
    accounts = connection.network.accounts
    contact = user.find("contact")
    asked = user.attrs.get("jid")
    if isinstance(asked, Jid):
        account = accounts.by_jid(asked)
    elif contact is not None and contact.content is not None:
        number = contact.data().decode(errors="replace").partition("@")[0].lstrip("+")
        account = accounts.by_number(number)
        asked = Jid(number)
    else:
        return None
    parts = [part for name in sorted(wanted) for part in _part(name, account, contact)]
    if account is not None and "devices" in wanted:
        account.talks_with.add(device)
    if account is None:
        return Node("user", {"jid": asked}, parts)
    shown = account.jid(LID_SERVER) if "contact" in wanted else asked
    return Node("user", {"jid": shown, "pn_jid": account.jid(USER_SERVER)}, parts)


def _part(name: str, account: Account | None, contact: Node | None) -> list[Node]:
    """One requested protocol of a usync for one user."""
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


def device_list(account: Account) -> Node:
    """All devices of an account, the phone first."""
    devices = [
        Node("device", {"id": str(e.id), **({"key-index": str(e.id)} if e.id else {})})
        for e in account.endpoints()
    ]
    return Node("device-list", {"hash": account_hash(account, USER_SERVER)}, devices)


def account_hash(account: Account, server: str) -> str:
    """The hash by which a client checks that its list of an account's devices is complete."""
    return devices_hash(account.jid(server, endpoint.id) for endpoint in account.endpoints())


def devices_hash(devices: Iterable[Jid]) -> str:
    """The hash of any list of devices."""
    names = sorted(f"{jid.user}.0:{jid.device}@{jid.server}" for jid in devices)
    digest = hashlib.sha256("".join(names).encode()).digest()[:6]
    return "2:" + base64.b64encode(digest).decode()


def _privacy(connection: Connection, device: Companion, query: Node) -> None:
    settings = [Node("category", {"name": name, "value": "all"}) for name in PRIVACY]
    connection.answer(query, Node("privacy", {}, settings))


def _media_conn(connection: Connection, device: Companion, query: Node) -> None:
    attrs = {
        "auth": secrets.token_urlsafe(16),
        "ttl": "300",
        "auth_ttl": "21600",
        "max_buckets": "12",
    }
    host = Node("host", {"hostname": "mmg.whatsapp.net"})
    connection.answer(query, Node("media_conn", {**attrs}, [host]))


def _no_picture(connection: Connection, device: Companion, query: Node) -> None:
    connection.refuse(query, 404, "item-not-found")


def _blocklist(connection: Connection, device: Companion, query: Node) -> None:
    connection.answer(query, Node("list", {"dhash": "0"}))


def _remove_device(connection: Connection, device: Companion, query: Node) -> None:
    connection.answer(query)
    connection.network.relay.remove(device, by_client=True)
    connection.end_stream(linger=1.0)


ANSWERS: dict[tuple[str, str, str], Answer] = {
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
    ("md", "set", "remove-companion-device"): _remove_device,
}
