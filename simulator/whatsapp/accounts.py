"""The accounts of the simulated WhatsApp, each with a phone and linked devices.

``ClientConnection`` and ``SimulatedPhone`` are the interfaces of ``Connection`` and ``Phone``.
They let accounts refer to both without importing the modules that build on accounts.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.whatsapp.app_state import AppState
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.wire.binary_xml import LID_SERVER, USER_SERVER, Jid, Node
from simulator.whatsapp.wire.prekeys import Bundle, Registration
from simulator.whatsapp.wire.xeddsa import KeyPair

MAX_DEVICE = 99  # an address has one byte for the device


class ClientConnection(Protocol):
    """One client's connection to the simulated server."""

    since: float  # Unix time in seconds
    proxy_user: str | None
    proxy: str | None  # the proxy's name; None for the front proxy
    device: Companion | None  # None until the client has logged in

    @property
    def number(self) -> str | None:
        """The digits of the account behind the connection, once they are known."""

    def send(self, node: Node) -> None:
        """Queue a node for the client. Never blocks and never raises."""

    def answer(self, query: Node, *content: Node, **attrs: str) -> None:
        """Answer an iq with a result."""

    def refuse(self, query: Node, code: int, text: str) -> None:
        """Answer an iq with an error."""

    async def request(self, content: Node, seconds: float = 5.0) -> Node:
        """Send an iq to the client and return its answer. Raises ClientGone."""

    def end_stream(self, *last: Node, linger: float = 5.0) -> None:
        """Send the last nodes and end the stream. Close the socket after ``linger`` seconds."""

    def hang_up(self, code: int = 1001) -> None:
        """Close the websocket with a close code."""

    def reset(self) -> None:
        """Cut the TCP connection with a reset."""


class Endpoint(Protocol):
    """A device that receives stanzas: the phone (device 0) or a linked client."""

    id: int
    account: Account

    def deliver(self, stanza: Node) -> None:
        """Deliver a stanza now, or as soon as the device is online."""

    def bundle(self) -> Bundle | None:
        """Return a prekey bundle, which uses up a one-time key. None if there are no keys yet."""


class SimulatedPhone(Endpoint, Protocol):
    """The phone of an account, played by the simulator."""

    registration_id: int

    def write(self, recipient: Account, text: str, server: str = LID_SERVER) -> str:
        """Send a text and return the message id."""

    def open_chat(self, number: str) -> int:
        """Mark all messages from a number (digits) as read. Return how many there were."""

    def chat_log(self) -> list[dict[str, Any]]:
        """Return all messages in the format of the control API, oldest first."""

    def seal(self, endpoint: Endpoint, message: Any) -> tuple[str, bytes] | None:
        """Encrypt a message for one device: its type and data, or None without a bundle."""

    def forget(self, device: Companion) -> None:
        """Drop the Signal sessions with a device that was unlinked."""


@dataclass(eq=False)
class Companion:
    """A linked client: its keys, its undelivered stanzas, and its connection if it has one."""

    account: Account
    id: int
    registration: Registration
    one_time: deque[tuple[bytes, bytes]] = field(default_factory=deque)
    pending: dict[tuple[str, str], Node] = field(default_factory=dict)
    connection: ClientConnection | None = None
    ready: bool = False
    proxy_user: str | None = None
    proxy: str | None = None

    def deliver(self, stanza: Node) -> None:
        """See Endpoint. The stanza stays pending until the client confirms it."""
        self.pending[(stanza.tag, stanza.text("id"))] = stanza
        if self.ready and self.connection is not None:
            self.connection.send(stanza)

    def confirm(self, tag: str, stanza_id: str) -> None:
        """Drop a stanza that the client has received."""
        self.pending.pop((tag, stanza_id), None)

    def bundle(self) -> Bundle | None:
        """See Endpoint."""
        keys = self.registration
        one_time = self.one_time.popleft() if self.one_time else None
        return Bundle(keys.registration_id, keys.identity, keys.signed_key, one_time)


@dataclass(eq=False)
class Account:
    """A WhatsApp account. ``number`` and ``lid`` are digits without a plus sign."""

    number: str
    lid: str
    name: str
    identity: KeyPair
    phone: SimulatedPhone
    companions: dict[int, Companion] = field(default_factory=dict)
    last_device: int = 0
    contacts: set[Companion] = field(default_factory=set)  # devices to notify of changes
    state: AppState | None = None  # once the phone has shared it

    def jid(self, server: str, device: int = 0) -> Jid:
        """Return this account's address, as a number or as a LID."""
        return Jid(self.lid if server == LID_SERVER else self.number, server, device)

    def endpoints(self) -> Iterator[Endpoint]:
        """Yield the phone, then the linked devices."""
        yield self.phone
        yield from self.companions.values()

    def endpoint(self, device: int) -> Endpoint | None:
        """Return the device with a given id, or None."""
        return self.phone if device == 0 else self.companions.get(device)

    def next_device(self) -> int:
        """Return a free device id, reusing ids as late as possible. Raises RequestError."""
        if len(self.companions) >= MAX_DEVICE:
            raise RequestError(f"This phone already has {MAX_DEVICE} linked devices.")
        while True:
            self.last_device = self.last_device % MAX_DEVICE + 1
            if self.last_device not in self.companions:
                return self.last_device


class Accounts:
    """All accounts, indexed by number and LID."""

    def __init__(self) -> None:
        self._by_number: dict[str, Account] = {}
        self._by_lid: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_number.values())

    def add(self, account: Account) -> None:
        """Register an account."""
        self._by_number[account.number] = account
        self._by_lid[account.lid] = account

    def by_number(self, number: str) -> Account | None:
        """Return the account with a number (digits), or None."""
        return self._by_number.get(number)

    def by_jid(self, jid: Jid) -> Account | None:
        """Return the account behind an address (number or LID), or None."""
        if jid.server == LID_SERVER:
            return self._by_lid.get(jid.user)
        return self._by_number.get(jid.user) if jid.server in (USER_SERVER, "c.us") else None

    def free_number(self) -> str:
        """Return the digits of an unused Portuguese mobile number."""
        while (number := f"3519{secrets.randbelow(10**8):08}") in self._by_number:
            pass
        return number

    def free_lid(self) -> str:
        """Return the 15 digits of an unused LID."""
        while (lid := str(secrets.randbelow(9 * 10**14) + 10**14)) in self._by_lid:
            pass
        return lid
