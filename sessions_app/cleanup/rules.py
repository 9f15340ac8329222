"""What is stuck and what is left over: the rules that cleanup acts on and diagnostics names.

Pure: facts and the time go in. A linked session's keys are kept whatever else is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.text.units import duration
from sessions_app.cleanup.key_files import KeyFile
from sessions_app.lifecycle import Status

# No attempt takes so long in a gateway that works: codes run out after 160 s, and waiting for the
# first code or for the end of a pairing takes a minute each.
OVERDUE = timedelta(minutes=5)


@dataclass(frozen=True)
class SessionFacts:
    """A session's row as an operator's tool needs it.

    ``linked``: WhatsApp knows us as a device of its number. ``leased``: a gateway holds it now,
    by the database's clock. ``pending``: a gateway has, or would find, work with it."""

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
    """Whether it has been on its way for too long: no gateway runs it, or it is an attempt to
    link that no gateway should have let run on. A linked number that a gateway is reconnecting
    is not stuck, however long that takes."""
    on_its_way = session.status in (Status.INITIALIZING, Status.QR)
    if not on_its_way or now - session.since <= longer_than:
        return False
    if not session.leased:
        return True
    overdue = now - max(session.since, session.wanted_at) > max(longer_than, OVERDUE)
    return overdue and not session.linked


LINKED = "its number is linked"
LEASED = "a gateway runs it"
PENDING = "a gateway will take it up"
UNKNOWN = "the database knows none of the sessions here; is DATABASE_URL the right one?"


def reason_to_keep(
    file: KeyFile, session: SessionFacts | None, now: datetime, younger_than: timedelta
) -> str:
    """Why ``file`` of ``session`` (None: there is no such row) stays; "" when it may go."""
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
    """``files``, those of one session all with the latest of their times: a store is in use while
    the log beside it is written, although it is older itself."""
    listed = list(files)
    latest: dict[UUID | None, datetime] = {}
    for file in listed:
        latest[file.session] = max(file.modified, latest.get(file.session, file.modified))
    return [
        file if file.session is None else replace(file, modified=latest[file.session])
        for file in listed
    ]


NO_SESSION = "there is no such session"
LINKING = "a number is being linked just now, and these could be its keys: run this again later"


def reason_to_keep_strays(stored: Set[str], linked: Set[str], *, linking: bool) -> str:
    """Why keys that are ``stored`` in the key database stay although their addresses are not
    among the ``linked`` ones; "" when they may go. A device is stored a moment before its
    session is ``linked``, so nothing is said while any gateway is ``linking`` a number."""
    if linking:
        return LINKING
    return "" if stored & linked else UNKNOWN


def why_left_over(file: KeyFile, session: SessionFacts | None) -> str:
    """What a file is that has no reason to stay."""
    if file.session is None:
        return "left by a trial connection"
    if session is None:
        return NO_SESSION
    return "nothing is linked in this session"
