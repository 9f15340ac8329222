"""The rules for stuck sessions and leftover files, for cleanup and diagnostics. Pure.

The keys of a linked session are always kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.text.units import duration
from sessions_app.cleanup.key_files import KeyFile
from sessions_app.lifecycle import Status

# No attempt takes longer in a working gateway: codes expire after 160 s, and waiting for the first
# code or for the end of pairing takes at most a minute each.
OVERDUE = timedelta(minutes=5)


@dataclass(frozen=True)
class SessionFacts:
    """The facts about a session that the rules need.

    ``linked``: we are a linked device of its number. ``leased``: a gateway holds its lease, by the
    database's clock. ``pending``: a gateway runs it or would claim it."""

    id: UUID
    account_id: UUID
    status: Status
    reason: str
    since: datetime
    wanted_at: datetime
    wanted_attempt: int
    version: int
    linked: bool
    leased: bool
    pending: bool


def is_stuck(session: SessionFacts, now: datetime, longer_than: timedelta) -> bool:
    """Return whether the session has been connecting for too long: no gateway runs it, or it is a
    linking attempt that a gateway should have ended. A linked number that a gateway reconnects is
    never stuck."""
    connecting = session.status in (Status.INITIALIZING, Status.QR)
    if not connecting or now - session.since <= longer_than:
        return False
    if not session.leased:
        return True
    overdue = now - max(session.since, session.wanted_at) > max(longer_than, OVERDUE)
    return overdue and not session.linked


LINKED = "its number is linked"
LEASED = "a gateway runs it"
PENDING = "a gateway will run it"
UNKNOWN = "the database has none of the sessions here; is DATABASE_URL correct?"


def reason_to_keep(
    file: KeyFile, session: SessionFacts | None, now: datetime, younger_than: timedelta
) -> str:
    """Return why ``file`` of ``session`` (None: no row) is kept, or "" if it may be deleted."""
    if session is not None and session.linked:
        return LINKED
    if session is not None and session.leased:
        return LEASED
    if session is not None and session.pending:
        return PENDING
    if now - file.modified < younger_than:
        return f"younger than {duration(younger_than.total_seconds())}"
    return ""


def as_young_as_the_youngest(files: Iterable[KeyFile]) -> list[KeyFile]:
    """Return ``files``, each with the latest time of all files of its session: a store whose log
    is being written is in use, even if the store itself is older."""
    listed = list(files)
    latest: dict[UUID | None, datetime] = {}
    for file in listed:
        latest[file.session] = max(file.modified, latest.get(file.session, file.modified))
    return [
        file if file.session is None else replace(file, modified=latest[file.session])
        for file in listed
    ]


NO_SESSION = "there is no such session"
LINKING = "a number is being linked, and these could be its keys: run this again later"


def reason_to_keep_strays(stored: Set[str], linked: Set[str], *, linking: bool) -> str:
    """Return why keys that are ``stored`` in the key database but not ``linked`` are kept, or ""
    if they may be deleted. A device is stored a moment before its session is linked, so they are
    kept while any gateway is ``linking`` a number."""
    if linking:
        return LINKING
    return "" if stored & linked else UNKNOWN


def why_left_over(file: KeyFile, session: SessionFacts | None) -> str:
    """Return why a file that may be deleted is left over."""
    if file.session is None:
        return "left by a trial connection"
    if session is None:
        return NO_SESSION
    return "nothing is linked in this session"
