"""Writes the changes of sessions: one transaction, compare-and-set on version and lease epoch.

No other code writes a status. A caller that has lost the lease, or decided on an old version,
changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.security.encryption import SealBroken
from locations.models import AccountState
from locations.plans.account_state import standing
from sessions_app.gateway.ports import (
    UNCHANGED,
    Change,
    LeaseLost,
    LinkedDevice,
    NumberTaken,
    SessionState,
)
from sessions_app.lifecycle import Event, Reason, Status, Transition, Wanted, next_transition
from sessions_app.models import Session, SessionEvent
from sessions_app.signals import sessions_written

logger = logging.getLogger(__name__)

_CODE_CLEARED: Mapping[str, Any] = {
    "qr_text": "",
    "qr_number": None,
    "qr_of": None,
    "qr_expires_at": None,
    "pairing_code": "",
    "pairing_error": "",
}

_UNVERSIONED = frozenset({"last_proof_at"})  # alone, it makes no new version

_LOG_LINES: Mapping[Event, str] = {
    Event.QR_CODE: "QR code stored for session with status 'qr'",
    Event.PAIR_CODE: "QR code stored for session with status 'qr'",
    Event.PAIR_SUCCESS: "Code scanned for session",
    Event.CONNECTED: "Session connected",
    Event.DROPPED: "Session dropped",
}


def state_of(row: Session) -> SessionState:
    """Return the gateway's view of ``row``, which must come from ``for_gateway``."""
    stands = standing(row.account_state, row.account_trial_ends_at, row.read_at)
    return _state(row, stands is AccountState.SUSPENDED)


def _state(row: Session, suspended: bool) -> SessionState:
    return SessionState(
        id=row.id,
        account_id=row.account_id,
        location_id=row.location_id,
        wanted=Wanted(row.wanted),
        wanted_attempt=row.wanted_attempt,
        wanted_at=row.wanted_at,
        wanted_by=row.wanted_by,
        wanted_pairing_phone=row.wanted_pairing_phone,
        attempt=row.attempt,
        status=Status(row.status),
        reason=Reason(row.reason),
        since=row.since,
        version=row.version,
        jid=row.jid,
        lease_epoch=row.lease_epoch,
        next_retry_at=row.next_retry_at,
        suspended=suspended,
        device_name=row.device_name,
        phone_seen_at=row.phone_seen_at,
        phone_number=row.phone_number,
    )


@dataclass(frozen=True)
class ChangeRequest:
    """A change that the holder of a session's lease wants written. ``suspended`` is what the
    holder last read of the account; it is copied to the new state, because reading it with every
    change would make writing a tenth slower."""

    session_id: UUID
    lease_epoch: int
    change: Change
    suspended: bool = False


def apply_changes(owner: str, requests: Sequence[ChangeRequest]) -> list[SessionState | Exception]:
    """Write ``requests`` in one transaction, each if ``owner`` still holds the session's lease.
    A session may occur only once.

    Returns one result per request, in order: the new state (the present one if the lifecycle
    ignores the event there), or the exception because of which it was not written: LeaseLost,
    NumberTaken if the account has linked the number already, or any other error of that request,
    such as a value that does not fit its column. A request that fails does not affect the others.
    Raises OperationalError or InterfaceError if the database cannot be reached."""
    try:
        with transaction.atomic():
            return _apply(owner, requests)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(requests) > 1:
            return [result for one in requests for result in apply_changes(owner, [one])]
        return [_refusal(requests[0], error)]


def _refusal(request: ChangeRequest, error: Exception) -> Exception:
    if isinstance(error, IntegrityError) and isinstance(request.change.device, LinkedDevice):
        return NumberTaken(str(request.session_id))
    return error


def apply_unowned_change(session_id: UUID, version: int, change: Change) -> bool:
    """Write ``change`` to a session without checking its lease, if it is still at ``version``.
    For the operators' cleanup. Returns whether anything changed."""
    with transaction.atomic():
        rows = _locked([session_id])
        written = [w for w in (_move(row, change) for row in rows if row.version == version) if w]
        _record(written)
        return bool(written)


def _apply(owner: str, requests: Sequence[ChangeRequest]) -> list[SessionState | Exception]:
    rows = {row.pk: row for row in _locked([one.session_id for one in requests])}
    results: list[SessionState | Exception] = []
    written = []
    for one in requests:
        row = rows.get(one.session_id)
        if row is None or (row.lease_owner, row.lease_epoch) != (owner, one.lease_epoch):
            results.append(LeaseLost(str(one.session_id)))
            continue
        if (moved := _move(row, one.change)) is not None:
            written.append(moved)
        results.append(_state(row, one.suspended))
    _record(written)
    return results


def _locked(session_ids: Sequence[UUID]) -> QuerySet[Session]:
    """Return these sessions, locked until the commit, always in the same order."""
    rows: QuerySet[Session] = Session.objects.filter(pk__in=session_ids)
    return rows.order_by("pk").select_for_update()


def _move(row: Session, change: Change) -> Written | None:
    """Apply ``change`` to ``row``, in memory and in the database. Returns None if there is no
    difference."""
    transition = next_transition(Status(row.status), change.event)
    if transition is None:
        logger.debug(
            "Event ignored for session",
            extra={**_log_facts(row), "event": str(change.event), "status": row.status},
        )
        return None
    wanted = _columns(row, transition, change)
    columns = {name: value for name, value in wanted.items() if not _holds(row, name, value)}
    return _write(row, change, columns) if columns.keys() - _UNVERSIONED else None


def _holds(row: Session, name: str, value: Any) -> bool:
    try:
        return bool(getattr(row, name) == value)
    except SealBroken:  # a code whose key is gone must not block the change
        return False


def _columns(row: Session, transition: Transition, change: Change) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "status": str(transition.status),
        "reason": str(transition.reason),
        "detail": change.detail[:120],
        **_changed_columns(change),
    }
    if transition.status is not Status.QR:
        columns.update(_CODE_CLEARED)
    if row.status != transition.status:
        columns["since"] = timezone.now()
    return columns


def _changed_columns(change: Change) -> dict[str, Any]:
    """Return the columns for the fields that ``change`` sets. "" clears a text column."""
    columns: dict[str, Any] = {}
    if change.qr is not UNCHANGED:
        columns["qr_text"], columns["qr_number"] = change.qr.text, change.qr.number
        columns["qr_of"], columns["qr_expires_at"] = change.qr.of, change.qr.expires_at
    if change.device is None:
        columns["jid"] = ""
    elif change.device is not UNCHANGED:
        columns["jid"], columns["phone_number"] = change.device.jid, change.device.phone_number
    others: Mapping[str, Any] = {
        "pairing_code": "" if change.pairing_code is None else change.pairing_code,
        "pairing_error": "" if change.pairing_error is None else change.pairing_error,
        "attempt": change.attempt,
        "next_retry_at": change.retry_at,
        "last_proof_at": change.proved_at,
        "phone_seen_at": change.phone_seen_at,
    }
    columns.update((name, value) for name, value in others.items() if value is not UNCHANGED)
    return columns


def _write(row: Session, change: Change, columns: dict[str, Any]) -> Written:
    old_status, old_reason, old_version = row.status, row.reason, row.version
    was_linked = row.is_linked
    for name, value in columns.items():
        setattr(row, name, value)
    row.version = old_version + 1
    mine = Session.objects.filter(pk=row.pk, version=old_version, lease_epoch=row.lease_epoch)
    if not mine.update(**columns, version=row.version):
        raise LeaseLost(str(row.pk))
    return Written(
        session=row,
        change=change,
        old_status=old_status,
        moved=(row.status, row.reason) != (old_status, old_reason),
        new_code=bool(columns.get("qr_text")),
        was_linked=was_linked,
    )


def _record(written: Sequence[Written]) -> None:
    """Write the timelines, let receivers write their rows, and log after the commit."""
    if not written:
        return
    SessionEvent.objects.bulk_create([_event(one) for one in written])
    sessions_written.send(Session, changes=written)
    for one in written:
        transaction.on_commit(partial(_log, one.session, one.change), robust=True)


def _event(written: Written) -> SessionEvent:
    row, change = written.session, written.change
    return SessionEvent(
        account_id=row.account_id,
        session=row,
        event=str(change.event),
        old_status=written.old_status,
        new_status=row.status,
        reason=row.reason,
        detail=change.detail[:120],
        actor=change.actor,
        version=row.version,
    )


def _log(row: Session, change: Change) -> None:
    line = _LOG_LINES.get(change.event, "Connection update for session")
    logger.info(line, extra={**_log_facts(row), "status": row.status, "reason": row.reason})


def _log_facts(row: Session) -> dict[str, str]:
    return {"session": str(row.pk), "location": str(row.location_id)}


@dataclass(frozen=True)
class Written:
    """A change of a session's row that is about to be committed."""

    session: Session  # with its new values
    change: Change
    old_status: str
    moved: bool  # its status or reason has changed
    new_code: bool  # it shows another QR code
    was_linked: bool  # before the change it was linked to a device
