"""The public state of a session at one version, for first paint, API and WebSocket alike.

Pure: takes a row and the time, and returns plain data with texts in the active language.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, TypedDict
from uuid import UUID

from django.utils.translation import gettext

from core.web.qr_image import qr_svg
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.wording import REASONS, label


class Qr(TypedDict):
    """A QR code to scan: a credential. ``svg`` is a complete inline image."""

    text: str
    svg: str
    number: int
    of: int
    expires_at: datetime


class SessionSnapshot(TypedDict):
    """See the OpenAPI schema for what each field means."""

    id: UUID
    location: UUID
    location_name: str
    wanted: str
    status: str
    label: str
    reason: str
    sentence: str
    advice: str
    detail: str
    action: str
    phone_number: str
    linked: bool
    qr: Qr | None
    pairing_code: str
    pairing_error: str
    version: int
    since: datetime
    last_proof_at: datetime | None
    phone_seen_at: datetime | None
    next_retry_at: datetime | None


class LocationRow(Protocol):
    @property
    def name(self) -> str: ...


class StandingRow(Protocol):
    """The columns that determine the visible status of a session."""

    @property
    def wanted(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def lease_expires_at(self) -> datetime | None: ...


class SessionRow(Protocol):
    """The columns of a snapshot."""

    @property
    def location(self) -> LocationRow: ...

    id: UUID
    location_id: UUID
    wanted: str
    status: str
    reason: str
    detail: str
    since: datetime
    version: int
    phone_number: str
    jid: str
    qr_text: str
    qr_number: int | None
    qr_of: int | None
    qr_expires_at: datetime | None
    pairing_code: str
    pairing_error: str
    last_proof_at: datetime | None
    phone_seen_at: datetime | None
    next_retry_at: datetime | None
    lease_expires_at: datetime | None
    created_at: datetime


# A running gateway claims a new session within a second. Longer without a lease is an outage.
UNCLAIMED_GRACE_SECONDS = 10


def observed(row: StandingRow, now: datetime) -> tuple[Status, Reason]:
    """Return the status and reason to show at ``now``.

    Without a valid lease, no gateway keeps the row up to date: "ready" may be wrong, and a code
    that the row contains no longer works."""
    status, reason = Status(row.status), Reason(row.reason)
    if status is Status.DISCONNECTED or row.wanted != Wanted.LINKED:
        return status, reason
    if row.lease_expires_at is None:
        waiting = (now - row.since).total_seconds()
        orphaned = waiting > UNCLAIMED_GRACE_SECONDS
    else:
        orphaned = row.lease_expires_at < now
    return (Status.INITIALIZING, Reason.GATEWAY_OFFLINE) if orphaned else (status, reason)


def why_not_ready(row: SessionRow, now: datetime) -> Reason | None:
    """Return the reason why the session cannot send at ``now``, or None if it can."""
    if row.wanted != Wanted.LINKED:
        return Reason.UNLINKED if row.wanted == Wanted.UNLINKED else Reason.USER_DISCONNECT
    status, reason = observed(row, now)
    return None if status is Status.READY else reason


def _qr(row: SessionRow, status: Status) -> Qr | None:
    if status is not Status.QR or not row.qr_text or row.qr_expires_at is None:
        return None
    return {
        "text": row.qr_text,
        "svg": qr_svg(row.qr_text),
        "number": row.qr_number or 1,
        "of": row.qr_of or 1,
        "expires_at": row.qr_expires_at,
    }


def snapshot(row: SessionRow, now: datetime, *, with_code: bool = True) -> SessionSnapshot:
    """Return the public state of ``row`` at ``now`` (aware).

    Lists leave out the codes (``with_code=False``): they do not show them, and drawing one takes
    about 5 ms."""
    status, reason = observed(row, now)
    words = REASONS[reason]
    return {
        "id": row.id,
        "location": row.location_id,
        "location_name": row.location.name,
        "wanted": row.wanted,
        "status": str(status),
        "label": gettext(label(status, reason)),
        "reason": str(reason),
        "sentence": gettext(words.sentence),
        "advice": gettext(words.advice),
        "detail": row.detail,
        "action": str(words.action),
        "phone_number": row.phone_number,
        "linked": bool(row.jid),
        "qr": _qr(row, status) if with_code else None,
        "pairing_code": row.pairing_code if with_code and status is Status.QR else "",
        "pairing_error": row.pairing_error,
        "version": row.version,
        "since": row.since,
        "last_proof_at": row.last_proof_at,
        "phone_seen_at": row.phone_seen_at,
        "next_retry_at": row.next_retry_at,
    }
