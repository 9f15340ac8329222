"""Rules that turn facts about the installation into findings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from core.health.findings import Finding
from core.health.severity import Severity
from core.security.key_rotation import Unopenable
from core.text.units import duration, plural, size
from sessions_app.cleanup.key_files import KeyFile, StoreState
from sessions_app.cleanup.rules import SessionFacts, is_stuck, reason_to_keep
from sessions_app.diagnostics import advice
from sessions_app.lifecycle import Reason, Status

CLEAN = "manage.py cleanup_sessions cleanup (--dry-run shows what it would do)"
LEFT_OVER_AFTER = timedelta(minutes=10)
ALIVE_SECONDS = 30.0  # a gateway sends a heartbeat every 5 s
LOST_GATEWAY_SECONDS = 7 * 86_400.0  # gateways lost for longer are not reported
_NAMED = 3  # how many of a kind a line names


@dataclass(frozen=True)
class GatewayFacts:
    """The last heartbeat of a gateway, ``age`` seconds ago."""

    place: str  # host and process
    age: float
    engines: Sequence[Mapping[str, Any]]
    trouble: str


# --- sessions ---------------------------------------------------------------------------------


def of_sessions(
    sessions: Collection[SessionFacts], now: datetime, longer_than: timedelta, *, served: bool
) -> list[Finding]:
    """Count the sessions in each status, and find those stuck for ``longer_than``. ``served``: a
    gateway is alive."""
    stuck = [session for session in sessions if is_stuck(session, now, longer_than)]
    counts = Finding("sessions", Severity.OK, _counts(sessions))
    if not stuck:
        text = f"none has been connecting for longer than {duration(longer_than.total_seconds())}"
        return [counts, Finding("stuck sessions", Severity.OK, text)]
    statuses = Counter(str(session.status) for session in stuck)
    oldest = max(now - session.since for session in stuck)
    text = (
        f"{_listed(statuses)}, the oldest for {duration(oldest.total_seconds())}: "
        f"{_named(str(session.id) for session in stuck)}"
    )
    step = CLEAN if served else advice.START_GATEWAY
    return [counts, Finding("stuck sessions", Severity.CRITICAL, text, step)]


def _counts(sessions: Collection[SessionFacts]) -> str:
    present = [session for session in sessions if session.reason != Reason.UNLINKED]
    statuses = Counter(session.status for session in present)
    text = _listed({str(status): statuses[status] for status in Status if statuses[status]})
    resting = Counter(s.reason for s in present if s.status is Status.DISCONNECTED)
    if resting:
        text += f" ({_listed(resting)})"
    gone = len(sessions) - len(present)
    return (text or "none") + (f", {gone} unlinked" if gone else "")


# --- key stores -------------------------------------------------------------------------------


def of_key_stores(files: Sequence[KeyFile], folder: Path) -> list[Finding]:
    """Count the key stores, measure them, and check that other users cannot read them."""
    total = sum(file.size for file in files)
    stores = sum(file.is_store for file in files)
    amount = f"{size(total)} ({total} bytes)" if total >= 1_000 else size(total)
    text = f"{plural(stores, 'key store')}, {amount} in {folder}"
    open_to_others = [file.path.name for file in files if file.mode & 0o077]
    if not open_to_others:
        return [Finding("key stores", Severity.OK, text)]
    return [
        Finding("key stores", Severity.OK, text),
        Finding(
            "key rights",
            Severity.CRITICAL,
            f"other users of this machine can read {_named(open_to_others)}",
            f"chmod 600 {folder}/*",
        ),
    ]


_STORE_TROUBLE: Mapping[StoreState, str] = {
    StoreState.MISSING: "missing",
    StoreState.EMPTY: "empty",
    StoreState.GARBLED: "garbled",
    StoreState.CLOSED: "not readable",
}


def of_linked_keys(states: Mapping[UUID, StoreState], where: str = "") -> list[Finding]:
    """Check that each linked session (by id) has its keys, with a finding for each that has not.
    ``where`` names their place if they are not in files."""
    bad = {session: state for session, state in states.items() if state in _STORE_TROUBLE}
    if not bad:
        return [
            Finding("linked keys", Severity.OK, f"{plural(len(states), 'linked number')} with keys")
        ]
    return [
        Finding(
            "linked keys",
            Severity.CRITICAL,
            f"the key store of session {session} is {_STORE_TROUBLE[state]}",
            f"Restore {where or f'{session}.sqlite3'} from a backup, or link the number again "
            "with a new code.",
        )
        for session, state in bad.items()
    ]


def of_orphans(
    files: Sequence[KeyFile], sessions: Mapping[UUID, SessionFacts], now: datetime
) -> list[Finding]:
    """Find leftover files. Files of no session may contain keys and are trouble; those of attempts
    that were never linked are a warning."""
    left = [
        file
        for file in files
        if not reason_to_keep(
            file, sessions.get(file.session) if file.session else None, now, LEFT_OVER_AFTER
        )
    ]
    if not left:
        return [Finding("orphaned keys", Severity.OK, "none")]
    strays = [file for file in left if file.session is None or file.session not in sessions]
    kinds = {"file": len(left), "of no session": len(strays)}
    text = (
        f"{plural(kinds['file'], 'file')}, {size(sum(file.size for file in left))}, "
        f"{kinds['of no session']} of no session: {_named(file.path.name for file in left)}"
    )
    return [
        Finding("orphaned keys", Severity.CRITICAL if strays else Severity.WARNING, text, CLEAN)
    ]


def of_stray_devices(count: int) -> Finding:
    """Judge the ``count`` of devices in the key database that belong to no session."""
    if not count:
        return Finding("orphaned keys", Severity.OK, "none in the key database")
    text = f"{plural(count, 'device')} of no session in the key database"
    return Finding("orphaned keys", Severity.CRITICAL, text, CLEAN)


def of_seals(unopenable: Sequence[Unopenable]) -> list[Finding]:
    """Check that the keys for all encrypted tokens and passwords exist."""
    if not unopenable:
        return [Finding("sealed texts", Severity.OK, "all keys for them exist")]
    step = "Restore that key from a backup and add it to FIELD_ENCRYPTION_KEYS."
    return [
        Finding(
            "sealed texts",
            Severity.CRITICAL,
            f"{plural(one.rows, 'row')} of {one.column} need{'s' * (one.rows == 1)} the key "
            f"{one.key_id}: {_named(one.first, one.rows)}",
            step,
        )
        for one in unopenable
    ]


# --- gateways and engines ---------------------------------------------------------------------


def of_gateways(gateways: Sequence[GatewayFacts], waiting: int) -> list[Finding]:
    """Describe the live gateways and their engines, and find lost ones. ``waiting`` is the number
    of sessions that no gateway runs although one should."""
    alive = [gateway for gateway in gateways if gateway.age <= ALIVE_SECONDS]
    silent = [g for g in gateways if ALIVE_SECONDS < g.age < LOST_GATEWAY_SECONDS]
    found = [
        finding for gateway in alive for finding in (_of_gateway(gateway), *_of_engines(gateway))
    ]
    if not alive:
        verb = "waits" if waiting == 1 else "wait"
        last = (
            f"; the last heartbeat is {duration(min(g.age for g in silent))} old" if silent else ""
        )
        found = [
            Finding(
                "gateway",
                Severity.CRITICAL,
                f"none is alive{last}; {plural(waiting, 'session')} {verb} for one",
                advice.START_GATEWAY,
            )
        ]
    elif silent:
        text = f"{_named(g.place for g in silent)} sent no heartbeat for {duration(silent[0].age)}"
        found.append(
            Finding("gateway", Severity.WARNING, text, "Start it again if it is still needed.")
        )
    return found


def _of_gateway(gateway: GatewayFacts) -> Finding:
    text = f"{gateway.place}, heartbeat {gateway.age:.0f} s ago"
    if gateway.trouble:
        return Finding("gateway", Severity.CRITICAL, f"{text}; {gateway.trouble}", advice.LIBRARY)
    return Finding("gateway", Severity.OK, text)


def _of_engines(gateway: GatewayFacts) -> list[Finding]:
    return [
        Finding(
            "engine",
            Severity.OK,
            f"{engine.get('kind')}{' for proxies' if engine.get('proxied') else ''}, "
            f"process {engine.get('pid')}, "
            f"{plural(int(engine.get('sessions', 0)), 'session')}, "
            f"{plural(int(engine.get('starts', 0)), 'start')}, {engine.get('rss_mb', 0):.0f} MB",
        )
        for engine in gateway.engines
    ]


# --- all together ---------------------------------------------------------------------------


def summary(found: Sequence[Finding]) -> str:
    """Return a summary of the findings in one line."""
    problems = [finding for finding in found if finding.severity.is_trouble]
    notes = sum(finding.severity is Severity.WARNING for finding in found)
    noted = f"; {plural(notes, 'warning')}" if notes else ""
    if not problems:
        return f"Nothing needs you: {plural(len(found), 'check')}{noted}."
    names = ", ".join(dict.fromkeys(finding.name for finding in problems))
    needs = "needs" if len(problems) == 1 else "need"
    return f"{plural(len(problems), 'problem')} {needs} you: {names}{noted}."


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _named(names: Iterable[str], count: int | None = None) -> str:
    """List the first few names and the number of the others. ``count`` is the total if ``names``
    are not all."""
    every = list(names)
    rest = (len(every) if count is None else count) - _NAMED
    shown = ", ".join(every[:_NAMED])
    return f"{shown} and {rest} more" if rest > 0 else shown
