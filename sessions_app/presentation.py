"""What a page makes of a snapshot: which picture, which buttons, which first sentence. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.snapshot import SessionSnapshot
from sessions_app.wording import (
    ACTION_LABELS,
    NOT_CONNECTED_LABEL,
    RECONNECTING_LABEL,
    START_AGAIN_LABEL,
    STATUS_LABELS,
    Action,
    label,
)

# WhatsApp shows the first code of an attempt for a minute and each later one for 20 seconds.
FIRST_CODE_SECONDS = 60
LATER_CODE_SECONDS = 20


class Picture(StrEnum):
    """What stands in the card's frame."""

    QR = "qr"
    SKELETON = "skeleton"
    CHECK = "check"
    NONE = "none"


def picture(session: SessionSnapshot) -> Picture:
    """The frame keeps its size while a number is being linked and goes when it is linked."""
    if session["qr"] is not None:
        return Picture.QR
    if session["reason"] == Reason.PAIRING:
        return Picture.CHECK
    if session["linked"] or session["wanted"] == Wanted.UNLINKED:
        return Picture.NONE
    return Picture.NONE if session["status"] == Status.READY else Picture.SKELETON


def code_seconds(session: SessionSnapshot) -> int:
    """How long the code that is shown lives in all, in seconds; 0 when none is shown."""
    if session["qr"] is None:
        return 0
    return FIRST_CODE_SECONDS if session["qr"]["number"] == 1 else LATER_CODE_SECONDS


@dataclass(frozen=True)
class ActionButton:
    """A press that posts to the URL named ``url``."""

    label: str
    url: str


_URLS: Mapping[Action, str] = {
    Action.NEW_QR: "session_restart",
    Action.RESTART: "session_restart",
    Action.CREATE: "connect",
}


def primary_button(session: SessionSnapshot) -> ActionButton | None:
    """The one strong action of the session's state, where a press is what it takes."""
    action = Action(session["action"])
    url = _URLS.get(action)
    if url is None:
        return None
    stopped = session["wanted"] == Wanted.STOPPED
    return ActionButton(gettext(START_AGAIN_LABEL if stopped else ACTION_LABELS[action]), url)


@dataclass(frozen=True)
class MenuItem:
    """An entry of the menu; a dangerous one leads to a page that asks again."""

    label: str | Promise
    says: str | Promise
    url: str
    asks: bool


_RESTART = MenuItem(
    _("Restart"),
    _("Connects the number anew. No new scan is needed."),
    "session_restart",
    asks=False,
)
_NEW_CODE = MenuItem(
    _("New QR code"),
    _("Starts over with the first of six fresh codes."),
    "session_restart",
    asks=False,
)
_STOP = MenuItem(
    _("Stop…"),
    _("Disconnects for now. The link is kept and can start again."),
    "session_stop",
    asks=True,
)
_PROXY = MenuItem(
    _("Proxy…"), _("The way that this number takes to WhatsApp."), "session_proxy", asks=True
)
_BUNDLE = MenuItem(
    _("Support bundle…"),
    _("A file for whoever helps you, without codes and messages."),
    "session_bundle",
    asks=True,
)
_UNLINK = MenuItem(
    _("Unlink…"), _("Removes Pairline from the phone, for good."), "session_unlink", asks=True
)
_CANCEL = MenuItem(
    _("Cancel this connection…"),
    _("Ends this attempt and frees the location."),
    "session_unlink",
    asks=True,
)


def menu(session: SessionSnapshot) -> list[MenuItem]:
    """What else can be done, the most drastic last; nothing once it is unlinked."""
    if session["wanted"] == Wanted.UNLINKED:
        return []
    if session["reason"] == Reason.SUSPENDED_BILLING:  # it starts by itself, and no sooner
        return [_BUNDLE, _UNLINK] if session["linked"] else [_BUNDLE, _CANCEL]
    if not session["linked"]:
        return [_NEW_CODE, _PROXY, _BUNDLE, _CANCEL]
    if session["wanted"] == Wanted.STOPPED:
        return [_PROXY, _BUNDLE, _UNLINK]
    return [_RESTART, _PROXY, _BUNDLE, _STOP, _UNLINK]


@dataclass(frozen=True)
class DisplayState:
    """What a session is wanted to be, and what may be said of it now."""

    wanted: str
    status: Status
    reason: Reason


def needs_action(session: DisplayState) -> bool:
    """Whether the number is down and waits for somebody, who did not stop it himself."""
    return session.status is Status.DISCONNECTED and session.wanted == Wanted.LINKED


def answer(sessions: Iterable[DisplayState]) -> str:
    """The overview's first line: "All 12 numbers are ready.", "2 of 12 numbers need you.", …"""
    wanted = [s for s in sessions if s.wanted == Wanted.LINKED]
    total = len(wanted)
    waiting = sum(needs_action(s) for s in wanted)
    ready = sum(s.status is Status.READY for s in wanted)
    if not total:
        return gettext("No number is connected.")
    if waiting and total == 1:
        return gettext("Your number needs you.")
    if waiting:
        says = ngettext(
            "%(count)s of %(total)s numbers needs you.",
            "%(count)s of %(total)s numbers need you.",
            waiting,
        )
        return says % {"count": waiting, "total": total}
    if ready == total == 2:
        return gettext("Both numbers are ready.")
    if ready == total:
        says = ngettext("Your number is ready.", "All %(total)s numbers are ready.", total)
        return says % {"total": total}
    return _on_the_way(wanted, total, ready)


def _on_the_way(wanted: list[DisplayState], total: int, ready: int) -> str:
    """Nobody is needed, but not every number is ready."""
    rest = total - ready
    scanning = sum(s.status is Status.QR for s in wanted) == rest
    if ready:
        partly = _PARTLY_SCANNING if scanning else _PARTLY_ON_THE_WAY
        return str(partly) % {"ready": ready, "total": total, "rest": rest}
    if scanning:
        says = ngettext(
            "Your number is waiting for a scan.", "%(total)s numbers are waiting for a scan.", total
        )
    else:
        says = ngettext("Your number is on the way.", "%(total)s numbers are on the way.", total)
    return says % {"total": total}


_PARTLY_SCANNING = _("Ready: %(ready)s of %(total)s numbers. Waiting for a scan: %(rest)s.")
_PARTLY_ON_THE_WAY = _("Ready: %(ready)s of %(total)s numbers. On the way: %(rest)s.")


@dataclass(frozen=True)
class Chip:
    """A filter of the list, with how many rows it leaves."""

    key: str
    label: str
    count: int
    chosen: bool


_CHIPS: Mapping[str, str] = {
    "ready": STATUS_LABELS[Status.READY],
    "reconnecting": RECONNECTING_LABEL,
    "scan": STATUS_LABELS[Status.QR],
    "preparing": STATUS_LABELS[Status.INITIALIZING],
    "disconnected": STATUS_LABELS[Status.DISCONNECTED],
    "none": NOT_CONNECTED_LABEL,
}
_KEYS: Mapping[str, str] = {name: key for key, name in _CHIPS.items()}
_MOST_URGENT_FIRST = ("disconnected", "scan", "reconnecting", "preparing", "ready", "none")


def chip_key(session: DisplayState | None) -> str:
    """The filter that a row belongs to."""
    return "none" if session is None else _KEYS[label(session.status, session.reason)]


def urgency(key: str) -> int:
    """The place of a filter's rows in a list by status, from 0."""
    return _MOST_URGENT_FIRST.index(key)


def chips(keys: Iterable[str], chosen: str) -> list[Chip]:
    """ "All", and each filter that leaves a row or is chosen."""
    counts = Counter(keys)
    shown = [
        Chip(key, gettext(name), counts[key], key == chosen)
        for key, name in _CHIPS.items()
        if counts[key] or key == chosen
    ]
    return [Chip("", gettext("All"), counts.total(), not chosen), *shown]


def known_chip(key: str) -> str:
    """``key`` if it names a filter, else "" for all."""
    return key if key in _CHIPS else ""
