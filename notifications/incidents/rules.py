"""When a loss is told, and to what end: one table of rules and the decisions over it. Pure.

A drop opens an incident; what people are told of it, when, and when it is over, is decided here
from the change of the session alone and what the incident says already. No clock, no rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from notifications.kinds import REMINDERS, NoticeKind
from sessions_app.lifecycle import Reason, Status


class Tell(Enum):
    """How the reason of a session that is not ready is told."""

    AT_ONCE = "at once"  # only a person can mend it
    GRACE = "after the grace"  # it usually heals by itself
    KEEP = "keep"  # says nothing new: a try to link anew, or its end
    CONFIRM = "confirm"  # a person did it: the incident is over, and he gets a confirmation
    HUSH = "hush"  # the account's standing did it, which is told otherwise


@dataclass(frozen=True)
class Rule:
    """``cause``: reasons of one cause are one thing to tell, once in an incident. ``ours``: it may
    be the platform's fault, so many of them at once are an outage."""

    tell: Tell
    cause: str
    ours: bool = False


def _at_once(reason: Reason) -> Rule:
    return Rule(Tell.AT_ONCE, str(reason))


def _after_grace(reason: Reason, *, ours: bool = False) -> Rule:
    return Rule(Tell.GRACE, str(reason), ours)


NETWORK = Rule(Tell.GRACE, "network", ours=True)
_KEEP = Rule(Tell.KEEP, "")

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
    Reason.SUSPENDED_BILLING: Rule(Tell.HUSH, ""),
    Reason.USER_DISCONNECT: Rule(Tell.CONFIRM, ""),
    Reason.UNLINKED: Rule(Tell.CONFIRM, ""),
    Reason.CLEANED_UP: _after_grace(Reason.CLEANED_UP),
}
"""What each reason of a session that is linked, or just lost its link, means. Total."""

HEALING = frozenset(
    str(reason)
    for reason, rule in RULES.items()
    if rule.tell is Tell.GRACE and reason is not Reason.PAIRING
)
"""Reasons of a linked number that is not ready and usually heals by itself."""

"""After the loss was told; then silence."""

LOSSES_A_DAY = 3
"""Of one number that are told by mail; the rest of such a day is in the summary."""

UNSEEN_WARNINGS = (10, 12)
"""Days without the phone at which a warning goes out: WhatsApp unlinks after 14."""


@dataclass(frozen=True)
class Open:
    """An incident that is not over. ``told``: the causes that people know of; ``due_at``: when
    the present one is told, None when there is nothing to tell."""

    began_with: Reason
    reason: Reason
    opened_at: datetime
    due_at: datetime | None = None
    told: frozenset[str] = frozenset()
    told_at: datetime | None = None
    reminders: int = 0
    remind_at: datetime | None = None


@dataclass(frozen=True)
class Change:
    """A session's change. ``linked``: WhatsApp knew us as a device of a number before it or does
    so after it; a first attempt without a scan is not linked."""

    status: Status
    reason: Reason
    linked: bool
    at: datetime


@dataclass(frozen=True)
class Step:
    """What follows: the incident as it is now (None: there is none), how it ended ("" when it did
    not), and the kind of what is to be said (None: nothing)."""

    incident: Open | None
    ending: str = ""
    say: NoticeKind | None = None


def after(incident: Open | None, change: Change, grace: timedelta) -> Step:
    """What follows from ``change`` for the number's ``incident``, if one is open."""
    if change.status is Status.READY:
        return _ready(incident)
    rule = RULES[change.reason]
    if rule.tell is Tell.CONFIRM:
        ending = "unlinked" if change.reason is Reason.UNLINKED else "stopped"
        told = change.linked or incident is not None
        return Step(None, ending, NoticeKind.STOPPED if told else None)
    if rule.tell is Tell.HUSH:
        return Step(None, "suspended")
    if rule.tell is Tell.KEEP or not change.linked:
        return Step(incident)
    return _lost(incident or _opened(change), change, rule, grace)


def _opened(change: Change) -> Open:
    return Open(change.reason, change.reason, change.at)


def _ready(incident: Open | None) -> Step:
    if incident is None:
        return Step(None)
    if incident.told:
        return Step(None, "ready", NoticeKind.RECOVERED)
    linked = incident.began_with is Reason.PAIRING
    return Step(None, "ready", NoticeKind.LINKED if linked else None)


def _lost(incident: Open, change: Change, rule: Rule, grace: timedelta) -> Step:
    if rule.cause in incident.told:  # as it was told; what is pending of another cause is over
        return Step(replace(incident, reason=change.reason, due_at=None))
    if rule.tell is Tell.AT_ONCE:
        known = replace(incident, reason=change.reason)
        return Step(_told(known, change.at), say=NoticeKind.LOST)
    # One grace for all: a number that goes from one such reason to the next is told in time.
    due_at = incident.due_at or change.at + grace
    return Step(replace(incident, reason=change.reason, due_at=due_at))


def due(incident: Open, now: datetime) -> Step:
    """What is to be said of ``incident`` by ``now`` because time has passed."""
    if incident.due_at is not None and incident.due_at <= now:
        return Step(_told(incident, now), say=NoticeKind.LOST)
    if incident.remind_at is not None and incident.remind_at <= now:
        return Step(_reminded(incident, now), say=NoticeKind.REMINDER)
    return Step(incident)


def _told(incident: Open, now: datetime) -> Open:
    """With its present cause told; reminders count from this telling."""
    return replace(
        incident,
        due_at=None,
        told=incident.told | {RULES[incident.reason].cause},
        told_at=now,
        reminders=0,
        remind_at=now + REMINDERS[0],
    )


def _reminded(incident: Open, now: datetime) -> Open:
    """With the reminder of ``now`` sent: those that were missed meanwhile are not made up for."""
    told_at = incident.told_at or now
    done = sum(told_at + wait <= now for wait in REMINDERS)
    following = told_at + REMINDERS[done] if done < len(REMINDERS) else None
    return replace(incident, reminders=done, remind_at=following)


def unseen_warning(seen_at: datetime, now: datetime) -> int | None:
    """The days (one of ``UNSEEN_WARNINGS``) of the warning that is due for a phone last seen at
    ``seen_at``; None when none is."""
    passed = [days for days in UNSEEN_WARNINGS if now - seen_at >= timedelta(days=days)]
    return max(passed, default=None)
