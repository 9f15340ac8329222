"""Adjust rows for a restore. Pure.

The installation may have run on after the backup, and its gateway may still run. So nothing that
may have been sent is sent again, and every lease is released.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conversations.models import Direction, MessageStatus
from notifications.models import DeliveryState, MailState
from operations.backup.row_format import BackupRow

# Writes with a lease from before the restore are refused: no session is taken over this often
# between a backup and its restore.
EPOCH_STEP = 1_000_000
_NOT_SENT = "Not sent: this installation was restored from a backup."


def _session(row: BackupRow) -> BackupRow:
    """Release the lease and remove codes, as after a crash. The status stays: the gateway that
    claims the session corrects it."""
    return row | {
        "lease_owner": "",
        "lease_expires_at": None,
        "lease_epoch": row["lease_epoch"] + EPOCH_STEP,
        "qr_text": "",
        "qr_number": None,
        "qr_of": None,
        "qr_expires_at": None,
        "pairing_code": "",
        "pairing_error": "",
        "wanted_pairing_phone": "",
    }


def _message(row: BackupRow) -> BackupRow:
    """A waiting text may have been sent since: it becomes *unconfirmed* and is never sent again
    automatically (docs/decisions/0002-texts-are-never-repeated.md)."""
    waits = row["status"] in (MessageStatus.QUEUED, MessageStatus.SENDING)
    if row["direction"] == Direction.OUT and waits:
        return row | {"status": MessageStatus.UNCONFIRMED.value}
    return row


def _delivery(row: BackupRow) -> BackupRow:
    """A waiting delivery may have been made since, and would be outdated anyway: skip it."""
    if row["state"] != DeliveryState.WAITING:
        return row
    return row | {"state": DeliveryState.SKIPPED.value, "error": _NOT_SENT}


def _mail(row: BackupRow) -> BackupRow:
    """A waiting mail may have been sent since: it fails without its content."""
    if row["state"] != MailState.WAITING:
        return row
    content = {"text": "", "html": ""}
    return row | content | {"state": MailState.FAILED.value, "error": _NOT_SENT}


def _notice(row: BackupRow) -> BackupRow:
    """A waiting notice may have been mailed since: show it on the site only."""
    if row["batch"] is not None:
        return row
    return row | {"batch": row["id"], "told_at": row["at"], "quiet": True}


def _incident(row: BackupRow) -> BackupRow:
    """The grace period starts again if the number does not reconnect."""
    return row | {"due_at": None}


ADJUSTMENTS: Mapping[str, Callable[[BackupRow], BackupRow]] = {
    "sessions_app.Session": _session,
    "conversations.Message": _message,
    "notifications.Delivery": _delivery,
    "notifications.Mail": _mail,
    "notifications.Notice": _notice,
    "notifications.Incident": _incident,
}
"""By model label; rows of all other models are restored unchanged."""


def adjusted(label: str, row: BackupRow) -> BackupRow:
    """Return ``row`` of the model ``label`` as it is to be restored."""
    change = ADJUSTMENTS.get(label)
    return change(row) if change else row
