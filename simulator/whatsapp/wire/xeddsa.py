"""Curve25519 keys for key agreement (X25519) and signatures (XEdDSA), as in libsignal."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

PRIME = 2**255 - 19
DJB = b"\x05"  # libsignal's prefix of Curve25519 public keys


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair. ``public`` is the 32-byte X25519 public key."""

    public: bytes
    _agree: X25519PrivateKey
    _sign: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> KeyPair:
        """Generate a key pair whose Ed25519 signatures are also valid XEdDSA signatures.

        XEdDSA requires the sign bit of the Edwards point to be 0, which half of all seeds meet."""
        while True:
            seed = os.urandom(32)
            sign = Ed25519PrivateKey.from_private_bytes(seed)
            if sign.public_key().public_bytes_raw()[31] & 0x80 == 0:
                break
        scalar = bytearray(hashlib.sha512(seed).digest()[:32])
        scalar[0] &= 248
        scalar[31] = (scalar[31] & 127) | 64
        agree = X25519PrivateKey.from_private_bytes(bytes(scalar))
        return cls(agree.public_key().public_bytes_raw(), agree, sign)

    def exchange(self, peer: bytes) -> bytes:
        """Return the 32-byte shared secret with a peer's 32-byte public key.

        Raises ValueError for a low-order or malformed peer key."""
        return self._agree.exchange(X25519PublicKey.from_public_bytes(peer))

    def sign(self, message: bytes) -> bytes:
        """Return a 64-byte XEdDSA signature over ``message``."""
        return self._sign.sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether ``signature`` (64 bytes) is an XEdDSA signature of ``message`` by the 32-byte
    X25519 key ``public``."""
    if len(public) != 32 or len(signature) != 64:
        return False
    u = int.from_bytes(public, "little") & (2**255 - 1)
    y = (u - 1) * pow(u + 1, -1, PRIME) % PRIME if (u + 1) % PRIME else 0
    point = bytearray(y.to_bytes(32, "little"))
    point[31] |= signature[63] & 0x80
    plain = signature[:63] + bytes([signature[63] & 0x7F])
    try:
        Ed25519PublicKey.from_public_bytes(bytes(point)).verify(plain, message)
    except (InvalidSignature, ValueError):
        return False
    return True
