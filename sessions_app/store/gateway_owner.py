"""The names of gateways as owners of leases.

A name tells in which process space its process id is valid: one boot of one machine, and one PID
namespace (a container has its own). Host names do not: containers and cloned machines share them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_HOST_CHARACTERS = 60


def process_space() -> str:
    """Return 12 hex digits that two processes share only if they can see each other's ids.

    Where the system does not tell, they are random: no other process is known to be visible.
    """
    try:
        facts = f"{_BOOT_ID.read_text().strip()} {_PID_NAMESPACE.readlink()}"
    except OSError:
        return secrets.token_hex(6)
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def new_owner(space: str, host: str) -> str:
    """Return a unique name for a gateway of this process, at most 120 characters."""
    return f"{_prefix(space)}{host[:_HOST_CHARACTERS]}:{os.getpid()}:{secrets.token_hex(4)}"


def is_of_space(owner: str, space: str) -> bool:
    """Return whether the gateway ``owner`` has run in ``space``."""
    return owner.startswith(_prefix(space))


def _prefix(space: str) -> str:
    return f"{space}:"
