"""The phone of an account: device 0, played by the simulator itself."""
from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from simulator.whatsapp.accounts import Account, Bundle, SignedKey
from simulator.whatsapp.binary_xml import Node
from simulator.whatsapp.xeddsa import DJB, KeyPair

if TYPE_CHECKING:
    from simulator.whatsapp.network import Network


class Phone:
    """Reads what is sent to its account and writes to others."""

    id = 0

    def __init__(self, network: Network, identity: KeyPair) -> None:
        self.network = network
        self.account: Account
        self.registration_id = secrets.randbelow(0x3FFF) + 1
        self._identity = identity
        self._signed = KeyPair.generate()
        self.stanzas: list[Node] = []

    def deliver(self, stanza: Node) -> None:
        self.stanzas.append(stanza)

    def bundle(self) -> Bundle | None:
        signature = self._identity.sign(DJB + self._signed.public)
        signed = SignedKey((1).to_bytes(3, "big"), self._signed.public, signature)
        return Bundle(self.registration_id.to_bytes(4, "big"), self._identity.public, signed, None)
