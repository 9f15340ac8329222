"""The request to start a client, and the exception of a failed command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sessions_app.engine.errors import ErrorReply
from sessions_app.engine.jids import Jid

SendSignal = Callable[[dict[str, Any]], None]
"""Sends one line to the gateway."""


@dataclass(frozen=True)
class StartRequest:
    """The arguments of ``Command.START``."""

    run: str
    jid: Jid | None
    device_name: str
    proxy: str | None = field(repr=False)  # a URL, which may contain a password
    own_proxy: bool = False  # the number's own proxy, not the one of the simulator


class CommandFailed(Exception):
    """A command failed; ``reply`` is the error to return to the gateway."""

    def __init__(self, reply: ErrorReply) -> None:
        super().__init__(reply.code)
        self.reply = reply


NOT_CONNECTED = ErrorReply("not_connected", "This number is not connected to WhatsApp right now.")
