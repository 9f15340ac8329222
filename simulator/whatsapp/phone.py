"""The phone of an account (device 0), played by the simulator.

It reads the messages to its account and writes texts, with end-to-end encryption.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from simulator.whatsapp.accounts import Account, Accounts, Companion, Endpoint
from simulator.whatsapp.displayed_text import displayed_text
from simulator.whatsapp.event_log import EventLog
from simulator.whatsapp.faults import content
from simulator.whatsapp.faults.standing import Faults
from simulator.whatsapp.pairing_proof import is_device_signed
from simulator.whatsapp.relay import Relay
from simulator.whatsapp.wire.binary_xml import LID_SERVER, Jid, Node, WireError
from simulator.whatsapp.wire.prekeys import Bundle, SignedKey
from simulator.whatsapp.wire.protobuf import Message
from simulator.whatsapp.wire.signal_session import (
    Repeated,
    SessionBook,
    SignalError,
    opening_identity,
)
from simulator.whatsapp.wire.xeddsa import DJB, KeyPair

SIGNED_KEY_ID = 1
STATUSES = ("sent", "delivered", "read")


@dataclass(slots=True)
class ChatMessage:
    """A message in the phone's chats. ``copies`` counts how often it arrived."""

    id: str
    sender: str
    recipient: str
    text: str | None
    at: float
    direction: str
    status: str
    peer: Jid
    copies: int = 1

    def describe(self) -> dict[str, Any]:
        """Return the message in the format of the control API."""
        return {
            "id": self.id,
            "from": f"+{self.sender}",
            "to": f"+{self.recipient}",
            "text": self.text,
            "at": self.at,
            "direction": self.direction,
            "status": self.status,
            "copies": self.copies,
        }


class Phone:
    """A phone that reads messages and writes texts. It implements ``SimulatedPhone``."""

    id = 0
    account: Account

    def __init__(
        self,
        accounts: Accounts,
        relay: Relay,
        faults: Faults,
        log: EventLog,
        identity: KeyPair,
    ) -> None:
        self._accounts, self._relay, self._faults, self._log = accounts, relay, faults, log
        self.registration_id = secrets.randbelow(0x3FFF) + 1
        self._messages: dict[str, ChatMessage] = {}
        self._identity = identity
        self._signed = KeyPair.generate()
        self._books: dict[tuple[str, int], SessionBook] = {}

    def bundle(self) -> Bundle | None:
        """See Endpoint. Without one-time keys, which the protocol allows."""
        signature = self._identity.sign(DJB + self._signed.public)
        signed = SignedKey(SIGNED_KEY_ID.to_bytes(3, "big"), self._signed.public, signature)
        return Bundle(self.registration_id.to_bytes(4, "big"), self._identity.public, signed, None)

    def _book(self, account: Account, device: int) -> SessionBook:
        key = (account.number, device)
        if key not in self._books:
            self._books[key] = SessionBook(self._identity, self._signed, self.registration_id)
        return self._books[key]

    def deliver(self, stanza: Node) -> None:
        """See Endpoint. An unreadable stanza is logged and dropped."""
        try:
            if stanza.tag == "message":
                self._receive(stanza)
            elif stanza.tag == "receipt":
                self._update_status(stanza)
        except (SignalError, WireError, DecodeError, ValueError) as error:
            self._log.add(
                "unreadable", number=self.account.number, id=stanza.text("id"), why=str(error)
            )

    def _receive(self, stanza: Node) -> None:
        earlier = self._messages.get(stanza.text("id"))
        if earlier is not None:
            earlier.copies += 1
        source = stanza.jid("from")
        sender = self._accounts.by_jid(source)
        if sender is None:
            raise WireError("a message from an unknown sender")
        for part in stanza.children():
            if part.tag == "enc":
                self._read(stanza, part, source, sender)
        if sender is not self.account:
            self._relay.pass_receipt(self, Node("receipt", {"to": source, "id": stanza.text("id")}))

    def _read(self, stanza: Node, part: Node, source: Jid, sender: Account) -> None:
        kind, data = part.text("type"), part.data()
        if kind == "pkmsg":
            self._check_device(stanza, data, sender, source.device)
        try:
            plain = self._book(sender, source.device).decrypt(kind, data)
        except Repeated:
            return
        message = Message.FromString(plain[: -plain[-1]])
        recipient = self.account
        if sender is self.account and message.HasField("deviceSentMessage"):
            message = message.deviceSentMessage.message
            to = stanza.attrs.get("recipient")  # absent in a message to oneself
            if isinstance(to, Jid):
                recipient = self._accounts.by_jid(to) or recipient
        text = displayed_text(message)
        if text is not None and stanza.text("id") not in self._messages:
            self._store(stanza.text("id"), sender, recipient, text, source)

    def _check_device(self, stanza: Node, data: bytes, sender: Account, device: int) -> None:
        """Check that the sender's account has signed the linked device. Raises SignalError."""
        proof = stanza.find("device-identity")
        if device == 0:
            return
        if proof is None or not is_device_signed(
            proof.data(), opening_identity(data), sender.identity.public
        ):
            raise SignalError("the linked device is not signed by its account")

    def _store(
        self, message_id: str, sender: Account, recipient: Account, text: str, peer: Jid
    ) -> None:
        out = sender is self.account
        self._messages[message_id] = ChatMessage(
            message_id,
            sender.number,
            recipient.number,
            text,
            time.time(),
            "out" if out else "in",
            "sent" if out else "received",
            peer,
        )

    def _update_status(self, receipt: Node) -> None:
        kind = receipt.text("type")
        ids = [
            receipt.text("id"),
            *(item.text("id") for batch in receipt.children() for item in batch.children()),
        ]
        for message_id in ids:
            message = self._messages.get(message_id)
            if message is None or message.direction != "out":
                continue
            if kind == "retry":
                self._resend(message, receipt.jid("from"))
                continue
            status = "read" if kind in ("read", "played") else "delivered"
            message.status = max(message.status, status, key=STATUSES.index)

    def open_chat(self, number: str) -> int:
        """See SimulatedPhone. Sends read receipts to the sender and the linked clients."""
        unread = [
            m
            for m in self._messages.values()
            if m.direction == "in" and m.sender == number and m.status == "received"
        ]
        for message in unread:
            message.status = "read"
            self._relay.pass_receipt(
                self, Node("receipt", {"to": message.peer.bare(), "id": message.id, "type": "read"})
            )
            self._relay.sync_read(self.account, message.peer.bare(), message.id)
        return len(unread)

    def write(self, recipient: Account, text: str, server: str = LID_SERVER) -> str:
        """See SimulatedPhone. ``server`` selects whether the text is addressed by LID or by number.

        Raises SignalError if a device of the recipient has a forged prekey bundle."""
        message_id = "3A" + secrets.token_hex(9).upper()
        self._store(message_id, self.account, recipient, text, recipient.jid(server))
        self._send(
            message_id,
            recipient,
            text,
            server,
            [
                endpoint
                for account in {recipient, self.account}
                for endpoint in account.endpoints()
                if endpoint is not self
            ],
        )
        return message_id

    def chat_log(self) -> list[dict[str, Any]]:
        """See SimulatedPhone."""
        return [message.describe() for message in self._messages.values()]

    def _resend(self, message: ChatMessage, device: Jid) -> None:
        """Open a new Signal session with a device that could not read a message, and resend it."""
        account = self._accounts.by_jid(device)
        endpoint = account.endpoint(device.device) if account else None
        recipient = self._accounts.by_number(message.recipient)
        if account is None or endpoint is None or recipient is None or message.text is None:
            return
        bundle = self._relay.bundle(endpoint)
        if bundle is not None:
            self._book(account, device.device).open(bundle)
            server = message.peer.server
            self._send(message.id, recipient, message.text, server, [endpoint])

    def _send(
        self, message_id: str, recipient: Account, text: str, server: str, endpoints: list[Endpoint]
    ) -> None:
        parts = []
        for endpoint in endpoints:
            sealed = self._seal_text(endpoint, recipient, text, server)
            if sealed is not None:
                kind, data = sealed
                enc = Node("enc", {"v": "2", "type": kind}, data)
                jid = endpoint.account.jid(server, endpoint.id)
                parts.append(Node("to", {"jid": jid}, [enc]))
        self._relay.deliver(
            self,
            recipient,
            Node(
                "message",
                {"to": recipient.jid(server), "id": message_id, "type": "text"},
                [Node("participants", {}, parts)],
            ),
        )

    def _seal_text(
        self, endpoint: Endpoint, recipient: Account, text: str, server: str
    ) -> tuple[str, bytes] | None:
        if endpoint.id:
            text = content.text(self._faults, endpoint.account.number, text)
        message = Message(conversation=text)
        if endpoint.account is self.account and recipient is not self.account:
            wrapper = Message()
            wrapper.deviceSentMessage.destinationJID = str(recipient.jid(server))
            wrapper.deviceSentMessage.message.CopyFrom(message)
            message = wrapper
        kind, data = self.seal(endpoint, message) or ("", b"")
        if not kind:
            return None
        if endpoint.id and self._faults.take("garble", endpoint.account.number):
            data = data[:-1] + bytes([data[-1] ^ 1])
        return kind, data

    def seal(self, endpoint: Endpoint, message: Any) -> tuple[str, bytes] | None:
        """See SimulatedPhone. Raises SignalError if the device has a forged prekey bundle."""
        book = self._book(endpoint.account, endpoint.id)
        if book.empty:
            bundle = self._relay.bundle(endpoint)
            if bundle is None:
                return None
            book.open(bundle)
        pad = secrets.randbelow(15) + 1
        kind, data = book.encrypt(message.SerializeToString() + bytes([pad]) * pad)
        return kind, data

    def forget(self, device: Companion) -> None:
        """See SimulatedPhone."""
        self._books.pop((device.account.number, device.id), None)
