"""The signatures by which an account and a linked device vouch for each other (ADV)."""

from __future__ import annotations

import hmac
import time
from typing import Any

from google.protobuf.message import DecodeError

from simulator.whatsapp.protobuf import (
    ADVDeviceIdentity,
    ADVSignedDeviceIdentity,
    ADVSignedDeviceIdentityHMAC,
)
from simulator.whatsapp.xeddsa import KeyPair, verify

ACCOUNT_SIGNATURE, DEVICE_SIGNATURE = b"\x06\x00", b"\x06\x01"


def account_signs(account: KeyPair, device_identity: bytes, raw_id: int, index: int) -> Any:
    """The ADVSignedDeviceIdentity by which an account accepts a device (32-byte identity key)."""
    details = ADVDeviceIdentity(
        rawID=raw_id, timestamp=int(time.time()), keyIndex=index
    ).SerializeToString()
    return ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=account.public,
        accountSignature=account.sign(ACCOUNT_SIGNATURE + details + device_identity),
    )


def sealed(identity: Any, adv: bytes) -> bytes:
    """A signed identity under the secret (32 bytes) that only phone and client share."""
    inner = identity.SerializeToString()
    container = ADVSignedDeviceIdentityHMAC(details=inner, HMAC=hmac.digest(adv, inner, "sha256"))
    serialized: bytes = container.SerializeToString()
    return serialized


def device_signed(data: bytes, device_identity: bytes, account: bytes) -> bool:
    """Whether both have signed: the account (32-byte key) the device, the device the account.

    `data` is a serialized ADVSignedDeviceIdentity, with or without the account's key in it.
    """
    try:
        said = ADVSignedDeviceIdentity.FromString(data)
    except DecodeError:
        return False
    by_account = ACCOUNT_SIGNATURE + said.details + device_identity
    by_device = DEVICE_SIGNATURE + said.details + device_identity + account
    return verify(account, by_account, said.accountSignature) and verify(
        device_identity, by_device, said.deviceSignature
    )
