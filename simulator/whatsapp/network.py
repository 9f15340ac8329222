"""The state of the simulated WhatsApp."""

from __future__ import annotations

import secrets
import time
from functools import cached_property

from simulator.whatsapp.accounts import Account, Accounts, ClientConnection
from simulator.whatsapp.app_state import AppState
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.event_log import EventLog
from simulator.whatsapp.faults.standing import Faults
from simulator.whatsapp.pairing_state import Pairing, QrText
from simulator.whatsapp.phone import Phone
from simulator.whatsapp.relay import Relay
from simulator.whatsapp.wire import certs, tokens
from simulator.whatsapp.wire.binary_xml import LID_SERVER, Node, Value
from simulator.whatsapp.wire.xeddsa import KeyPair


class Network:
    """Accounts, open connections, pairings, faults, and the keys of the server."""

    def __init__(self) -> None:
        self.words = tokens.installed()
        self.root = KeyPair.generate()
        self.static = KeyPair.generate()
        self.certificate = certs.chain(self.root, self.static.public)
        self.accounts = Accounts()
        self.connections: set[ClientConnection] = set()
        self.pairings: set[Pairing] = set()
        self.faults = Faults()
        self.log = EventLog()
        self.relay = Relay(self.accounts, self.faults, self.log)

    @cached_property
    def untrusted_certificate(self) -> bytes:
        """A certificate chain under a root that no client trusts."""
        return certs.chain(KeyPair.generate(), self.static.public)

    def create_account(self, number: str | None = None, name: str | None = None) -> Account:
        """Create an account with a phone. Draw the number (digits) and name if not given."""
        number = number or self.accounts.free_number()
        identity = KeyPair.generate()
        phone = Phone(self.accounts, self.relay, self.faults, self.log, identity)
        account = Account(
            number, self.accounts.free_lid(), name or f"Phone {number[-4:]}", identity, phone
        )
        phone.account = account
        self.accounts.add(account)
        return account

    def share_state(self, account: Account, push_name: str) -> int:
        """Let a phone share its state, with its push name, with its linked clients, as it does
        after a link. Return how many clients there are."""
        account.state = account.state or AppState(push_name)
        for device in account.companions.values():
            sealed = account.phone.seal(device, account.state.key_share())
            if sealed is not None:
                device.deliver(_peer_message(account, *sealed))
        return len(account.companions)

    def waiting(self) -> list[Pairing]:
        """Return the clients that wait to be linked, oldest first."""
        return sorted(self.pairings, key=lambda one: one.since)

    def find_waiting(self, code: QrText) -> Pairing:
        """Return the client that shows this code. Raises RequestError if there is none."""
        for one in self.pairings:
            if code.ref in one.refs:
                if not one.valid(code.ref):
                    raise RequestError("This code has expired.")
                if not one.registration.matches(code.noise_static, code.identity):
                    raise RequestError("This code does not belong to the waiting client.")
                return one
        raise RequestError("No client is waiting with this code.")

    def oldest_waiting(self, ref_id: str | None) -> Pairing:
        """Return the client with this ref id, or the oldest one. Raises RequestError."""
        for one in self.waiting():
            if one.current() is not None and ref_id in (None, one.ref_id):
                return one
        raise RequestError("No client is waiting with a code.")


def _peer_message(account: Account, kind: str, data: bytes) -> Node:
    """Return a message of a phone to one of its own clients."""
    attrs: dict[str, Value] = {
        "from": account.jid(LID_SERVER),
        "id": "3A" + secrets.token_hex(9).upper(),
        "t": str(int(time.time())),
        "type": "text",
        "category": "peer",
    }
    return Node("message", attrs, [Node("enc", {"v": "2", "type": kind}, data)])
