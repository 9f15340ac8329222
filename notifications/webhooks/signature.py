"""How a receiver knows that a delivery is from here, and fresh. Pure."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Pairline-Signature"
HIDDEN = "…"


def signature(secret: str, at: int, body: bytes) -> str:
    """The header's value for ``body`` sent at ``at`` (seconds since 1970): the time, and the
    HMAC-SHA256 of time, a full stop and body, in hex. The time is signed so that a delivery
    that somebody recorded cannot be played again later."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
