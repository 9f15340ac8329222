"""Ends stuck attempts and deletes key files that nobody needs; safe while a gateway runs.

Never deletes the keys of a linked session: what may go is decided by ``leftovers.py``, and is
decided again with the row locked right before a file is deleted.
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
_AT_ONCE = 500  # files a transaction, so that no gateway waits long for a row
_LINKED_DETAIL = "the number stays linked and reconnects by itself"

Facts = Mapping[UUID, SessionFacts]


@dataclass(frozen=True)
class Ended:
    """An attempt that was stuck: since when, and whether its number is linked all the same."""

    session: UUID
    status: str
    since: datetime
    leased: bool
    linked: bool


@dataclass(frozen=True)
class Deleted:
    """A file that nobody needs; ``size`` in bytes."""

    name: str
    size: int
    why: str


@dataclass(frozen=True)
class Kept:
    """A file that stays, and why."""

    name: str
    why: str


@dataclass
class CleanupReport:
    """What was done, or with ``dry_run`` what would be. ``failed``: what could not be
    deleted; ``accounts``: how many were deleted whose end was due."""

    dry_run: bool
    ended: list[Ended] = field(default_factory=list)
    deleted: list[Deleted] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    failed: list[Kept] = field(default_factory=list)
    accounts: int = 0


def clean(older_than: timedelta, *, dry_run: bool) -> CleanupReport:
    """Finish the deletion of accounts that is due, end attempts that have been stuck for longer
    than ``older_than`` and delete key files that nobody needs and that were last written longer
    ago than that. Raises OSError when the folder cannot be read."""
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
        _delete_in_turn(files, report, now, older_than)
    if gateway_settings().auth_store != "files":
        try:
            _clean_key_database(report)
        except OSError as error:
            report.failed.append(Kept("the key database", str(error)))
    if not dry_run:
        logger.info("Cleanup done", extra=_counts(report))
    return report


def end_stuck(older_than: timedelta) -> int:
    """End attempts that have been stuck for longer than ``older_than``; how many. Keys and files
    are not touched."""
    now = timezone.now()
    stuck = [one for one in session_facts().values() if is_stuck(one, now, older_than)]
    return sum(_end(session, now) for session in stuck)


def delete_left_over(older_than: timedelta) -> CleanupReport:
    """Delete key files that nobody needs, unattended: of a key store with its companions only
    when all of them were last written longer than ``older_than`` ago. Nothing is unlinked, and
    keys in PostgreSQL, which have no age, are left to a person. Raises OSError."""
    report, now = CleanupReport(dry_run=False), timezone.now()
    files = _left_over(report, session_facts(), now, older_than, together=True)
    _delete_in_turn(files, report, now, older_than)
    logger.info("Leftovers deleted", extra=_counts(report))
    return report


def _end(session: SessionFacts, now: datetime) -> bool:
    """Whether the row was still as we saw it, and is ``disconnected`` now. A linked number is
    taken up again as soon as a gateway runs; an attempt waits for its customer."""
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
    """The files that may go as it looks; those that stay are written into ``report``. With
    ``together`` the files of one session are as young as the youngest of them."""
    files = key_files(gateway_settings().keys_dir)
    if together:
        files = as_young_as_the_youngest(files)
    wrong_database = _knows_none(files, facts)
    going = []
    for file in files:
        session = _of(file, facts)
        why = reason_to_keep(file, session, now, older_than)
        if not why and file.session and session is None and wrong_database:
            why = UNKNOWN
        if why:
            report.kept.append(Kept(file.path.name, why))
        else:
            going.append(file)
    return going


def _of(file: KeyFile, facts: Facts) -> SessionFacts | None:
    return facts.get(file.session) if file.session else None


def _knows_none(files: Sequence[KeyFile], facts: Facts) -> bool:
    """Whether the database knows no session of the folder although keys or messages
    lie in it: then it is more likely the wrong database than that all of them are gone."""
    of_sessions = [file for file in files if file.session]
    if any(file.session in facts for file in of_sessions):
        return False
    return any(_matters(file) for file in of_sessions)


def _matters(file: KeyFile) -> bool:
    """Whether somebody would miss it: it holds keys, or messages not in the ledger yet."""
    if file.path.suffix == ".journal":
        return file.size > 0
    return file.is_store and store_state(file.path, busy=False) is not StoreState.EMPTY


def _delete_in_turn(
    files: Sequence[KeyFile], report: CleanupReport, now: datetime, older_than: timedelta
) -> None:
    for start in range(0, len(files), _AT_ONCE):
        chunk = files[start : start + _AT_ONCE]
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
    """Keys in PostgreSQL have no age; they are read before the rows, so that what is linked
    meanwhile is known as linked or as being linked. Raises KeysUnreachable."""
    from sessions_app.cleanup import (
        key_database,  # only installations with PostgreSQL pay for its driver
    )

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
