"""Everything that the simulated WhatsApp knows, in one place."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from simulator.whatsapp import certs, iq, linking_code, tokens
from simulator.whatsapp.accounts import Account, Accounts
from simulator.whatsapp.binary_xml import Node
from simulator.whatsapp.events import EventLog
from simulator.whatsapp.faults import Faults
from simulator.whatsapp.phone import Phone
from simulator.whatsapp.refusal import Refused
from simulator.whatsapp.relay import Relay
from simulator.whatsapp.xeddsa import KeyPair

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection
    from simulator.whatsapp.pairing import Pairing, QrText


class Network:
    """Accounts, open connections, waiting codes, faults and the server's own keys."""

    def __init__(self) -> None:
        self.words = tokens.installed()
        self.root = KeyPair.generate()
        self.static = KeyPair.generate()
        self.certificate = certs.chain(self.root, self.static.public)
        self.accounts = Accounts()
        self.connections: set[Connection] = set()
        self.pairings: set[Pairing] = set()
        self.faults = Faults()
        self.log = EventLog()
        self.relay = Relay(self)

    @cached_property
    def _foreign(self) -> bytes:
        return certs.chain(KeyPair.generate(), self.static.public)

    def foreign_certificate(self) -> bytes:
        """A chain under a root that nobody trusts."""
        return self._foreign

    def create_account(self, number: str | None = None, name: str | None = None) -> Account:
        """A new account with a phone; number (digits) and name are drawn when absent."""
        number = number or self.accounts.free_number()
        identity = KeyPair.generate()
        phone = Phone(self, identity)
        account = Account(
            number, self.accounts.free_lid(), name or f"Phone {number[-4:]}", identity, phone
        )
        phone.account = account
        self.accounts.add(account)
        return account

    def waiting(self) -> list[Pairing]:
        """The clients that wait to be linked, the oldest first."""
        return sorted(self.pairings, key=lambda one: one.since)

    def find_waiting(self, shown: QrText) -> Pairing:
        """The client that shows this code; raises Refused when nobody does any more."""
        for one in self.pairings:
            if shown.ref in one.refs:
                if not one.valid(shown.ref):
                    raise Refused("This code has expired.")
                if not one.registration.matches(shown.noise_static, shown.identity):
                    raise Refused("This code does not belong to the client that waits.")
                return one
        raise Refused("No client waits with this code.")

    def oldest_waiting(self, ref_id: str | None) -> Pairing:
        """The client that waits longest, or the one named; raises Refused."""
        for one in self.waiting():
            if one.current() is not None and ref_id in (None, one.ref_id):
                return one
        raise Refused("No client waits with a code.")

    def hear(self, connection: Connection, node: Node) -> None:
        """Route one node from a client; raises WireError when it lacks what it must have."""
        device = connection.device
        waiting = connection.pairing
        if node.tag == "iq" and waiting is None:
            iq.hear(connection, node)
        elif node.tag == "iq" and waiting is not None:
            if node.find(linking_code.STAGE) is not None:
                linking_code.hear(waiting, node)
            else:
                waiting.hear(node)
        elif device is None:
            return
        elif node.tag == "message":
            self.relay.message(connection, device, node)
        elif node.tag == "receipt":
            self.relay.receipt(connection, device, node)
        elif node.tag == "ack":
            device.confirm(node.text("class"), node.text("id"))
