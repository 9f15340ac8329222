"""The engine's end of the socket pair: one JSON object a line, in both directions.

When the gateway's end closes, the gateway is gone. The engine then exits at once, because no
process would watch its WhatsApp connections any more.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from sessions_app.engine.protocol import MAX_LINE_BYTES, ProtocolError, decode, encode

EXIT_ORPHANED = 0


def orphaned() -> NoReturn:
    """Exit at once. A normal exit would wait forever for the library's threads."""
    os._exit(EXIT_ORPHANED)


class Channel:
    """Send and receive lines over the inherited socket ``fd``. ``send`` is thread-safe."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.set_inheritable(False)
        self._write_lock = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one line, blocking while the gateway does not read. Raises ProtocolError if
        the line is too long."""
        line = encode(message)
        try:
            with self._write_lock:
                self._socket.sendall(line)
        except OSError:
            orphaned()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield the gateway's messages until it closes its end, then exit the process. Raises
        ProtocolError for an invalid line."""
        with self._socket.makefile("rb") as lines:
            while True:
                try:
                    line = lines.readline(MAX_LINE_BYTES + 1)
                except OSError:
                    orphaned()
                if not line.endswith(b"\n"):
                    if len(line) > MAX_LINE_BYTES:
                        raise ProtocolError("a line is over the limit")
                    orphaned()
                yield decode(line)
