"""When a loss has a notice: one table of rules, and the decisions based on it. Pure.

A drop opens an incident. These functions decide which notices it has and when it ends, from the
change of the session and the state of the incident alone: no clock, no rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from notifications.kinds import REMINDERS, NoticeKind
from sessions_app.lifecycle import Reason, Status


class NoticeTiming(Enum):
    """When a reason of a session that is not ready has a notice."""

    AT_ONCE = "at once"  # only a person can repair it
    GRACE = "after the grace"  # it usually heals by itself
    KEEP = "keep"  # changes nothing: another attempt to link, or its end
    CONFIRM = "confirm"  # a user did it: the incident ends, and a notice confirms it
    HUSH = "hush"  # the account is suspended, which has a notice of its own


@dataclass(frozen=True)
class Rule:
    """The rule for a reason.

    Reasons with the same ``cause`` have one notice together in an incident. With ``ours`` the
    platform may be at fault, so many of these at once are an outage.
    """

    timing: NoticeTiming
    cause: str
    ours: bool = False


def _at_once(reason: Reason) -> Rule:
    return Rule(NoticeTiming.AT_ONCE, str(reason))


def _after_grace(reason: Reason, *, ours: bool = False) -> Rule:
    return Rule(NoticeTiming.GRACE, str(reason), ours)


NETWORK = Rule(NoticeTiming.GRACE, "network", ours=True)
_KEEP = Rule(NoticeTiming.KEEP, "")

RULES: Mapping[Reason, Rule] = {
    Reason.STARTING: NETWORK,
    Reason.SCAN: _KEEP,
    Reason.PAIR_CODE: _KEEP,
    Reason.PAIRING: _after_grace(Reason.PAIRING),
    Reason.OK: _KEEP,
    Reason.DEGRADED: _KEEP,
    Reason.RECONNECTING: NETWORK,
    Reason.ENGINE_RESTARTING: NETWORK,
    Reason.CONNECTION_FAILED: NETWORK,
    Reason.UNREACHABLE: NETWORK,
    Reason.GATEWAY_OFFLINE: NETWORK,
    Reason.QR_EXPIRED: _KEEP,
    Reason.PAIR_ERROR: _KEEP,
    Reason.STUCK_NO_QR: _KEEP,
    Reason.STREAM_REPLACED: _after_grace(Reason.STREAM_REPLACED),
    Reason.LOGGED_OUT: _at_once(Reason.LOGGED_OUT),
    Reason.ACCOUNT_LOCKED: _at_once(Reason.ACCOUNT_LOCKED),
    Reason.ACCOUNT_BANNED: _at_once(Reason.ACCOUNT_BANNED),
    Reason.TEMP_BAN: _at_once(Reason.TEMP_BAN),
    Reason.CLIENT_OUTDATED: _after_grace(Reason.CLIENT_OUTDATED, ours=True),
    Reason.CONNECT_FAILURE: _after_grace(Reason.CONNECT_FAILURE),
    Reason.KEYS_MISSING: _at_once(Reason.KEYS_MISSING),
    Reason.KEYS_DAMAGED: _at_once(Reason.KEYS_DAMAGED),
    Reason.STORAGE_FULL: _after_grace(Reason.STORAGE_FULL, ours=True),
    Reason.CLOCK_WRONG: _after_grace(Reason.CLOCK_WRONG, ours=True),
    Reason.PROXY_FAILED: _after_grace(Reason.PROXY_FAILED),
    Reason.ENGINE_UNAVAILABLE: _after_grace(Reason.ENGINE_UNAVAILABLE, ours=True),
    Reason.NUMBER_TAKEN: _KEEP,
    Reason.OTHER_NUMBER: _at_once(Reason.OTHER_NUMBER),
    Reason.SUSPENDED_BILLING: Rule(NoticeTiming.HUSH, ""),
    Reason.USER_DISCONNECT: Rule(NoticeTiming.CONFIRM, ""),
    Reason.UNLINKED: Rule(NoticeTiming.CONFIRM, ""),
    Reason.CLEANED_UP: _after_grace(Reason.CLEANED_UP),
}
"""The rule for each reason of a session that is linked, or has just lost its link."""

HEALING = frozenset(
    str(reason)
    for reason, rule in RULES.items()
    if rule.timing is NoticeTiming.GRACE and reason is not Reason.PAIRING
)
"""Reasons for which a linked number is not ready and that usually heal by themselves."""

LOSSES_A_DAY = 3
"""Losses of one number with a mail on a day; further ones are in the daily summary."""

UNSEEN_WARNINGS = (10, 12)
"""Days offline after which a warning is sent: WhatsApp unlinks a phone after 14."""


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not over.

    ``told`` has the causes that have had a notice. ``due_at`` is when the notice of the present
    cause is due, or None.
    """

    began_with: Reason
    reason: Reason
    opened_at: datetime
    due_at: datetime | None = None
    told: frozenset[str] = frozenset()
    told_at: datetime | None = None
    reminders: int = 0
    remind_at: datetime | None = None


@dataclass(frozen=True)
class SessionChange:
    """A change of a session. ``linked``: it was linked to a number before or after the change, or
    another number was refused in favor of one that was linked earlier."""

    status: Status
    reason: Reason
    linked: bool
    at: datetime


@dataclass(frozen=True)
class Step:
    """The result of a decision.

    ``incident`` is the open incident afterwards, or None; ``ending`` is how it ended, or "";
    ``notice`` is the kind of notice to write, or None.
    """

    incident: OpenIncident | None
    ending: str = ""
    notice: NoticeKind | None = None


def after(incident: OpenIncident | None, change: SessionChange, grace: timedelta) -> Step:
    """Decide what follows from ``change``; ``incident`` is the open one of the number."""
    if change.status is Status.READY:
        return _ready(incident)
    rule = RULES[change.reason]
    if rule.timing is NoticeTiming.CONFIRM:
        ending = "unlinked" if change.reason is Reason.UNLINKED else "stopped"
        told = change.linked or incident is not None
        return Step(None, ending, NoticeKind.STOPPED if told else None)
    if rule.timing is NoticeTiming.HUSH:
        return Step(None, "suspended")
    if rule.timing is NoticeTiming.KEEP or not change.linked:
        return Step(incident)
    return _lost(incident or _opened(change), change, rule, grace)


def _opened(change: SessionChange) -> OpenIncident:
    return OpenIncident(change.reason, change.reason, change.at)


def _ready(incident: OpenIncident | None) -> Step:
    if incident is None:
        return Step(None)
    if incident.told:
        return Step(None, "ready", NoticeKind.RECOVERED)
    linked = incident.began_with is Reason.PAIRING
    return Step(None, "ready", NoticeKind.LINKED if linked else None)


def _lost(incident: OpenIncident, change: SessionChange, rule: Rule, grace: timedelta) -> Step:
    if rule.cause in incident.told:  # drop a pending notice of another cause
        return Step(replace(incident, reason=change.reason, due_at=None))
    if rule.timing is NoticeTiming.AT_ONCE:
        known = replace(incident, reason=change.reason)
        return Step(_told(known, change.at), notice=NoticeKind.LOST)
    # One grace for all such reasons: going from one to the next does not postpone the notice.
    due_at = incident.due_at or change.at + grace
    return Step(replace(incident, reason=change.reason, due_at=due_at))


def due(incident: OpenIncident, now: datetime) -> Step:
    """Decide what is due for ``incident`` at ``now``: the notice of the loss, or a reminder."""
    if incident.due_at is not None and incident.due_at <= now:
        return Step(_told(incident, now), notice=NoticeKind.LOST)
    if incident.remind_at is not None and incident.remind_at <= now:
        return Step(_reminded(incident, now), notice=NoticeKind.REMINDER)
    return Step(incident)


def _told(incident: OpenIncident, now: datetime) -> OpenIncident:
    """Record the notice of the present cause; reminders count from it."""
    return replace(
        incident,
        due_at=None,
        told=incident.told | {RULES[incident.reason].cause},
        told_at=now,
        reminders=0,
        remind_at=now + REMINDERS[0],
    )


def _reminded(incident: OpenIncident, now: datetime) -> OpenIncident:
    """Record the reminder of ``now``; reminders missed in the meantime are skipped."""
    told_at = incident.told_at or now
    done = sum(told_at + wait <= now for wait in REMINDERS)
    following = told_at + REMINDERS[done] if done < len(REMINDERS) else None
    return replace(incident, reminders=done, remind_at=following)


def unseen_warning(seen_at: datetime, now: datetime) -> int | None:
    """Return the warning due for a phone last seen at ``seen_at``: its days, or None.

    The days are one of ``UNSEEN_WARNINGS``.
    """
    passed = [days for days in UNSEEN_WARNINGS if now - seen_at >= timedelta(days=days)]
    return max(passed, default=None)
