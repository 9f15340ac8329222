"""The text of a mail for each reason for which a number is lost. Data, no I/O.

``sessions_app/wording.py`` describes what happened. This module adds what to do first, why it
happens, and what follows if nothing is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions_app.lifecycle import Reason

Words = str | Promise


class Next(Enum):
    """The next step, which decides the button of the mail."""

    CODE = "code"  # scan a new code
    OPEN = "open"  # do what the page of the number explains
    PROXY = "proxy"  # check the proxy
    ITSELF = "itself"  # nothing: the number reconnects by itself


@dataclass(frozen=True)
class LossAdvice:
    """The texts for one reason.

    ``do`` is the first line of the mail; ``why`` may be ""; ``otherwise`` is what follows if
    nothing is done. ``happened`` replaces the sentence of the pages where that one describes the
    present moment only.
    """

    next: Next
    do: Words
    why: Words
    otherwise: Words
    happened: Words = ""


_SCAN = _("Scan a new code to connect it again.")
_SILENT = _(
    "Until then, no messages are sent or received here. Messages to this number still arrive on "
    "the phone."
)
_WAIT = _("Nothing to do: it reconnects by itself.")
_BACK = _(
    "No new scan is needed, and messages that arrive in the meantime are not lost. We will write "
    "again as soon as the number is connected."
)
_KEPT = _(
    "Until then, no messages are sent or received. The link is kept, so no new scan is needed."
)

LOSSES: Mapping[Reason, LossAdvice] = {
    Reason.LOGGED_OUT: LossAdvice(
        Next.CODE,
        _SCAN,
        _(
            "Possible causes: it was removed under Linked devices, WhatsApp was reinstalled on "
            "the phone, or the phone was offline for 14 days."
        ),
        _SILENT,
    ),
    Reason.ACCOUNT_BANNED: LossAdvice(
        Next.OPEN,
        _("Open WhatsApp on the phone and ask for a review."),
        _(
            "WhatsApp bans numbers that many people report, or that message many people who do "
            "not know them. Only WhatsApp can lift the ban."
        ),
        _("Without a review, the number stays banned, both on the phone and here."),
    ),
    Reason.TEMP_BAN: LossAdvice(
        Next.ITSELF,
        _("Wait until the block ends, and send fewer messages from then on."),
        _("WhatsApp blocks numbers that message many people who do not know them."),
        _(
            "The number reconnects by itself when the block ends. If you continue to send as "
            "before, WhatsApp may ban it permanently."
        ),
    ),
    Reason.ACCOUNT_LOCKED: LossAdvice(
        Next.OPEN,
        _("Open WhatsApp on the phone, follow its instructions, then scan a new code."),
        _("WhatsApp locks an account when its owner has to prove that the number is theirs."),
        _SILENT,
    ),
    Reason.STREAM_REPLACED: LossAdvice(
        Next.OPEN,
        _("Stop the other program that uses this link, then restart the number here."),
        _(
            "WhatsApp lets only one program at a time use a link. If you run no other program, "
            "remove the link under Linked devices on the phone and scan a new code."
        ),
        _("Until then, messages go through the other program instead of Pairline."),
    ),
    Reason.UNREACHABLE: LossAdvice(
        Next.ITSELF, _WAIT, _("We keep trying every few minutes."), _BACK
    ),
    Reason.RECONNECTING: LossAdvice(
        Next.ITSELF,
        _WAIT,
        _("There is a problem with the network or with WhatsApp. We keep trying."),
        _BACK,
        _("The connection dropped and is not back yet"),
    ),
    Reason.STARTING: LossAdvice(
        Next.ITSELF,
        _WAIT,
        _("There is a problem with the network or with WhatsApp. We keep trying."),
        _BACK,
        _("The connection dropped and is not back yet"),
    ),
    Reason.PAIRING: LossAdvice(
        Next.OPEN,
        _("Keep WhatsApp open on the phone. If nothing changes, restart the number here."),
        _("The phone accepted the link, but WhatsApp has not activated it."),
        _SILENT,
        _("The new link is not active yet"),
    ),
    Reason.CONNECTION_FAILED: LossAdvice(
        Next.ITSELF,
        _WAIT,
        _("There is a problem with the network or with WhatsApp. We keep trying."),
        _BACK,
        _("WhatsApp cannot be reached"),
    ),
    Reason.ENGINE_RESTARTING: LossAdvice(
        Next.ITSELF,
        _WAIT,
        _("The problem is on our side, and we are working on it."),
        _BACK,
        _("The connection is interrupted"),
    ),
    Reason.GATEWAY_OFFLINE: LossAdvice(
        Next.ITSELF, _WAIT, _("The problem is on our side, and we are working on it."), _BACK
    ),
    Reason.CLIENT_OUTDATED: LossAdvice(
        Next.ITSELF, _("Nothing to do: we have been alerted and will update Pairline."), "", _BACK
    ),
    Reason.CONNECT_FAILURE: LossAdvice(
        Next.OPEN,
        _("Restart the number in a few minutes."),
        _("We tried several times, and WhatsApp refused without giving a reason."),
        _KEPT,
    ),
    Reason.STUCK_NO_QR: LossAdvice(
        Next.CODE,
        _("Get a new code and scan it."),
        _("WhatsApp may have a problem. If this happens again, try again in an hour."),
        _SILENT,
    ),
    Reason.PAIR_ERROR: LossAdvice(
        Next.CODE,
        _("Get a new code and scan it."),
        _("A phone can have four linked devices. If it already has four, remove one there."),
        _SILENT,
    ),
    Reason.QR_EXPIRED: LossAdvice(
        Next.CODE, _("Get a new code when you have the phone at hand, and scan it."), "", _SILENT
    ),
    Reason.KEYS_MISSING: LossAdvice(
        Next.CODE, _SCAN, _("Without its keys, the old link can no longer be used."), _SILENT
    ),
    Reason.KEYS_DAMAGED: LossAdvice(
        Next.CODE,
        _SCAN,
        _("Your operator may have a backup of the keys. In that case, no scan is needed."),
        _SILENT,
    ),
    Reason.STORAGE_FULL: LossAdvice(
        Next.OPEN, _("Ask your operator to free disk space on the Pairline server."), "", _KEPT
    ),
    Reason.CLOCK_WRONG: LossAdvice(
        Next.OPEN, _("Ask your operator to correct the clock of the Pairline server."), "", _KEPT
    ),
    Reason.PROXY_FAILED: LossAdvice(
        Next.PROXY,
        _("Check the proxy of this number, or set another one."),
        _("We keep trying through the proxy. We never connect without it."),
        _KEPT,
    ),
    Reason.ENGINE_UNAVAILABLE: LossAdvice(
        Next.ITSELF, _WAIT, _("The problem is on our side, and we have been alerted."), _BACK
    ),
    Reason.NUMBER_TAKEN: LossAdvice(
        Next.OPEN,
        _("Unlink the number at the other location first, or scan with another phone."),
        _("A number can be linked to only one location at a time."),
        _("Its messages continue to arrive at the other location."),
    ),
    Reason.OTHER_NUMBER: LossAdvice(
        Next.CODE,
        _("Scan a new code with the phone of this number."),
        _(
            "Someone scanned the code with the phone of another number. We unlinked that phone at "
            "once. To use another number at this location, confirm it on the page first: the "
            "messages of both numbers are then kept apart."
        ),
        _SILENT,
    ),
    Reason.CLEANED_UP: LossAdvice(
        Next.OPEN, _("Start it again: a number that is still linked needs no new scan."), "", _KEPT
    ),
}
"""Each reason that a notice of a loss can have."""
