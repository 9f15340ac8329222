"""Carries messages and receipts between devices, and tells of devices that come and go."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from simulator.whatsapp.accounts import Account, Bundle, Companion, Endpoint
from simulator.whatsapp.binary_xml import LID_SERVER, SERVER, USER_SERVER, Jid, Node, Value
from simulator.whatsapp.iq import account_hash, devices_hash

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection
    from simulator.whatsapp.network import Network

LOW_KEYS = 4  # when so few one-time keys are left, the client is told to upload more
ORDINARY = ("", "inactive", "read", "played")


def _now() -> str:
    return str(int(time.time()))


class Relay:
    """The post office. Stanzas for a device that is away wait with the device."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._held: list[tuple[Connection, Node]] = []

    def message(self, connection: Connection, sender: Companion, node: Node) -> None:
        """A client sends a message: acknowledge it and pass it on."""
        to = node.jid("to")
        account = self._network.accounts.by_jid(to)
        self._network.log.add("message", number=connection.number, id=node.text("id"))
        fault = self._network.faults.take("message_error", connection.number)
        if fault is not None or account is None:
            error = str(fault.params["error"]) if fault else "404"
            self._acknowledge(connection, node, error=error)
            return
        missed = self._missed(sender, account, node)
        self._acknowledge(connection, node, **({"phash": missed} if missed else {}))
        self.spread(sender, account, node)

    def _acknowledge(self, connection: Connection, node: Node, **more: str) -> None:
        ack = Node(
            "ack",
            {"class": node.tag, "id": node.text("id"), "from": node.jid("to"), "t": _now(), **more},
        )
        if node.tag == "message" and self._network.faults.take("hold_acks", connection.number):
            self._held.append((connection, ack))
        else:
            connection.send(ack)

    def _missed(self, sender: Companion, recipient: Account, node: Node) -> str | None:
        """The hash of all devices a message should have gone to, when some are missing in it.

        A client that gets it asks for the list of devices anew before its next message.
        """
        fan_out = node.find("participants")
        if fan_out is None:
            return None
        written = {str(part.attrs.get("jid")) for part in fan_out.children()}
        server = node.jid("to").server
        due = [
            (account.jid(LID_SERVER, endpoint.id), account.jid(USER_SERVER, endpoint.id))
            for account in {recipient, sender.account}
            for endpoint in account.endpoints()
            if endpoint is not sender
        ]
        if all(written & {str(lid), str(number)} for lid, number in due):
            return None
        return devices_hash(lid if server == LID_SERVER else number for lid, number in due)

    def release_acks(self) -> None:
        """Send the acknowledgements that a fault held back."""
        held, self._held = self._held, []
        for connection, ack in held:
            connection.send(ack)

    def spread(self, sender: Endpoint, recipient: Account, node: Node) -> None:
        """Hand each device its own ciphertext of a message."""
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
            account = self._network.accounts.by_jid(jid)
            endpoint = account.endpoint(jid.device) if account else None
            if endpoint is None or account not in (recipient, sender.account):
                continue
            content = list(part.children())
            if identity is not None and any(c.text("type") == "pkmsg" for c in content):
                content.append(identity)
            own = account is sender.account and recipient is not account
            attrs = self._envelope(sender, recipient, node, own)
            endpoint.deliver(Node("message", attrs, content))

    def _envelope(
        self, sender: Endpoint, recipient: Account, node: Node, own: bool
    ) -> dict[str, Value]:
        """The attributes that a receiving device sees."""
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

    def receipt(self, connection: Connection, sender: Companion, node: Node) -> None:
        """A client says that it got or read something."""
        stanza_id = node.text("id")
        if self._network.faults.take("lose_receipts", connection.number):
            return
        sender.confirm("message", stanza_id)
        attrs: dict[str, Value] = {"class": "receipt", "id": stanza_id, "from": node.jid("to")}
        if "type" in node.attrs:
            attrs["type"] = node.text("type")
        connection.send(Node("ack", attrs))
        self.pass_receipt(sender, node)

    def pass_receipt(self, sender: Endpoint, node: Node) -> None:
        """Pass a receipt on to the device that it is for, or to all of an account."""
        to = node.jid("to")
        account = self._network.accounts.by_jid(to)
        kind = node.text("type")
        if account is None or (kind not in ORDINARY and kind != "retry"):
            return
        attrs: dict[str, Value] = {
            "from": sender.account.jid(to.server, sender.id),
            "id": node.text("id"),
            "t": _now(),
        }
        if kind:
            attrs["type"] = kind
        to_all = to.device == 0 and kind in ("read", "played")
        for endpoint in account.endpoints() if to_all else [account.endpoint(to.device)]:
            if endpoint is not None and endpoint is not sender:
                endpoint.deliver(Node("receipt", dict(attrs), node.content))

    def tell_own(self, account: Account, peer: Jid, message_id: str) -> None:
        """Tell the linked clients of an account that its phone has read a message of `peer`."""
        attrs: dict[str, Value] = {
            "from": account.jid(peer.server),
            "recipient": peer,
            "id": message_id,
            "type": "read",
            "t": _now(),
        }
        for companion in account.companions.values():
            companion.deliver(Node("receipt", dict(attrs)))

    def announce(self, changed: Companion, what: str) -> None:
        """Tell those who talk to an account that a device was added or removed."""
        account = changed.account
        for listener in {*account.companions.values(), *account.talks_with} - {changed}:
            listener.deliver(self._device_notice(changed, what))

    def _device_notice(self, changed: Companion, what: str) -> Node:
        account = changed.account
        device = Node(
            "device",
            {
                "jid": account.jid(USER_SERVER, changed.id),
                "lid": account.jid(LID_SERVER, changed.id),
                "key-index": str(changed.id),
            },
        )
        change = Node(
            what,
            {
                "device_hash": account_hash(account, USER_SERVER),
                "device_lid_hash": account_hash(account, LID_SERVER),
            },
            [device, Node("key-index-list", {"ts": _now()})],
        )
        return self._notification(
            "devices", account.jid(USER_SERVER), [change], lid=account.jid(LID_SERVER)
        )

    @staticmethod
    def _notification(kind: str, source: Jid, content: list[Node], **more: Value) -> Node:
        return Node(
            "notification",
            {"from": source, "type": kind, "id": secrets.token_hex(8), "t": _now(), **more},
            content,
        )

    def bundle(self, endpoint: Endpoint) -> Bundle | None:
        """A device's prekey bundle; a client that runs out of keys is asked for more."""
        bundle = endpoint.bundle()
        if isinstance(endpoint, Companion) and len(endpoint.one_time) == LOW_KEYS:
            self._few_keys(endpoint)
        return bundle

    def use_up_keys(self, device: Companion) -> None:
        """As if many had started to write to a client: few of its one-time keys are left."""
        while len(device.one_time) > LOW_KEYS:
            device.one_time.popleft()
        self._few_keys(device)

    def _few_keys(self, device: Companion) -> None:
        count = Node("count", {"value": str(len(device.one_time))})
        device.deliver(self._notification("encrypt", SERVER, [count]))

    def remove(self, device: Companion, *, by_client: bool = False) -> None:
        """A device is linked no more, because the phone (or its own client) said so."""
        account = device.account
        if account.companions.pop(device.id, None) is None:
            return
        for other in self._network.accounts:
            other.talks_with.discard(device)
            other.phone.forget(device)
        self._network.log.add("unlinked", number=account.number, device=device.id)
        self.announce(device, "remove")
        if device.connection is not None and not by_client:
            conflict = Node("conflict", {"type": "device_removed"})
            device.connection.end_stream(Node("stream:error", {"code": "401"}, [conflict]))
