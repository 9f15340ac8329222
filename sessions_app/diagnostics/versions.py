"""The installed versions, and the newest tested version of neonize."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata

PAIRLINE = "0.1.0"
NEWEST_TESTED_NEONIZE = "0.5.2"  # the engine uses its private names (docs/decisions/)

_PACKAGES = ("django", "channels", "daphne", "neonize", "psycopg", "redis", "cryptography")
NOT_INSTALLED = "not installed"


def versions() -> Mapping[str, str]:
    """Return the versions of Pairline, Python and the important packages, without importing
    them."""
    return {
        "pairline": PAIRLINE,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "neonize, newest tested": NEWEST_TESTED_NEONIZE,
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
