"""Relay messages and receipts between devices, and announce device changes."""

from __future__ import annotations

import secrets
import time

from simulator.whatsapp.accounts import Account, Accounts, ClientConnection, Companion, Endpoint
from simulator.whatsapp.device_lists import account_hash, devices_hash
from simulator.whatsapp.event_log import EventLog
from simulator.whatsapp.faults import content
from simulator.whatsapp.faults.standing import Faults
from simulator.whatsapp.wire.binary_xml import LID_SERVER, SERVER, USER_SERVER, Jid, Node, Value
from simulator.whatsapp.wire.prekeys import Bundle

LOW_KEYS = 4  # with this many one-time keys left, the client is asked to upload more
RELAYED_RECEIPTS = ("", "inactive", "read", "played", "retry")


def _now() -> str:
    return str(int(time.time()))


class Relay:
    """Deliver stanzas to devices. A device queues its stanzas while it is offline."""

    def __init__(self, accounts: Accounts, faults: Faults, log: EventLog) -> None:
        self._accounts = accounts
        self._faults = faults
        self._log = log
        self._held: list[tuple[ClientConnection, Node]] = []

    def message(self, connection: ClientConnection, sender: Companion, node: Node) -> None:
        """Acknowledge a client's message and deliver it."""
        to = node.jid("to")
        account = self._accounts.by_jid(to)
        self._log.add("message", number=connection.number, id=node.text("id"))
        fault = self._faults.take("message_error", connection.number)
        if fault is not None or account is None:
            error = str(fault.params["error"]) if fault else "404"
            self._acknowledge(connection, node, error=error)
            return
        phash = self._missing_devices(sender, account, node)
        self._acknowledge(connection, node, **({"phash": phash} if phash else {}))
        self.deliver(sender, account, node)

    def _acknowledge(self, connection: ClientConnection, node: Node, **more: str) -> None:
        at = content.timestamp(self._faults, connection.number)
        ack = Node(
            "ack",
            {"class": node.tag, "id": node.text("id"), "from": node.jid("to"), "t": at, **more},
        )
        if node.tag == "message" and self._faults.take("hold_acks", connection.number):
            self._held.append((connection, ack))
        else:
            connection.send(ack)

    def _missing_devices(self, sender: Companion, recipient: Account, node: Node) -> str | None:
        """Return the hash of all target devices if the message lacks some of them, else None.

        A client that receives the hash fetches the device list again before its next message."""
        fan_out = node.find("participants")
        if fan_out is None:
            return None
        addressed = {str(part.attrs.get("jid")) for part in fan_out.children()}
        server = node.jid("to").server
        targets = [
            (account.jid(LID_SERVER, endpoint.id), account.jid(USER_SERVER, endpoint.id))
            for account in {recipient, sender.account}
            for endpoint in account.endpoints()
            if endpoint is not sender
        ]
        if all(addressed & {str(lid), str(number)} for lid, number in targets):
            return None
        return devices_hash(lid if server == LID_SERVER else number for lid, number in targets)

    def release_acks(self) -> None:
        """Send the acknowledgements that a fault has held back."""
        held, self._held = self._held, []
        for connection, ack in held:
            connection.send(ack)

    def deliver(self, sender: Endpoint, recipient: Account, node: Node) -> None:
        """Deliver a message: to each device its own ciphertext."""
        fan_out = node.find("participants")
        parts = (
            fan_out.children()
            if fan_out
            else [
                Node(
                    "to",
                    {"jid": node.jid("to")},
                    [child for child in node.children() if child.tag == "enc"],
                )
            ]
        )
        identity = node.find("device-identity")
        for part in parts:
            jid = part.jid("jid")
            account = self._accounts.by_jid(jid)
            endpoint = account.endpoint(jid.device) if account else None
            if endpoint is None or account not in (recipient, sender.account):
                continue
            children = list(part.children())
            if identity is not None and any(c.text("type") == "pkmsg" for c in children):
                children.append(identity)
            own = account is sender.account and recipient is not account
            attrs = self._envelope(sender, recipient, node, own)
            if endpoint.id:
                attrs["t"] = content.timestamp(self._faults, account.number)
            stanza = Node("message", attrs, children)
            endpoint.deliver(content.message(self._faults, account.number, stanza))

    def _envelope(
        self, sender: Endpoint, recipient: Account, node: Node, own: bool
    ) -> dict[str, Value]:
        """Return the attributes of the message for a receiving device."""
        server = node.jid("to").server
        server = LID_SERVER if server == LID_SERVER else USER_SERVER
        account = sender.account
        attrs: dict[str, Value] = {
            "from": account.jid(server, sender.id),
            "id": node.text("id"),
            "t": _now(),
            "type": node.text("type", "text"),
            "notify": account.name,
        }
        if "edit" in node.attrs:
            attrs["edit"] = node.text("edit")
        if own:
            attrs["recipient"] = recipient.jid(server)
        other = USER_SERVER if server == LID_SERVER else LID_SERVER
        kind = "pn" if other == USER_SERVER else "lid"
        if own:
            attrs[f"peer_recipient_{kind}"] = recipient.jid(other)
        else:
            attrs[f"sender_{kind}"] = account.jid(other, sender.id)
        return attrs

    def receipt(self, connection: ClientConnection, sender: Companion, node: Node) -> None:
        """Acknowledge a client's receipt and deliver it."""
        stanza_id = node.text("id")
        if self._faults.take("lose_receipts", connection.number):
            return
        sender.confirm("message", stanza_id)
        attrs: dict[str, Value] = {"class": "receipt", "id": stanza_id, "from": node.jid("to")}
        if "type" in node.attrs:
            attrs["type"] = node.text("type")
        connection.send(Node("ack", attrs))
        self.pass_receipt(sender, node)

    def pass_receipt(self, sender: Endpoint, node: Node) -> None:
        """Deliver a receipt to one device, or a read receipt to all devices of an account."""
        to = node.jid("to")
        account = self._accounts.by_jid(to)
        kind = node.text("type")
        if account is None or kind not in RELAYED_RECEIPTS:
            return
        attrs: dict[str, Value] = {
            "from": sender.account.jid(to.server, sender.id),
            "id": node.text("id"),
        }
        if kind:
            attrs["type"] = kind
        to_all = to.device == 0 and kind in ("read", "played")
        for endpoint in account.endpoints() if to_all else [account.endpoint(to.device)]:
            if endpoint is not None and endpoint is not sender:
                at = content.timestamp(self._faults, account.number)
                endpoint.deliver(Node("receipt", {**attrs, "t": at}, node.content))

    def sync_read(self, account: Account, peer: Jid, message_id: str) -> None:
        """Notify the linked clients of an account that its phone has read a message of ``peer``."""
        attrs: dict[str, Value] = {
            "from": account.jid(peer.server),
            "recipient": peer,
            "id": message_id,
            "type": "read",
            "t": content.timestamp(self._faults, account.number),
        }
        for companion in account.companions.values():
            companion.deliver(Node("receipt", dict(attrs)))

    def announce(self, changed: Companion, change: str) -> None:
        """Notify linked clients and contacts of a device change, ``add`` or ``remove``."""
        account = changed.account
        for companion in {*account.companions.values(), *account.contacts} - {changed}:
            companion.deliver(self._device_notification(changed, change))

    def _device_notification(self, changed: Companion, change: str) -> Node:
        account = changed.account
        device = Node(
            "device",
            {
                "jid": account.jid(USER_SERVER, changed.id),
                "lid": account.jid(LID_SERVER, changed.id),
                "key-index": str(changed.id),
            },
        )
        changes = Node(
            change,
            {
                "device_hash": account_hash(account, USER_SERVER),
                "device_lid_hash": account_hash(account, LID_SERVER),
            },
            [device, Node("key-index-list", {"ts": _now()})],
        )
        return self._notification(
            "devices", account.jid(USER_SERVER), [changes], lid=account.jid(LID_SERVER)
        )

    @staticmethod
    def _notification(kind: str, source: Jid, content: list[Node], **more: Value) -> Node:
        return Node(
            "notification",
            {"from": source, "type": kind, "id": secrets.token_hex(8), "t": _now(), **more},
            content,
        )

    def bundle(self, endpoint: Endpoint) -> Bundle | None:
        """Return a device's prekey bundle. Ask a client that runs low on keys for more."""
        bundle = endpoint.bundle()
        if isinstance(endpoint, Companion) and len(endpoint.one_time) == LOW_KEYS:
            self._request_keys(endpoint)
        return bundle

    def use_up_keys(self, device: Companion) -> None:
        """Use up most one-time keys of a client, as if many users had messaged it."""
        while len(device.one_time) > LOW_KEYS:
            device.one_time.popleft()
        self._request_keys(device)

    def _request_keys(self, device: Companion) -> None:
        count = Node("count", {"value": str(len(device.one_time))})
        device.deliver(self._notification("encrypt", SERVER, [count]))

    def remove(self, device: Companion, *, by_client: bool = False) -> None:
        """Unlink a device, on behalf of the phone or of the client itself."""
        account = device.account
        if account.companions.pop(device.id, None) is None:
            return
        for other in self._accounts:
            other.contacts.discard(device)
            other.phone.forget(device)
        self._log.add("unlinked", number=account.number, device=device.id)
        self.announce(device, "remove")
        if device.connection is not None and not by_client:
            conflict = Node("conflict", {"type": "device_removed"})
            device.connection.end_stream(Node("stream:error", {"code": "401"}, [conflict]))
