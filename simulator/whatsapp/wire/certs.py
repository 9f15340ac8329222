"""The certificate chain for the server's Noise key, under a root of the simulator."""

from __future__ import annotations

import time

from simulator.whatsapp.wire.protobuf import CertChain
from simulator.whatsapp.wire.xeddsa import KeyPair

DAY = 86_400


def _certificate(signer: KeyPair, serial: int, issuer: int, key: bytes) -> tuple[bytes, bytes]:
    now = int(time.time())
    details = CertChain.NoiseCertificate.Details(
        serial=serial, issuerSerial=issuer, key=key, notBefore=now - DAY, notAfter=now + 365 * DAY
    ).SerializeToString()
    return details, signer.sign(details)


def chain(root: KeyPair, leaf: bytes) -> bytes:
    """Return a serialized CertChain: ``root`` signs an intermediate key, which signs ``leaf``."""
    intermediate = KeyPair.generate()
    message = CertChain()
    details, signature = _certificate(root, 1, 0, intermediate.public)
    message.intermediate.details, message.intermediate.signature = details, signature
    details, signature = _certificate(intermediate, 2, 1, leaf)
    message.leaf.details, message.leaf.signature = details, signature
    serialized: bytes = message.SerializeToString()
    return serialized
