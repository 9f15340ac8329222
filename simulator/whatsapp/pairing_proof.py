"""The signatures with which an account and a linked device certify each other (ADV)."""

from __future__ import annotations

import hmac
import time
from typing import Any

from google.protobuf.message import DecodeError

from simulator.whatsapp.wire.protobuf import (
    ADVDeviceIdentity,
    ADVSignedDeviceIdentity,
    ADVSignedDeviceIdentityHMAC,
)
from simulator.whatsapp.wire.xeddsa import KeyPair, verify

ACCOUNT_SIGNATURE, DEVICE_SIGNATURE = b"\x06\x00", b"\x06\x01"


def sign_device(account: KeyPair, device_identity: bytes, raw_id: int, index: int) -> Any:
    """Return the ADVSignedDeviceIdentity with which an account accepts a device.

    ``device_identity`` is the device's identity key (32 bytes)."""
    details = ADVDeviceIdentity(
        rawID=raw_id, timestamp=int(time.time()), keyIndex=index
    ).SerializeToString()
    return ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=account.public,
        accountSignature=account.sign(ACCOUNT_SIGNATURE + details + device_identity),
    )


def seal(identity: Any, adv: bytes) -> bytes:
    """Serialize a signed identity with an HMAC under ``adv``, the 32-byte secret that only the
    phone and the client share."""
    inner = identity.SerializeToString()
    container = ADVSignedDeviceIdentityHMAC(details=inner, HMAC=hmac.digest(adv, inner, "sha256"))
    serialized: bytes = container.SerializeToString()
    return serialized


def is_device_signed(data: bytes, device_identity: bytes, account: bytes) -> bool:
    """Return whether the account (32-byte key) and the device have signed each other.

    ``data`` is a serialized ADVSignedDeviceIdentity, with or without the account's key."""
    try:
        identity = ADVSignedDeviceIdentity.FromString(data)
    except DecodeError:
        return False
    by_account = ACCOUNT_SIGNATURE + identity.details + device_identity
    by_device = DEVICE_SIGNATURE + identity.details + device_identity + account
    return verify(account, by_account, identity.accountSignature) and verify(
        device_identity, by_device, identity.deviceSignature
    )
