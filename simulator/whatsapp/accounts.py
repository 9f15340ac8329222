"""Who exists on the simulated WhatsApp: accounts, their phone, their linked devices."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from simulator.whatsapp.binary_xml import LID_SERVER, USER_SERVER, Jid, Node
from simulator.whatsapp.refusal import Refused
from simulator.whatsapp.xeddsa import KeyPair

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection
    from simulator.whatsapp.phone import Phone

LAST_DEVICE = 99  # an address has one byte for the device


@dataclass(frozen=True, slots=True)
class SignedKey:
    """A signed prekey: id (3 bytes), public key (32 bytes), signature (64 bytes)."""

    id: bytes
    value: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client says of itself when it wants to be linked."""

    registration_id: bytes
    identity: bytes
    noise_static: bytes
    signed_key: SignedKey
    device_name: str = ""  # what the phone shows under Linked devices

    def matches(self, noise_static: bytes, identity: bytes) -> bool:
        """Whether a code shows the keys that the client itself has shown."""
        return (self.noise_static, self.identity) == (noise_static, identity)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What somebody needs to start a Signal session with a device."""

    registration_id: bytes
    identity: bytes
    signed_key: SignedKey
    one_time: tuple[bytes, bytes] | None


class Endpoint(Protocol):
    """A device that stanzas can be delivered to: the phone (0) or a linked client."""

    id: int
    account: Account

    def deliver(self, stanza: Node) -> None:
        """Hand over one stanza, now or when the device is there again."""

    def bundle(self) -> Bundle | None:
        """A prekey bundle; each uses up one one-time key. None when there are no keys yet."""


@dataclass(eq=False)
class Companion:
    """A linked client: its keys, what waits for it, and its connection while it has one."""

    account: Account
    id: int
    registration: Registration
    one_time: deque[tuple[bytes, bytes]] = field(default_factory=deque)
    pending: dict[tuple[str, str], Node] = field(default_factory=dict)
    connection: Connection | None = None
    ready: bool = False
    proxy_user: str | None = None
    proxy: str | None = None

    def deliver(self, stanza: Node) -> None:
        """Keep the stanza until the client confirms it, and send it when the client listens."""
        self.pending[(stanza.tag, stanza.text("id"))] = stanza
        if self.ready and self.connection is not None:
            self.connection.send(stanza)

    def confirm(self, tag: str, stanza_id: str) -> None:
        """The client has this stanza: it need not be sent again."""
        self.pending.pop((tag, stanza_id), None)

    def bundle(self) -> Bundle | None:
        """See Endpoint."""
        known = self.registration
        one_time = self.one_time.popleft() if self.one_time else None
        return Bundle(known.registration_id, known.identity, known.signed_key, one_time)


@dataclass(eq=False)
class Account:
    """A WhatsApp account. `number` and `lid` are digits without a plus sign."""

    number: str
    lid: str
    name: str
    identity: KeyPair
    phone: Phone
    companions: dict[int, Companion] = field(default_factory=dict)
    last_device: int = 0
    talks_with: set[Companion] = field(default_factory=set)

    def jid(self, server: str, device: int = 0) -> Jid:
        """This account's address as a number or as a LID."""
        return Jid(self.lid if server == LID_SERVER else self.number, server, device)

    def endpoints(self) -> Iterator[Endpoint]:
        """The phone, then the linked devices."""
        yield self.phone
        yield from self.companions.values()

    def endpoint(self, device: int) -> Endpoint | None:
        """One device by its number."""
        return self.phone if device == 0 else self.companions.get(device)

    def next_device(self) -> int:
        """A device number that is free, and was not used for as long as possible."""
        if len(self.companions) >= LAST_DEVICE:
            raise Refused("This phone has as many linked devices as there are numbers for.")
        while True:
            self.last_device = self.last_device % LAST_DEVICE + 1
            if self.last_device not in self.companions:
                return self.last_device


class Accounts:
    """All accounts, found by number, LID or address."""

    def __init__(self) -> None:
        self._by_number: dict[str, Account] = {}
        self._by_lid: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_number.values())

    def add(self, account: Account) -> None:
        """Make an account known."""
        self._by_number[account.number] = account
        self._by_lid[account.lid] = account

    def by_number(self, number: str) -> Account | None:
        """The account with a number (digits)."""
        return self._by_number.get(number)

    def by_jid(self, jid: Jid) -> Account | None:
        """The account behind an address, whichever way it is written."""
        if jid.server == LID_SERVER:
            return self._by_lid.get(jid.user)
        return self._by_number.get(jid.user) if jid.server in (USER_SERVER, "c.us") else None

    def free_number(self) -> str:
        """Digits of a Portuguese mobile number that nobody has."""
        while (number := f"3519{secrets.randbelow(10**8):08}") in self._by_number:
            pass
        return number

    def free_lid(self) -> str:
        """15 digits of a LID that nobody has."""
        while (lid := str(secrets.randbelow(9 * 10**14) + 10**14)) in self._by_lid:
            pass
        return lid
