"""The interfaces through which the gateway uses the rest of the product, and their data types.

``SessionStore`` and ``Hints`` are implemented in ``sessions_app.store``, ``MessageSink`` and
``OutgoingQueue`` in ``conversations``; ``config.composition`` wires them together. The gateway
itself does not import Django. Every method is one short transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from sessions_app.lifecycle import Event, Reason, Status, Wanted

ALL_SESSIONS = UUID(int=0)  # a hint that any number of sessions may need attention


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
    jid: str  # the linked device's address at WhatsApp; "" while none is linked
    lease_epoch: int
    next_retry_at: datetime | None
    suspended: bool = False  # the account is suspended: disconnect, but keep the keys
    device_name: str = ""  # shown on the phone under Linked devices; "" for the default
    phone_seen_at: datetime | None = None  # as stored, which is at most hourly
    phone_number: str = ""  # E.164: the number linked now, or last; "" before the first
    banned_at: tuple[datetime, ...] = ()  # the latest temporary bans; read with a claim only


class _Unchanged(Enum):
    UNCHANGED = auto()


UNCHANGED: Final = _Unchanged.UNCHANGED
Unchanged = Literal[_Unchanged.UNCHANGED]
"""Marks a field of a ``Change`` that keeps its stored value. None clears the stored value."""


@dataclass(frozen=True)
class PairingQr:
    """A QR code to show, the ``number``-th (from 1) of ``of``."""

    text: str = field(repr=False)  # a credential
    number: int
    of: int
    expires_at: datetime


@dataclass(frozen=True)
class LinkedDevice:
    """The device that is linked: its address at WhatsApp and its number (E.164)."""

    jid: str
    phone_number: str


@dataclass(frozen=True)
class Change:
    """An event in the lifecycle of a session, and the facts to store with it.

    The store derives status and reason from ``event``. It clears QR and pairing code by itself
    when the session leaves ``qr``."""

    event: Event
    actor: str = "gateway"
    detail: str = ""  # the first 120 characters are stored
    qr: PairingQr | Unchanged = UNCHANGED
    pairing_code: str | Unchanged | None = UNCHANGED
    pairing_error: str | Unchanged | None = UNCHANGED
    device: LinkedDevice | Unchanged | None = UNCHANGED  # None unlinks it; the number stays known
    attempt: int | Unchanged = UNCHANGED  # the ``wanted_attempt`` that is carried out
    retry_at: datetime | Unchanged | None = UNCHANGED
    proved_at: datetime | Unchanged = UNCHANGED  # the last proof of life
    phone_seen_at: datetime | Unchanged = UNCHANGED


class LeaseLost(Exception):
    """Another gateway has taken the session over; nothing was written."""


class NumberTaken(Exception):
    """Another session of the same account is linked to this number."""


class ProxyUnusable(Exception):
    """The number's own proxy cannot be dialled, and the number is not dialled without it. The
    text gives the reason and contains no login."""


class SessionStore(Protocol):
    """The rows of the sessions, written with compare-and-set on version and lease epoch."""

    async def claim(self, limit: int) -> list[SessionState]:
        """Claim the leases of up to ``limit`` sessions that no gateway runs."""

    async def free_dead_leases(self) -> int:
        """Free the leases of this machine's gateways that ended without releasing them. Returns
        how many."""

    async def renew(self) -> set[UUID]:
        """Renew all our leases in one statement. Returns the sessions we still hold."""

    async def wishes(self) -> list[SessionState]:
        """Return our sessions whose customer wants something that has not been carried out."""

    async def read(self, session_id: UUID) -> SessionState | None:
        """Return the row, or None if it is gone or no longer ours."""

    async def proxy_of(self, state: SessionState) -> str | None:
        """Return the number's own proxy as a URL to dial, or None if it has none. The URL is a
        secret: pass it to an engine and nowhere else. Raises ProxyUnusable or LeaseLost."""

    async def apply(self, state: SessionState, change: Change) -> SessionState:
        """Write ``change`` and notify viewers. Returns the new state, or the present one if the
        lifecycle ignores the event there. Raises LeaseLost or NumberTaken."""

    async def note_proofs(self, proofs: Mapping[UUID, datetime]) -> None:
        """Store when each session last proved to be alive."""

    async def note_phones(self, phones: Mapping[UUID, datetime]) -> None:
        """Store when each number's own phone was last active."""

    async def release(self, session_ids: Sequence[UUID]) -> None:
        """Release these leases, so that another gateway can claim them at once."""

    async def heartbeat(
        self, engines: list[dict[str, Any]], neonize_version: str, trouble: str
    ) -> None:
        """Record that this gateway is alive, and its engines."""

    async def mark_stopped(self) -> None:
        """Record that this gateway has stopped on purpose."""


class RouteCheck(Protocol):
    """Tries proxies, a few at once for each account."""

    async def verify(self, account_id: UUID, proxy: str) -> None:
        """Connect to WhatsApp through ``proxy``, a URL from ``SessionStore.proxy_of``. Takes ten
        seconds at most, after the wait for the account's other checks. Raises ProxyUnusable."""


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
    """A text (or the caption of a medium) that the linked number received, or that its own phone
    sent (``from_me``). ``peer`` is the other side, E.164; ``sent_at`` is aware."""

    whatsapp_id: str
    peer: str
    peer_name: str
    text: str
    media: str | None
    from_me: bool
    sent_at: datetime


@dataclass(frozen=True)
class Receipt:
    """``status`` is "delivered" or "read". A receipt can arrive before its id is stored."""

    whatsapp_ids: tuple[str, ...]
    peer: str
    status: str
    at: datetime


@dataclass(frozen=True)
class OutgoingText:
    """One text to send. ``to`` is E.164, ``secret`` 64 hex digits (see the ledger)."""

    id: UUID
    to: str
    text: str
    secret: str


class MessageSink(Protocol):
    """Stores what arrives before anything else happens with it. Idempotent."""

    async def store_message(self, session_id: UUID, message: IncomingMessage) -> None: ...

    async def store_receipt(self, session_id: UUID, receipt: Receipt) -> None: ...


class OutgoingQueue(Protocol):
    """The texts that wait to be sent, oldest first, one at a time per session."""

    async def waiting(self, session_ids: Sequence[UUID]) -> list[UUID]:
        """Return which of these sessions have waiting texts."""

    async def take(self, session_id: UUID) -> OutgoingText | None:
        """Mark the oldest waiting text as being sent and return it, or None if none waits."""

    async def sent(self, message_id: UUID, whatsapp_id: str, at: datetime) -> None:
        """Record that WhatsApp has accepted the text."""

    async def failed(self, message_id: UUID, code: str, sentence: str) -> None:
        """Record that the text was refused for good."""

    async def put_back(self, message_id: UUID) -> None:
        """Put a text that certainly was not sent back in its old place."""

    async def in_doubt(self, session_id: UUID) -> dict[str, UUID]:
        """Return, by secret, the texts that were being sent when an engine ended."""

    async def may_have_left(self, message_id: UUID, whatsapp_id: str) -> None:
        """Record that the text may have been sent under this id. It is never sent again
        automatically; a receipt settles it."""

    async def fail_waiting(self, session_id: UUID, code: str, sentence: str) -> None:
        """Fail all waiting texts: the session has ended for good."""
