"""What the gateway needs of the rest of the product, in its own words.

``SessionStore`` and ``Hints`` are implemented in ``sessions_app.store``, ``MessageSink`` and
``OutgoingQueue`` in ``conversations``; ``config``'s commands put them together. The gateway
itself imports nothing of Django. Every method is one short transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sessions_app.lifecycle import Event, Reason, Status, Wanted

ALL_SESSIONS = UUID(int=0)  # a hint that many sessions may need a look


@dataclass(frozen=True)
class SessionState:
    """A session's row as the gateway sees it."""

    id: UUID
    account_id: UUID
    location_id: UUID
    wanted: Wanted
    wanted_attempt: int
    wanted_at: datetime
    wanted_by: str
    wanted_pairing_phone: str
    attempt: int
    status: Status
    reason: Reason
    since: datetime
    version: int
    jid: str
    lease_epoch: int
    next_retry_at: datetime | None
    suspended: bool = False  # its account may not run for now: no link, but the keys stay
    device_name: str = ""  # what the phone shows under Linked devices; "" for ours
    phone_seen_at: datetime | None = None  # as it is written, which is at most hourly


@dataclass(frozen=True)
class Change:
    """An event that happened to a session, and the columns that it brings along."""

    event: Event
    actor: str = "gateway"
    detail: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)


class LeaseLost(Exception):
    """The row is no longer ours to write: another gateway has taken it over."""


class NumberTaken(Exception):
    """Another session of the same account is linked to this number."""


class ProxyUnusable(Exception):
    """The number's own proxy cannot be dialled; the sentence says why, without a login. Nothing
    is dialled instead."""


class SessionStore(Protocol):
    """The rows, behind compare-and-set on version and lease epoch."""

    async def claim(self, limit: int) -> list[SessionState]:
        """Take the lease of up to ``limit`` sessions that nobody runs; they come back as ours."""

    async def take_over_from_the_dead(self) -> int:
        """Free what gateways of this machine held that died without a word; how many."""

    async def renew(self) -> set[UUID]:
        """Renew all our leases in one statement; what we still hold."""

    async def wishes(self) -> list[SessionState]:
        """What we hold and whose customer asked for something not carried out yet."""

    async def read(self, session_id: UUID) -> SessionState | None:
        """The row as it is, or None when it is gone or no longer ours."""

    async def proxy_of(self, state: SessionState) -> str | None:
        """The number's own proxy as it is set now, a URL to dial (a secret: it goes to an engine
        and nowhere else); None when it has none. Raises ProxyUnusable or LeaseLost."""

    async def apply(self, state: SessionState, change: Change) -> SessionState:
        """Move the session by ``change``; the new state (the present one when the event is
        ignored there). Viewers are told. Raises LeaseLost or NumberTaken."""

    async def note_proofs(self, proofs: Mapping[UUID, datetime]) -> None:
        """Remember when each session last proved to be alive."""

    async def note_phones(self, phones: Mapping[UUID, datetime]) -> None:
        """Remember when each number's own phone last did something."""

    async def release(self, session_ids: Sequence[UUID]) -> None:
        """Give the leases back, so that another gateway may take over at once."""

    async def heartbeat(
        self, engines: list[dict[str, Any]], neonize_version: str, trouble: str
    ) -> None:
        """Say that this gateway lives, and with what engines."""

    async def farewell(self) -> None:
        """Say that this gateway has stopped on purpose."""


@dataclass(frozen=True)
class Hint:
    """``session_id`` or all sessions (``ALL_SESSIONS``) should be read again. With
    ``text_waiting`` the row has not changed: a text was queued."""

    session_id: UUID
    text_waiting: bool = False


class Hints(Protocol):
    """Hints from the rest of the product. A lost hint delays the work by a second."""

    async def next(self) -> Hint:
        """Wait for the next hint and return it. Raises whatever the transport raises; the
        caller waits and retries."""


@dataclass(frozen=True)
class IncomingMessage:
    """A text (or the caption of a medium) that reached the linked number, or was typed on its
    own phone (``from_me``). ``peer`` is the other side, E.164; ``sent_at`` is aware."""

    whatsapp_id: str
    peer: str
    peer_name: str
    text: str
    media: str | None
    from_me: bool
    sent_at: datetime


@dataclass(frozen=True)
class Receipt:
    """``status`` is "delivered" or "read"; it may come before we know the id as ours."""

    whatsapp_ids: tuple[str, ...]
    peer: str
    status: str
    at: datetime


@dataclass(frozen=True)
class OutgoingText:
    """One text to send: ``to`` is E.164, ``secret`` 64 hex digits (see the ledger)."""

    id: UUID
    to: str
    text: str
    secret: str


class MessageSink(Protocol):
    """Where what comes in is written, before anything else is done with it. Idempotent."""

    async def store_message(self, session_id: UUID, message: IncomingMessage) -> None: ...

    async def store_receipt(self, session_id: UUID, receipt: Receipt) -> None: ...


class OutgoingQueue(Protocol):
    """The texts that wait to be sent, oldest first, one session at a time."""

    async def waiting(self, session_ids: Sequence[UUID]) -> list[UUID]:
        """Which of these sessions have texts that wait."""

    async def take(self, session_id: UUID) -> OutgoingText | None:
        """The oldest waiting text, now marked as being sent; None when there is none."""

    async def sent(self, message_id: UUID, whatsapp_id: str, at: datetime) -> None:
        """WhatsApp has taken it."""

    async def failed(self, message_id: UUID, code: str, sentence: str) -> None:
        """It was refused, for good."""

    async def put_back(self, message_id: UUID) -> None:
        """It surely did not leave: it waits again, in its old place."""

    async def in_doubt(self, session_id: UUID) -> dict[str, UUID]:
        """secret → message: what was being sent when an engine ended."""

    async def may_have_left(self, message_id: UUID, whatsapp_id: str) -> None:
        """It may have left under this id: never sent again by itself, a receipt settles it."""

    async def fail_waiting(self, session_id: UUID, code: str, sentence: str) -> None:
        """The session has ended for good: what waits will not be sent."""
