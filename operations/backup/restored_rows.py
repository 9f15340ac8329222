"""What becomes of rows that are put back: time has gone on since they were backed up. Pure.

The installation that was backed up may have gone on working, and its gateway may live yet. So
nothing that may have left leaves again, and nobody holds a lease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conversations.models import Direction, MessageStatus
from notifications.models import MailState, State

Row = dict[str, Any]

# A gateway that goes on writing with the lease that it had is refused: it can hardly have taken
# one session over so often since the backup.
EPOCHS = 1_000_000
_NOT_REPEATED = "Not sent: this installation was restored from a backup."


def _session(row: Row) -> Row:
    """As after the end of a machine: unowned, without a code. Its status stands; the gateway
    that takes it over finds out what is true, as it does after a crash."""
    return row | {
        "lease_owner": "",
        "lease_expires_at": None,
        "lease_epoch": row["lease_epoch"] + EPOCHS,
        "qr_text": "",
        "qr_number": None,
        "qr_of": None,
        "qr_expires_at": None,
        "pairing_code": "",
        "pairing_error": "",
        "wanted_pairing_phone": "",
    }


def _message(row: Row) -> Row:
    """A text that waited may have been sent since: it is never sent again by itself. A person
    decides, and a receipt settles it (docs/decisions/0002-texts-are-never-repeated.md)."""
    waits = row["status"] in (MessageStatus.QUEUED, MessageStatus.SENDING)
    if row["direction"] == Direction.OUT and waits:
        return row | {"status": MessageStatus.UNCONFIRMED.value}
    return row


def _delivery(row: Row) -> Row:
    """One that waited may have been delivered since; its receiver would hear old news anyway."""
    if row["state"] != State.WAITING:
        return row
    return row | {"state": State.SKIPPED.value, "error": _NOT_REPEATED}


def _mail(row: Row) -> Row:
    """One that waited may have been sent since."""
    if row["state"] != MailState.WAITING:
        return row
    gone = {"text": "", "html": ""}
    return row | gone | {"state": MailState.FAILED.value, "error": _NOT_REPEATED}


def _notice(row: Row) -> Row:
    """One that waited may have been told since: it is under the bell, and mailed to nobody."""
    if row["batch"] is not None:
        return row
    return row | {"batch": row["id"], "told_at": row["at"], "quiet": True}


def _incident(row: Row) -> Row:
    """Its grace begins anew when the number is taken over and does not come back."""
    return row | {"due_at": None}


SETTLED: Mapping[str, Callable[[Row], Row]] = {
    "sessions_app.Session": _session,
    "conversations.Message": _message,
    "notifications.Delivery": _delivery,
    "notifications.Mail": _mail,
    "notifications.Notice": _notice,
    "notifications.Incident": _incident,
}
"""By the label of the model; rows of all others come back as they were."""


def settled(label: str, row: Row) -> Row:
    """``row`` of the model ``label`` as it is put back."""
    change = SETTLED.get(label)
    return change(row) if change else row
