"""A client that waits to be linked, and the codes that it shows."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import time
from dataclasses import dataclass

from simulator.whatsapp.accounts import ClientConnection
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.wire.binary_xml import Node
from simulator.whatsapp.wire.prekeys import Registration

REFS = 6
FIRST_SECONDS, NEXT_SECONDS = 60.0, 20.0
GRACE_SECONDS = 2.0  # for a scan that was in progress when the code changed


@dataclass(frozen=True, slots=True)
class QrText:
    """The content of a QR code. The keys are 32 bytes each."""

    ref: str
    noise_static: bytes
    identity: bytes
    adv: bytes

    @classmethod
    def parse(cls, text: str) -> QrText:
        """Parse the URL form or the older bare form. Raises RequestError."""
        parts = text.strip().rpartition("#")[2].split(",")
        if len(parts) < 4:
            raise RequestError("This is not the text of a WhatsApp linking code.")
        try:
            noise, identity, adv = (base64.b64decode(p, validate=True) for p in parts[1:4])
        except (binascii.Error, ValueError) as error:
            raise RequestError("The keys in this linking code cannot be read.") from error
        return cls(parts[0], noise, identity, adv)


@dataclass(slots=True)
class CodeEntry:
    """A linking code that a client shows for ``number`` (digits). ``wrapped`` is the client's
    ephemeral key, encrypted with the code."""

    number: str
    wrapped: bytes
    ref: bytes
    finish: asyncio.Future[Node] | None = None


class Pairing:
    """A client that waits to be linked."""

    def __init__(self, connection: ClientConnection, registration: Registration, refs: int) -> None:
        self.connection = connection
        self.registration = registration
        self.since = time.time()
        self.refs = [f"2@{secrets.token_urlsafe(48)}" for _ in range(refs)]
        self.adv: bytes | None = None  # set once the code was shown to the simulator
        self.code: CodeEntry | None = None
        self.busy = False
        self._opened = time.monotonic()

    @property
    def ref_id(self) -> str:
        """A short public name of this pairing."""
        return self.refs[0][2:10]

    def window(self, ref: str) -> tuple[float, float]:
        """Return when the client shows a ref: start and end, in seconds after the pairing began."""
        first = FIRST_SECONDS if len(self.refs) == REFS else NEXT_SECONDS
        index = self.refs.index(ref)
        start = first + (index - 1) * NEXT_SECONDS if index else 0.0
        return start, first + index * NEXT_SECONDS

    def current(self, age: float | None = None) -> str | None:
        """Return the ref that the client shows now, or None if all have expired."""
        age = time.monotonic() - self._opened if age is None else age
        return next((ref for ref in self.refs if age < self.window(ref)[1] + GRACE_SECONDS), None)

    def cancel(self) -> None:
        """Stop waiting for the client's answer to a typed code, because it has disconnected."""
        if self.code is not None and self.code.finish is not None:
            self.code.finish.cancel()

    def handle(self, query: Node) -> None:
        """Answer a query of a client that is not linked yet. Raises WireError."""
        if query.text("xmlns") == "w:p":
            self.connection.answer(query)
        else:
            self.connection.refuse(query, 501, "feature-not-implemented")

    def valid(self, ref: str) -> bool:
        """Return whether a ref can still be scanned."""
        age = time.monotonic() - self._opened
        return ref in self.refs and age < self.window(ref)[1] + GRACE_SECONDS
