"""What the gateway may order of a client, and how a client refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sessions_app.engine.errors import Refusal
from sessions_app.engine.jids import Jid

Tell = Callable[[dict[str, Any]], None]
"""Sends a line to the gateway."""


@dataclass(frozen=True)
class Order:
    """What a start asks for; see ``Command.START``."""

    run: str
    jid: Jid | None
    device_name: str
    proxy: str | None = field(repr=False)  # a URL, which may hold a password
    own_proxy: bool = False  # the number's own, not the way to a simulator


class CommandFailed(Exception):
    """A command could not be done; ``refusal`` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


NOT_CONNECTED = Refusal("not_connected", "This number is not connected to WhatsApp right now.")
