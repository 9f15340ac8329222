"""Writing statuses: one transaction, compare-and-set on version and lease epoch.

The only code that writes what is true of a session. Who does not hold the lease any more, or
decided on an old version, changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.security.encryption import SealBroken
from locations.models import AccountState
from locations.plans.account_state import standing
from sessions_app.gateway.ports import Change, LeaseLost, NumberTaken, SessionState
from sessions_app.lifecycle import Event, Reason, Status, Transition, Wanted, next_transition
from sessions_app.models import Session, SessionEvent
from sessions_app.signals import session_changed, sessions_written

logger = logging.getLogger(__name__)

_CODE_CLEARED: Mapping[str, Any] = {
    "qr_text": "",
    "qr_number": None,
    "qr_of": None,
    "qr_expires_at": None,
    "pairing_code": "",
    "pairing_error": "",
}

_SEEN = frozenset({"last_proof_at"})  # alone, it makes no new version

_LOG_LINES: Mapping[Event, str] = {
    Event.QR_CODE: "QR code stored for session with status 'qr'",
    Event.PAIR_CODE: "QR code stored for session with status 'qr'",
    Event.PAIR_SUCCESS: "Code scanned for session",
    Event.CONNECTED: "Session connected",
    Event.DROPPED: "Session dropped",
}


def state_of(row: Session) -> SessionState:
    """The gateway's view of ``row``, which ``for_gateway`` has read."""
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
    )


@dataclass(frozen=True)
class ChangeRequest:
    """A change that the holder of a session's lease wants written. ``suspended`` is what the
    holder last read of the account, and stands in the new state again: to ask anew with every
    event would cost a tenth of the writing."""

    session_id: UUID
    lease_epoch: int
    change: Change
    suspended: bool = False


def apply_changes(owner: str, asked: Sequence[ChangeRequest]) -> list[SessionState | Exception]:
    """Move each session as ``asked`` if ``owner`` still holds its lease: all in one transaction,
    no session twice.

    For each, in the same order: the new state, or the present one when the event is ignored
    there, or why nothing was written: LeaseLost, NumberTaken when the account has the number
    linked already, or what the database refused. One that cannot be written takes no other
    along."""
    try:
        with transaction.atomic():
            return _apply(owner, asked)
    except (IntegrityError, LeaseLost) as error:
        if len(asked) > 1:
            return [result for one in asked for result in apply_changes(owner, [one])]
        if isinstance(error, LeaseLost) or "phone_number" not in asked[0].change.columns:
            return [error]
        return [NumberTaken(str(asked[0].session_id))]


def apply_unowned_change(session_id: UUID, version: int, change: Change) -> bool:
    """Move a session that no gateway vouches for, if it is still at ``version``; for the
    operator's cleanup. Returns whether anything changed."""
    with transaction.atomic():
        rows = _locked([session_id])
        written = [w for w in (_move(row, change) for row in rows if row.version == version) if w]
        _record(written)
        return bool(written)


def _apply(owner: str, asked: Sequence[ChangeRequest]) -> list[SessionState | Exception]:
    rows = {row.pk: row for row in _locked([one.session_id for one in asked])}
    results: list[SessionState | Exception] = []
    written = []
    for one in asked:
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
    """Sessions that nobody else writes until the commit, always locked in one order."""
    rows: QuerySet[Session] = Session.objects.filter(pk__in=session_ids)
    return rows.order_by("pk").select_for_update()


def _move(row: Session, change: Change) -> Written | None:
    """What was written of ``row``, which is changed, too; None when there is nothing new."""
    transition = next_transition(Status(row.status), change.event)
    if transition is None:
        logger.debug(
            "Event ignored for session",
            extra={**_facts(row), "event": str(change.event), "status": row.status},
        )
        return None
    wanted = _columns(row, transition, change)
    columns = {name: value for name, value in wanted.items() if not _is(row, name, value)}
    return _write(row, change, columns) if columns.keys() - _SEEN else None


def _is(row: Session, name: str, value: Any) -> bool:
    try:
        return bool(getattr(row, name) == value)
    except SealBroken:  # a code whose key is gone must not hold up what is true
        return False


def _columns(row: Session, transition: Transition, change: Change) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "status": str(transition.status),
        "reason": str(transition.reason),
        "detail": change.detail[:120],
        **change.columns,
    }
    if transition.status is not Status.QR:
        columns.update(_CODE_CLEARED)
    if row.status != transition.status:
        columns["since"] = timezone.now()
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
    """What follows from changes: the timelines, what else is written with them, and, after the
    commit, the news."""
    if not written:
        return
    SessionEvent.objects.bulk_create([_event(one) for one in written])
    sessions_written.send(Session, changes=written)
    for one in written:
        transaction.on_commit(partial(_announce, one.session, one.change), robust=True)


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


def _announce(row: Session, change: Change) -> None:
    line = _LOG_LINES.get(change.event, "Connection update for session")
    logger.info(line, extra={**_facts(row), "status": row.status, "reason": row.reason})
    session_changed.send(Session, session_id=row.pk, version=row.version)


def _facts(row: Session) -> dict[str, str]:
    return {"session": str(row.pk), "location": str(row.location_id)}


@dataclass(frozen=True)
class Written:
    """A change of a session's row that is about to be committed. ``moved``: its status or reason
    are new; ``new_code``: another QR code waits for a scan; ``was_linked``: before the change
    WhatsApp knew us as a device of its number."""

    session: Session
    change: Change
    old_status: str
    moved: bool
    new_code: bool
    was_linked: bool
