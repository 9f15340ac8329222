"""End stuck attempts and delete leftover key files. Safe while a gateway runs.

The keys of a linked session are never deleted: the rules of ``rules.py`` are checked again, with
the row locked, right before a file is deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from core.text.masking import masked
from locations.accounts import deletion
from locations.rest.idempotency import forget_answers
from sessions_app.cleanup.key_files import KeyFile, StoreState, key_files, store_state
from sessions_app.cleanup.queries import linked_addresses, session_facts
from sessions_app.cleanup.rules import (
    NO_SESSION,
    UNKNOWN,
    SessionFacts,
    as_young_as_the_youngest,
    is_stuck,
    reason_to_keep,
    reason_to_keep_strays,
    why_left_over,
)
from sessions_app.gateway.ports import Change
from sessions_app.hints import hint_gateway, hint_viewers
from sessions_app.lifecycle import Event
from sessions_app.store.gateway_settings import gateway_settings
from sessions_app.store.transitions import apply_unowned_change

logger = logging.getLogger(__name__)

ACTOR = "cleanup"
_FILES_PER_TRANSACTION = 500  # so that no gateway waits long for a row
_LINKED_DETAIL = "the number stays linked and reconnects by itself"

Facts = Mapping[UUID, SessionFacts]


@dataclass(frozen=True)
class Ended:
    """A stuck attempt that was ended. ``linked``: its number is linked and will reconnect."""

    session: UUID
    status: str
    since: datetime
    leased: bool
    linked: bool


@dataclass(frozen=True)
class Deleted:
    """A leftover file; ``size`` in bytes."""

    name: str
    size: int
    why: str


@dataclass(frozen=True)
class Kept:
    """A file that was kept, and why."""

    name: str
    why: str


@dataclass
class CleanupReport:
    """What was done, or with ``dry_run`` would be. ``failed`` could not be deleted; ``accounts`` is
    the number of accounts whose deletion was completed."""

    dry_run: bool
    ended: list[Ended] = field(default_factory=list)
    deleted: list[Deleted] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    failed: list[Kept] = field(default_factory=list)
    accounts: int = 0


def clean(older_than: timedelta, *, dry_run: bool) -> CleanupReport:
    """Complete due deletions of accounts, end attempts stuck for longer than ``older_than``, and
    delete leftover key files that are older than that. Raises OSError if the folder cannot be
    read."""
    report, now = CleanupReport(dry_run), timezone.now()
    if not dry_run:
        report.accounts = deletion.finish_due(now)
        forget_answers()
    facts = session_facts()
    stuck = [session for session in facts.values() if is_stuck(session, now, older_than)]
    for session in stuck:
        if dry_run or _end(session, now):
            report.ended.append(_ended(session))
            facts[session.id] = replace(session, pending=session.linked)
    files = _left_over(report, facts, now, older_than)
    if dry_run:
        report.deleted = [_deleted(file, _of(file, facts)) for file in files]
    else:
        _delete_all(files, report, now, older_than)
    if gateway_settings().auth_store != "files":
        try:
            _clean_key_database(report)
        except OSError as error:
            report.failed.append(Kept("the key database", str(error)))
    if not dry_run:
        logger.info("Cleanup finished", extra=_counts(report))
    return report


def end_stuck(older_than: timedelta) -> int:
    """End attempts that have been stuck for longer than ``older_than``. Returns how many. Does not
    touch keys or files."""
    now = timezone.now()
    stuck = [one for one in session_facts().values() if is_stuck(one, now, older_than)]
    return sum(_end(session, now) for session in stuck)


def delete_left_over(older_than: timedelta) -> CleanupReport:
    """Delete leftover key files, for unattended use: files of one session are deleted only if all
    of them are older than ``older_than``. Unlinks nothing, and leaves keys in PostgreSQL, which
    have no age, to the operator. Raises OSError."""
    report, now = CleanupReport(dry_run=False), timezone.now()
    files = _left_over(report, session_facts(), now, older_than, together=True)
    _delete_all(files, report, now, older_than)
    logger.info("Leftover files deleted", extra=_counts(report))
    return report


def _end(session: SessionFacts, now: datetime) -> bool:
    """Mark the session as disconnected unless its row has changed. Returns whether it did. A
    gateway reconnects a linked number; an attempt waits for the customer."""
    change = Change(
        Event.CLEANED_UP,
        ACTOR,
        _LINKED_DETAIL if session.linked else "",
        attempt=session.wanted_attempt,
        retry_at=now if session.linked else None,
    )
    if not apply_unowned_change(session.id, session.version, change):
        return False
    hint_gateway(ACTOR, session_id=session.id)
    async_to_sync(hint_viewers)(session.id, session.account_id, session.version + 1)
    return True


def _ended(session: SessionFacts) -> Ended:
    return Ended(session.id, session.status, session.since, session.leased, session.linked)


def _left_over(
    report: CleanupReport,
    facts: Facts,
    now: datetime,
    older_than: timedelta,
    *,
    together: bool = False,
) -> list[KeyFile]:
    """Return the files that may be deleted, and add the others to ``report``. With ``together``,
    the files of one session have the age of the youngest."""
    files = key_files(gateway_settings().keys_dir)
    if together:
        files = as_young_as_the_youngest(files)
    wrong_database = _has_none(files, facts)
    deletable = []
    for file in files:
        session = _of(file, facts)
        why = reason_to_keep(file, session, now, older_than)
        if not why and file.session and session is None and wrong_database:
            why = UNKNOWN
        if why:
            report.kept.append(Kept(file.path.name, why))
        else:
            deletable.append(file)
    return deletable


def _of(file: KeyFile, facts: Facts) -> SessionFacts | None:
    return facts.get(file.session) if file.session else None


def _has_none(files: Sequence[KeyFile], facts: Facts) -> bool:
    """Return whether the folder contains data of sessions, but the database has none of them.
    Then this is more likely the wrong database than that all sessions were deleted."""
    of_sessions = [file for file in files if file.session]
    if any(file.session in facts for file in of_sessions):
        return False
    return any(_has_data(file) for file in of_sessions)


def _has_data(file: KeyFile) -> bool:
    """Return whether it contains keys, or messages that are not in the ledger yet."""
    if file.path.suffix in (".journal", ".aside"):
        return file.size > 0
    return file.is_store and store_state(file.path, busy=False) is not StoreState.EMPTY


def _delete_all(
    files: Sequence[KeyFile], report: CleanupReport, now: datetime, older_than: timedelta
) -> None:
    for start in range(0, len(files), _FILES_PER_TRANSACTION):
        chunk = files[start : start + _FILES_PER_TRANSACTION]
        with transaction.atomic():
            facts = session_facts({file.session for file in chunk if file.session})
            for file in chunk:
                session = _of(file, facts)
                why = reason_to_keep(file, session, now, older_than)
                if why:
                    report.kept.append(Kept(file.path.name, why))
                else:
                    _delete(file, session, report)


def _delete(file: KeyFile, session: SessionFacts | None, report: CleanupReport) -> None:
    try:
        file.path.unlink(missing_ok=True)
    except OSError as error:
        report.failed.append(Kept(file.path.name, error.strerror or type(error).__name__))
    else:
        report.deleted.append(_deleted(file, session))


def _clean_key_database(report: CleanupReport) -> None:
    """Delete stray keys from PostgreSQL, where keys have no age. They are read before the rows, so
    that a number that is linked meanwhile appears as linked. Raises KeysUnreachable."""
    from sessions_app.cleanup import key_database  # loads psycopg only where it is needed

    url = gateway_settings().auth_store
    stored = key_database.stored_addresses(url)
    linked = linked_addresses().keys()
    strays = stored - linked
    linking = any(one.leased and not one.linked for one in session_facts().values())
    why = reason_to_keep_strays(stored, linked, linking=linking)
    if why:
        report.kept += [Kept(_device(address), why) for address in strays]
        return
    if strays and not report.dry_run:
        key_database.delete_addresses(url, strays)
    report.deleted += [Deleted(_device(address), 0, NO_SESSION) for address in strays]


def _device(address: str) -> str:
    number = address.partition("@")[0].partition(":")[0]
    return f"keys of {masked(number)} in the key database"


def _deleted(file: KeyFile, session: SessionFacts | None) -> Deleted:
    return Deleted(file.path.name, file.size, why_left_over(file, session))


def _counts(report: CleanupReport) -> dict[str, int]:
    names = ("ended", "deleted", "kept", "failed")
    return {name: len(getattr(report, name)) for name in names}
