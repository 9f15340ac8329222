"""The queue of exports: each function is one whole transaction of a worker.

An export is claimed for ``LEASE``, which the worker renews while it writes. If the worker dies, the
next one begins again after that time; after ``ATTEMPTS`` the export has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.background.row_queue import Lease, QueueSpec, RowQueue
from core.data.built_files import discard, draft_of, remove_strays
from locations.models import Export, ExportState
from locations.models.exports import KEPT, exports_folder
from locations.signals import export_ready

LEASE = timedelta(minutes=1)
ATTEMPTS = 3

EXPORTS: RowQueue[Export] = RowQueue(
    QueueSpec(
        model=Export,
        due=lambda rows, at: rows.to_write(at),
        order=("asked_at",),
        fence=("state", "attempts"),
        lease=LEASE,
        lease_column="lease_expires_at",
        counter_column="attempts",
        on_claim={"state": ExportState.WRITING, "written": 0},
        fair_by="account_id",
        on_give_back={"state": ExportState.WAITING, "lease_expires_at": None},
    )
)


@dataclass(frozen=True)
class ClaimedExport:
    """A claimed export. ``attempt`` counts from 1."""

    export: UUID
    account: UUID
    kind: str
    filters: Mapping[str, str]
    attempt: int
    lease: Lease = field(repr=False)

    @property
    def draft(self) -> Path:
        """Where this attempt writes."""
        return draft_of(exports_folder(), str(self.export), self.attempt)


def claim() -> ClaimedExport | None:
    """Claim the oldest export to write; None if there is none. One whose attempts are used up,
    because every worker died, fails here."""
    claimed = EXPORTS.claim(1)
    if not claimed:
        return None
    (row,) = claimed
    lease = EXPORTS.lease_of(row)
    if row.attempts > ATTEMPTS:
        EXPORTS.finish(lease, state=ExportState.FAILED, lease_expires_at=None)
        return None
    return ClaimedExport(row.pk, row.account_id, row.kind, row.filters, row.attempts, lease)


def show_progress(claimed: ClaimedExport, written: int) -> bool:
    """Store the bytes ``written`` so far and renew the lease. False if the lease is lost."""
    until = timezone.now() + LEASE
    return EXPORTS.finish(claimed.lease, written=written, lease_expires_at=until)


def finish(claimed: ClaimedExport, size: int) -> bool:
    """Make the draft, of ``size`` bytes, the file: it is ready, and ``export_ready`` is sent.

    False, and the draft is removed, if the lease is lost or the export is gone.
    """
    with transaction.atomic():
        row = EXPORTS.lock_held(claimed.lease).first()
        if row is None:
            discard(claimed.draft)
            return False
        row.ready_at = timezone.now()
        row.size = row.written = size
        row.expires_at = row.ready_at + KEPT
        row.state, row.lease_expires_at = ExportState.READY, None
        claimed.draft.replace(row.path)  # before the commit: a ready export has a file
        row.save()
        export_ready.send(Export, export=row)
    return True


def fail(claimed: ClaimedExport, *, for_good: bool = False) -> None:
    """End an attempt that failed or was cut off: the export is due again, or failed if this was
    the last attempt or ``for_good``."""
    if claimed.attempt < ATTEMPTS and not for_good:
        EXPORTS.give_back([claimed.lease])
    else:
        EXPORTS.finish(claimed.lease, state=ExportState.FAILED, lease_expires_at=None)
    discard(claimed.draft)


def forget_old() -> int:
    """Delete expired exports, and files without an export; return how many exports."""
    count = EXPORTS.forget(Export.objects.past(timezone.now()))
    known = {str(pk) for pk in Export.objects.values_list("pk", flat=True)}
    remove_strays(exports_folder(), known)
    return count
