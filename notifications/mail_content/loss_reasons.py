"""What is said of each reason for which a number is lost. Data, no I/O.

What happened is said in the words of ``sessions_app/wording.py``; here stands what a letter says
beyond: what to do first, why it happens, and what follows if nobody does anything.
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
    """What the button leads to, and whether the number comes back without anybody."""

    CODE = "code"  # a new code is to be scanned
    OPEN = "open"  # something is to be done that its page explains
    PROXY = "proxy"
    ITSELF = "itself"  # nothing to do here: it comes back by itself


@dataclass(frozen=True)
class Loss:
    """``do`` is the letter's first line, ``why`` may be "", ``otherwise`` is what follows if
    nobody does it."""

    next: Next
    do: Words
    why: Words
    otherwise: Words
    happened: Words = ""  # where what the pages say fits the moment only


_SCAN = _("Scan a new code to connect it again.")
_SILENT = _(
    "Until then no message goes out and none comes in here. What people write meanwhile still "
    "arrives on the phone."
)
_WAIT = _("Nothing to do: it comes back by itself.")
_BACK = _(
    "No new scan is needed, and messages that arrive meanwhile are not lost. We write again as "
    "soon as the connection is back."
)
_KEPT = _(
    "Until then no message goes out and none comes in. The link is kept: no new scan will be "
    "needed."
)

LOSSES: Mapping[Reason, Loss] = {
    Reason.LOGGED_OUT: Loss(
        Next.CODE,
        _SCAN,
        _(
            "Somebody removed it under Linked devices on the phone, or WhatsApp was installed "
            "anew there, or the phone was not online for 14 days."
        ),
        _SILENT,
    ),
    Reason.ACCOUNT_BANNED: Loss(
        Next.OPEN,
        _("Open WhatsApp on the phone and ask for a review."),
        _(
            "WhatsApp does that to numbers whose messages many people report, or that write to "
            "many who do not know them. Only WhatsApp can lift the ban."
        ),
        _("Without a review the number stays banned, on the phone as well as here."),
    ),
    Reason.TEMP_BAN: Loss(
        Next.ITSELF,
        _("Wait until the block ends, and send less from then on."),
        _("WhatsApp does that to numbers that write to many people who do not know them."),
        _(
            "The connection comes back by itself when the block ends. Who goes on sending as "
            "before may be banned for good."
        ),
    ),
    Reason.ACCOUNT_LOCKED: Loss(
        Next.OPEN,
        _("Open WhatsApp on the phone, follow what it says, then scan a new code."),
        _("WhatsApp does that when it wants the owner to prove that the number is theirs."),
        _SILENT,
    ),
    Reason.STREAM_REPLACED: Loss(
        Next.OPEN,
        _("Stop the other program that uses this link, then restart the link here."),
        _(
            "WhatsApp lets one program at a time use a link. If nobody of you runs another one, "
            "remove the link under Linked devices on the phone and scan a new code."
        ),
        _("Until then messages go through the other program, and none through here."),
    ),
    Reason.UNREACHABLE: Loss(Next.ITSELF, _WAIT, _("We keep trying, every few minutes."), _BACK),
    Reason.RECONNECTING: Loss(
        Next.ITSELF,
        _WAIT,
        _("The network or WhatsApp itself is disturbed. We keep trying."),
        _BACK,
        _("The connection dropped and is not back yet"),
    ),
    Reason.STARTING: Loss(
        Next.ITSELF,
        _WAIT,
        _("The network or WhatsApp itself is disturbed. We keep trying."),
        _BACK,
        _("The connection dropped and is not back yet"),
    ),
    Reason.PAIRING: Loss(
        Next.OPEN,
        _("Keep WhatsApp open on the phone. If nothing changes, restart it on its page."),
        _("The phone accepted the link, and WhatsApp does not let it begin."),
        _SILENT,
        _("The new link does not come up"),
    ),
    Reason.CONNECTION_FAILED: Loss(
        Next.ITSELF,
        _WAIT,
        _("The network or WhatsApp itself is disturbed. We keep trying."),
        _BACK,
        _("WhatsApp cannot be reached"),
    ),
    Reason.ENGINE_RESTARTING: Loss(
        Next.ITSELF,
        _WAIT,
        _("The trouble is ours, and we are at it."),
        _BACK,
        _("The connection is interrupted"),
    ),
    Reason.GATEWAY_OFFLINE: Loss(
        Next.ITSELF, _WAIT, _("The trouble is ours, and we are at it."), _BACK
    ),
    Reason.CLIENT_OUTDATED: Loss(
        Next.ITSELF, _("Nothing to do: we are told and will update Pairline."), "", _BACK
    ),
    Reason.CONNECT_FAILURE: Loss(
        Next.OPEN,
        _("Restart the link in a few minutes."),
        _("We tried several times, and WhatsApp refused without saying why."),
        _KEPT,
    ),
    Reason.STUCK_NO_QR: Loss(
        Next.CODE,
        _("Get a new code and scan it."),
        _("WhatsApp may be disturbed. If it happens again, try an hour later."),
        _SILENT,
    ),
    Reason.PAIR_ERROR: Loss(
        Next.CODE,
        _("Get a new code and scan it."),
        _("A phone can have four linked devices. Remove one on the phone if there are that many."),
        _SILENT,
    ),
    Reason.QR_EXPIRED: Loss(
        Next.CODE, _("Get a new code when the phone is at hand, and scan it."), "", _SILENT
    ),
    Reason.KEYS_MISSING: Loss(
        Next.CODE, _SCAN, _("Without its keys nobody can use the old link any more."), _SILENT
    ),
    Reason.KEYS_DAMAGED: Loss(
        Next.CODE,
        _SCAN,
        _("Whoever runs your Pairline may have a backup of the keys: then no scan is needed."),
        _SILENT,
    ),
    Reason.STORAGE_FULL: Loss(
        Next.OPEN, _("Ask whoever runs your Pairline to free space on its server."), "", _KEPT
    ),
    Reason.CLOCK_WRONG: Loss(
        Next.OPEN, _("Ask whoever runs your Pairline to set the clock of its server."), "", _KEPT
    ),
    Reason.PROXY_FAILED: Loss(
        Next.PROXY,
        _("Check the proxy of this number, or set another one."),
        _("We keep trying through the proxy, and never without it."),
        _KEPT,
    ),
    Reason.ENGINE_UNAVAILABLE: Loss(
        Next.ITSELF, _WAIT, _("The trouble is ours, and we are told."), _BACK
    ),
    Reason.NUMBER_TAKEN: Loss(
        Next.OPEN,
        _("Unlink the number at the other location first, or scan with another phone."),
        _("A number can be linked to one location at a time."),
        _("Its messages go on arriving at the other location."),
    ),
    Reason.CLEANED_UP: Loss(
        Next.OPEN, _("Start it again: a number that is still linked needs no new scan."), "", _KEPT
    ),
}
"""Each reason of which people can be told that they lost a number."""
