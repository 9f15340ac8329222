"""The engine's end of the socket pair: one JSON object a line, both ways.

The gateway's end closing means that the gateway is gone. An engine without a gateway would hold
WhatsApp connections that nobody watches, so it ends at once.
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
    """End the process at once: the library's threads would keep a plain exit waiting for ever."""
    os._exit(EXIT_ORPHANED)


class Channel:
    """Lines over the inherited socket ``fd``. ``send`` may be called from any thread."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.set_inheritable(False)
        self._writing = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one line; blocks while the gateway does not read. Raises ProtocolError when
        the line is too long."""
        line = encode(message)
        try:
            with self._writing:
                self._socket.sendall(line)
        except OSError:
            orphaned()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the gateway says, until it is gone; then the process ends. Raises
        ProtocolError."""
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
