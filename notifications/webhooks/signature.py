"""The signature by which a receiver verifies that a delivery is genuine and recent. Pure."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Pairline-Signature"
HIDDEN = "…"


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the value of the header for ``body`` sent at ``at`` (seconds since 1970).

    It has the time, and the HMAC-SHA256 of the time, a full stop and the body, in hex. Since the
    time is signed, a recorded delivery cannot be replayed later.
    """
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
