"""The public keys with which a device is linked, and with which a Signal session starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedKey:
    """A signed prekey: id (3 bytes), public key (32 bytes), signature (64 bytes)."""

    id: bytes
    value: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """The prekey bundle that starts a Signal session with a device."""

    registration_id: bytes
    identity: bytes
    signed_key: SignedKey
    one_time: tuple[bytes, bytes] | None


@dataclass(frozen=True, slots=True)
class Registration:
    """The keys and the name that a client sends when it asks to be linked."""

    registration_id: bytes
    identity: bytes
    noise_static: bytes
    signed_key: SignedKey
    device_name: str = ""  # the phone shows it under "Linked devices"

    def matches(self, noise_static: bytes, identity: bytes) -> bool:
        """Return whether the keys in a QR code are the keys of this client."""
        return (self.noise_static, self.identity) == (noise_static, identity)
