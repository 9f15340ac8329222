"""The phone of an account: device 0, played by the simulator itself.

It reads what is sent to its account and writes texts, end-to-end encrypted like any phone.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from simulator.whatsapp.accounts import Account, Bundle, Companion, Endpoint, SignedKey
from simulator.whatsapp.binary_xml import LID_SERVER, Jid, Node, WireError
from simulator.whatsapp.pairing_proof import device_signed
from simulator.whatsapp.protobuf import Message
from simulator.whatsapp.signal_session import (
    Repeated,
    SessionBook,
    SignalError,
    opening_identity,
)
from simulator.whatsapp.xeddsa import DJB, KeyPair

if TYPE_CHECKING:
    from simulator.whatsapp.network import Network

SIGNED_KEY_ID = 1
STATUSES = ("sent", "delivered", "read")
MEDIA = ("image", "video", "audio", "document", "sticker")


@dataclass(slots=True)
class ChatMessage:
    """One message in the phone's chats. `copies` counts how often it arrived."""

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
        """The message as the control API shows it."""
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
    """Reads what is sent to its account and writes to others."""

    id = 0
    account: Account

    def __init__(self, network: Network, identity: KeyPair) -> None:
        self.network = network
        self.registration_id = secrets.randbelow(0x3FFF) + 1
        self.messages: dict[str, ChatMessage] = {}
        self._identity = identity
        self._signed = KeyPair.generate()
        self._books: dict[tuple[str, int], SessionBook] = {}

    def bundle(self) -> Bundle | None:
        """See Endpoint. A phone here gives out no one-time keys, which the protocol allows."""
        signature = self._identity.sign(DJB + self._signed.public)
        signed = SignedKey(SIGNED_KEY_ID.to_bytes(3, "big"), self._signed.public, signature)
        return Bundle(self.registration_id.to_bytes(4, "big"), self._identity.public, signed, None)

    def _book(self, account: Account, device: int) -> SessionBook:
        key = (account.number, device)
        if key not in self._books:
            self._books[key] = SessionBook(self._identity, self._signed, self.registration_id)
        return self._books[key]

    def deliver(self, stanza: Node) -> None:
        """See Endpoint. A stanza that cannot be read is logged: it harms nobody else."""
        try:
            if stanza.tag == "message":
                self._take(stanza)
            elif stanza.tag == "receipt":
                self._mark(stanza)
        except (SignalError, WireError, DecodeError, ValueError) as error:
            self.network.log.add(
                "unreadable", number=self.account.number, id=stanza.text("id"), why=str(error)
            )

    def _take(self, stanza: Node) -> None:
        known = self.messages.get(stanza.text("id"))
        if known is not None:
            known.copies += 1
        source = stanza.jid("from")
        sender = self.network.accounts.by_jid(source)
        if sender is None:
            raise WireError("a message from nobody")
        for part in stanza.children():
            if part.tag == "enc":
                self._read(stanza, part, source, sender)
        if sender is not self.account:
            self.network.relay.pass_receipt(
                self, Node("receipt", {"to": source, "id": stanza.text("id")})
            )

    def _read(self, stanza: Node, part: Node, source: Jid, sender: Account) -> None:
        kind, data = part.text("type"), part.data()
        if kind == "pkmsg":
            self._check_device(stanza, data, sender, source.device)
        try:
            plain = self._book(sender, source.device).decrypt(kind, data)
        except Repeated:
            return
        said = Message.FromString(plain[: -plain[-1]])
        recipient = self.account
        if sender is self.account and said.HasField("deviceSentMessage"):
            said = said.deviceSentMessage.message
            to = stanza.attrs.get("recipient")  # absent when one writes to oneself
            if isinstance(to, Jid):
                recipient = self.network.accounts.by_jid(to) or recipient
        text = readable(said)
        if text is not None and stanza.text("id") not in self.messages:
            self._keep(stanza.text("id"), sender, recipient, text, source)

    def _check_device(self, stanza: Node, data: bytes, sender: Account, device: int) -> None:
        """A linked device must prove that the account it writes for has accepted it."""
        proof = stanza.find("device-identity")
        if device == 0:
            return
        if proof is None or not device_signed(
            proof.data(), opening_identity(data), sender.identity.public
        ):
            raise SignalError("a linked device that its account did not sign")

    def _keep(
        self, message_id: str, sender: Account, recipient: Account, text: str, peer: Jid
    ) -> None:
        out = sender is self.account
        self.messages[message_id] = ChatMessage(
            message_id,
            sender.number,
            recipient.number,
            text,
            time.time(),
            "out" if out else "in",
            "sent" if out else "received",
            peer,
        )

    def _mark(self, receipt: Node) -> None:
        kind = receipt.text("type")
        ids = [
            receipt.text("id"),
            *(item.text("id") for batch in receipt.children() for item in batch.children()),
        ]
        for message_id in ids:
            message = self.messages.get(message_id)
            if message is None or message.direction != "out":
                continue
            if kind == "retry":
                self._write_again(message, receipt.jid("from"))
                continue
            status = "read" if kind in ("read", "played") else "delivered"
            message.status = max(message.status, status, key=STATUSES.index)

    def open_chat(self, number: str) -> int:
        """Read all that came from a number (digits) and say so; how many messages it was."""
        unread = [
            m
            for m in self.messages.values()
            if m.direction == "in" and m.sender == number and m.status == "received"
        ]
        for message in unread:
            message.status = "read"
            self.network.relay.pass_receipt(
                self, Node("receipt", {"to": message.peer.bare(), "id": message.id, "type": "read"})
            )
            self.network.relay.tell_own(self.account, message.peer.bare(), message.id)
        return len(unread)

    def write(self, recipient: Account, text: str, server: str = LID_SERVER) -> str:
        """Send a text, addressed by LID or by number; the message id.

        Raises SignalError when a device of the recipient has a forged bundle.
        """
        message_id = "3A" + secrets.token_hex(9).upper()
        self._keep(message_id, self.account, recipient, text, recipient.jid(server))
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

    def _write_again(self, message: ChatMessage, device: Jid) -> None:
        """A device could not read a message: open a new session with it and send it again."""
        account = self.network.accounts.by_jid(device)
        endpoint = account.endpoint(device.device) if account else None
        recipient = self.network.accounts.by_number(message.recipient)
        if account is None or endpoint is None or recipient is None or message.text is None:
            return
        bundle = self.network.relay.bundle(endpoint)
        if bundle is not None:
            self._book(account, device.device).open(bundle)
            server = message.peer.server
            self._send(message.id, recipient, message.text, server, [endpoint])

    def _send(
        self, message_id: str, recipient: Account, text: str, server: str, endpoints: list[Endpoint]
    ) -> None:
        parts = []
        for endpoint in endpoints:
            sealed = self._seal(endpoint, recipient, text, server)
            if sealed is not None:
                kind, data = sealed
                enc = Node("enc", {"v": "2", "type": kind}, data)
                jid = endpoint.account.jid(server, endpoint.id)
                parts.append(Node("to", {"jid": jid}, [enc]))
        self.network.relay.spread(
            self,
            recipient,
            Node(
                "message",
                {"to": recipient.jid(server), "id": message_id, "type": "text"},
                [Node("participants", {}, parts)],
            ),
        )

    def _seal(
        self, endpoint: Endpoint, recipient: Account, text: str, server: str
    ) -> tuple[str, bytes] | None:
        book = self._book(endpoint.account, endpoint.id)
        if book.empty:
            bundle = self.network.relay.bundle(endpoint)
            if bundle is None:
                return None
            book.open(bundle)
        said = Message(conversation=text)
        if endpoint.account is self.account and recipient is not self.account:
            whole = Message()
            whole.deviceSentMessage.destinationJID = str(recipient.jid(server))
            whole.deviceSentMessage.message.CopyFrom(said)
            said = whole
        pad = secrets.randbelow(15) + 1
        kind, data = book.encrypt(said.SerializeToString() + bytes([pad]) * pad)
        if endpoint.id and self.network.faults.take("garble", endpoint.account.number):
            data = data[:-1] + bytes([data[-1] ^ 1])
        return kind, data

    def forget(self, device: Companion) -> None:
        """A device is linked no more: its sessions are of no use."""
        self._books.pop((device.account.number, device.id), None)


def readable(said: Any) -> str | None:
    """What a person would see of a message; None for one that shows nothing."""
    if said.conversation:
        return str(said.conversation)
    if said.extendedTextMessage.text:
        return str(said.extendedTextMessage.text)
    for kind in MEDIA:
        if said.HasField(f"{kind}Message"):
            caption = getattr(getattr(said, f"{kind}Message"), "caption", "")
            return f"[{kind}] {caption}".strip()
    if said.HasField("reactionMessage"):
        return f"[reaction] {said.reactionMessage.text}"
    return None
