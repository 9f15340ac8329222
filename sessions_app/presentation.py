"""What a page shows for a snapshot: the picture, the buttons, the first sentence. Pure."""

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
    """The content of the frame on the session page."""

    QR = "qr"
    SKELETON = "skeleton"
    CHECK = "check"
    NONE = "none"


def picture(session: SessionSnapshot) -> Picture:
    """Return the content of the frame. It stays until the number is linked, so that the page does
    not jump."""
    if session["qr"] is not None:
        return Picture.QR
    if session["reason"] == Reason.PAIRING:
        return Picture.CHECK
    if session["linked"] or session["wanted"] == Wanted.UNLINKED:
        return Picture.NONE
    return Picture.NONE if session["status"] == Status.READY else Picture.SKELETON


def code_seconds(session: SessionSnapshot) -> int:
    """Return the lifetime of the code that is shown, in seconds; 0 if there is none."""
    if session["qr"] is None:
        return 0
    return FIRST_CODE_SECONDS if session["qr"]["number"] == 1 else LATER_CODE_SECONDS


@dataclass(frozen=True)
class ActionButton:
    """A button that posts to the URL named ``url``."""

    label: str
    url: str


_URLS: Mapping[Action, str] = {
    Action.NEW_QR: "session_restart",
    Action.RESTART: "session_restart",
    Action.CREATE: "connect",
}


def primary_button(session: SessionSnapshot) -> ActionButton | None:
    """Return the primary action for the session's state, or None if it needs no button."""
    action = Action(session["action"])
    url = _URLS.get(action)
    if url is None:
        return None
    stopped = session["wanted"] == Wanted.STOPPED
    return ActionButton(gettext(START_AGAIN_LABEL if stopped else ACTION_LABELS[action]), url)


@dataclass(frozen=True)
class MenuItem:
    """An entry of the menu. One that ``confirms`` leads to a page with a form."""

    label: str | Promise
    help: str | Promise
    url: str
    confirms: bool


_RESTART = MenuItem(
    _("Restart"),
    _("Reconnects the number. No new scan is needed."),
    "session_restart",
    confirms=False,
)
_NEW_CODE = MenuItem(
    _("New QR code"),
    _("Starts over with the first of six new codes."),
    "session_restart",
    confirms=False,
)
_STOP = MenuItem(
    _("Stop…"),
    _("Disconnects the number, but keeps the link. You can start it again."),
    "session_stop",
    confirms=True,
)
_PROXY = MenuItem(
    _("Proxy…"),
    _("The proxy through which this number reaches WhatsApp."),
    "session_proxy",
    confirms=True,
)
_BUNDLE = MenuItem(
    _("Support bundle…"),
    _("A file for your support contact, without codes and messages."),
    "session_bundle",
    confirms=True,
)
_UNLINK = MenuItem(
    _("Unlink…"),
    _("Removes Pairline from the phone permanently."),
    "session_unlink",
    confirms=True,
)
_REPLACE = MenuItem(
    _("Use another number…"),
    _("Begins anew with another number. This one's messages are kept."),
    "session_replace",
    confirms=True,
)
_CANCEL = MenuItem(
    _("Cancel this attempt…"),
    _("Ends this attempt and frees the location."),
    "session_unlink",
    confirms=True,
)


def menu(session: SessionSnapshot) -> list[MenuItem]:
    """Return the other actions, the most drastic last; none once the session is unlinked."""
    if session["wanted"] == Wanted.UNLINKED:
        return []
    if session["reason"] == Reason.SUSPENDED_BILLING:  # it starts automatically, but only then
        return [_BUNDLE, _UNLINK] if session["linked"] else [_BUNDLE, _CANCEL]
    if not session["linked"]:
        known = [_REPLACE] if session["phone_number"] else []
        return [_NEW_CODE, *known, _PROXY, _BUNDLE, _CANCEL]
    if session["wanted"] == Wanted.STOPPED:
        return [_PROXY, _BUNDLE, _UNLINK]
    return [_RESTART, _PROXY, _BUNDLE, _STOP, _UNLINK]


@dataclass(frozen=True)
class DisplayState:
    """The requested state of a session, and its visible status and reason."""

    wanted: str
    status: Status
    reason: Reason


def needs_action(session: DisplayState) -> bool:
    """Return whether the number is down without having been stopped: a user must act."""
    return session.status is Status.DISCONNECTED and session.wanted == Wanted.LINKED


def answer(sessions: Iterable[DisplayState]) -> str:
    """Return the summary: "All 12 numbers are ready.", "2 of 12 numbers need you.", …"""
    wanted = [s for s in sessions if s.wanted == Wanted.LINKED]
    total = len(wanted)
    waiting = sum(needs_action(s) for s in wanted)
    ready = sum(s.status is Status.READY for s in wanted)
    if not total:
        return gettext("No number is connected.")
    if waiting and total == 1:
        return gettext("Your number needs you.")
    if waiting:
        text = ngettext(
            "%(count)s of %(total)s numbers needs you.",
            "%(count)s of %(total)s numbers need you.",
            waiting,
        )
        return text % {"count": waiting, "total": total}
    if ready == total == 2:
        return gettext("Both numbers are ready.")
    if ready == total:
        text = ngettext("Your number is ready.", "All %(total)s numbers are ready.", total)
        return text % {"total": total}
    return _in_progress(wanted, total, ready)


def _in_progress(wanted: list[DisplayState], total: int, ready: int) -> str:
    """Return the summary when no number needs action, but not all are ready."""
    rest = total - ready
    scanning = sum(s.status is Status.QR for s in wanted) == rest
    if ready:
        partly = _PARTLY_SCANNING if scanning else _PARTLY_CONNECTING
        return str(partly) % {"ready": ready, "total": total, "rest": rest}
    if scanning:
        text = ngettext(
            "Your number is waiting for a scan.", "%(total)s numbers are waiting for a scan.", total
        )
    else:
        text = ngettext("Your number is connecting.", "%(total)s numbers are connecting.", total)
    return text % {"total": total}


_PARTLY_SCANNING = _("Ready: %(ready)s of %(total)s numbers. Waiting for a scan: %(rest)s.")
_PARTLY_CONNECTING = _("Ready: %(ready)s of %(total)s numbers. Connecting: %(rest)s.")


@dataclass(frozen=True)
class Chip:
    """A filter of the list, with the number of rows that match it."""

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
    """Return the key of the filter that matches ``session`` (None: no session)."""
    return "none" if session is None else _KEYS[label(session.status, session.reason)]


def urgency(key: str) -> int:
    """Return the rank of a filter's rows in a list sorted by status, from 0."""
    return _MOST_URGENT_FIRST.index(key)


def chips(keys: Iterable[str], chosen: str) -> list[Chip]:
    """Return "All", and each filter that matches a row or is chosen."""
    counts = Counter(keys)
    shown = [
        Chip(key, gettext(name), counts[key], key == chosen)
        for key, name in _CHIPS.items()
        if counts[key] or key == chosen
    ]
    return [Chip("", gettext("All"), counts.total(), not chosen), *shown]


def known_chip(key: str) -> str:
    """Return ``key`` if it names a filter, else "" for all."""
    return key if key in _CHIPS else ""
