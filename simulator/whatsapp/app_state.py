"""App state: the settings that a phone shares with its linked clients, encrypted for them only.

The phone sends its key to each client, which then asks the server for all collections. This phone
has one setting, its push name, and one patch that contains it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import struct
import time
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.whatsapp.wire.binary_xml import Node
from simulator.whatsapp.wire.noise import hkdf
from simulator.whatsapp.wire.protobuf import Message, SyncActionData, SyncdPatch

COLLECTION = "critical_block"
_INDEX = json.dumps(["setting_pushName"], separators=(",", ":")).encode()
_VERSION = 1
_SET = 1  # the operation's number in a MAC: its number in the patch plus one


class _Keys(NamedTuple):
    index_mac: bytes
    value_encryption: bytes
    value_mac: bytes
    snapshot_mac: bytes
    patch_mac: bytes


class AppState:
    """The shared state of one account: its push name."""

    def __init__(self, push_name: str) -> None:
        self._key_id, self._key = secrets.token_bytes(6), secrets.token_bytes(32)
        derived = hkdf(self._key, b"", b"WhatsApp Mutation Keys", 160)
        self._keys = _Keys(*(derived[at : at + 32] for at in range(0, 160, 32)))
        self.patch = self._patch(push_name)

    def collection(self, name: str, known: int) -> Node:
        """Return the collection called ``name`` for a client that has version ``known``."""
        if name != COLLECTION:
            return Node("collection", {"name": name, "version": str(known)})
        patches = [Node("patch", {}, self.patch)] if known < _VERSION else []
        content = [Node("patches", {}, patches)]
        return Node("collection", {"name": name, "version": str(_VERSION)}, content)

    def key_share(self) -> Any:
        """Return the message in which the phone gives a client its key."""
        message = Message()
        message.protocolMessage.type = 6
        key = message.protocolMessage.appStateSyncKeyShare.keys.add()
        key.keyID.keyID, key.keyData.keyData = self._key_id, self._key
        key.keyData.timestamp = int(time.time() * 1000)
        key.keyData.fingerprint.rawID = 1
        return message

    def _patch(self, push_name: str) -> bytes:
        value, mac = self._value(push_name)
        patch = SyncdPatch()
        patch.version.version = _VERSION
        mutation = patch.mutations.add(operation=0)
        mutation.record.index.blob = _mac(self._keys.index_mac, _INDEX)
        mutation.record.value.blob = value + mac
        mutation.record.keyID.ID = patch.keyID.ID = self._key_id
        about = struct.pack(">Q", _VERSION) + COLLECTION.encode()
        # The sum of all values is the expansion of the only one.
        total = hkdf(mac, b"", b"WhatsApp Patch Integrity", 128)
        patch.snapshotMAC = _mac(self._keys.snapshot_mac, total + about)
        patch.patchMAC = _mac(self._keys.patch_mac, patch.snapshotMAC + mac + about)
        return bytes(patch.SerializeToString())

    def _value(self, push_name: str) -> tuple[bytes, bytes]:
        """Return the encrypted setting with its initialization vector, and its MAC."""
        action = SyncActionData(index=_INDEX, padding=b"", version=_VERSION)
        action.value.timestamp = int(time.time() * 1000)
        action.value.pushNameSetting.name = push_name
        iv, padder = secrets.token_bytes(16), PKCS7(128).padder()
        plain = padder.update(action.SerializeToString()) + padder.finalize()
        seal = Cipher(algorithms.AES(self._keys.value_encryption), modes.CBC(iv)).encryptor()
        value = iv + seal.update(plain) + seal.finalize()
        about = bytes([_SET]) + self._key_id
        size = struct.pack(">Q", len(about))
        digest = hmac.new(self._keys.value_mac, about + value + size, hashlib.sha512)
        return value, digest.digest()[:32]


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()
