"""The TLS contexts of outgoing connections, built once.

Building one reads and parses all certificate authorities, for 20 to 50 ms: that must not happen
on an event loop. Coroutines use ``context_off_the_loop``.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import lru_cache
from pathlib import Path


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return the context that trusts the authorities of the system or, with ``ca_file``, only
    those in that file. Blocks on the first call. Raises OSError if the file cannot be read."""
    return _build(ca_file, Path(ca_file).stat().st_mtime_ns if ca_file else 0)


async def context_off_the_loop(ca_file: str | None = None) -> ssl.SSLContext:
    """Return ``client_context(ca_file)``, built in another thread. Raises OSError."""
    return await asyncio.to_thread(client_context, ca_file)


@lru_cache(maxsize=8)
def _build(ca_file: str | None, changed_at: int) -> ssl.SSLContext:
    """``changed_at`` makes a new context for a file that has changed."""
    return ssl.create_default_context(cafile=ca_file)
