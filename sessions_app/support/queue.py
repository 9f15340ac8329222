"""The queue of support bundles: each function is one whole transaction of a builder.

A bundle is claimed for ``LEASE``, longer than building takes. If the builder dies, the next one
builds it after that time; after ``ATTEMPTS`` it has failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.background.row_queue import Lease, QueueSpec, RowQueue
from core.data.built_files import discard, draft_of, remove_strays
from sessions_app.models import BundleState, SupportBundle
from sessions_app.models.support_bundle import KEPT, bundles_folder
from sessions_app.signals import bundle_ready

LEASE = timedelta(minutes=2)
ATTEMPTS = 3

BUNDLES: RowQueue[SupportBundle] = RowQueue(
    QueueSpec(
        model=SupportBundle,
        due=lambda rows, at: rows.to_make(at),
        order=("asked_at",),
        fence=("state", "attempts"),
        lease=LEASE,
        lease_column="lease_expires_at",
        counter_column="attempts",
        on_claim={"state": BundleState.BUILDING},
        fair_by="account_id",
        on_give_back={"state": BundleState.WAITING, "lease_expires_at": None},
    )
)


@dataclass(frozen=True)
class ClaimedBundle:
    """A claimed bundle. ``account`` None: for operators; ``session`` None: all sessions.
    ``lines`` of the log for each session; ``attempt`` counts from 1."""

    bundle: UUID
    account: UUID | None
    session: UUID | None
    lines: int
    attempt: int
    lease: Lease = field(repr=False)

    @property
    def draft(self) -> Path:
        """Where this attempt writes."""
        return draft_of(bundles_folder(), str(self.bundle), self.attempt)

    def discard(self) -> None:
        """Remove what this attempt has written, if possible."""
        discard(self.draft)


def claim() -> ClaimedBundle | None:
    """Claim the oldest bundle to build; None if there is none. One whose attempts are used up,
    because every builder died, fails here."""
    if not BUNDLES.due().exists():  # a poll in vain must not block writers
        return None
    with transaction.atomic():
        claimed = BUNDLES.claim(1)
        if not claimed:
            return None
        (row,) = claimed
        if row.attempts > ATTEMPTS:
            row.attempts = ATTEMPTS
            _end(row, BundleState.FAILED)
            return None
    lease = BUNDLES.lease_of(row)
    return ClaimedBundle(row.pk, row.account_id, row.session_id, row.lines, row.attempts, lease)


def finish(claimed: ClaimedBundle, size: int) -> bool:
    """Make the draft, of ``size`` bytes, the bundle: it is ready, and ``bundle_ready`` is sent.

    False, and the draft is removed, if the lease is lost or the bundle is gone.
    """
    with transaction.atomic():
        row = BUNDLES.lock_held(claimed.lease).first()
        if row is None:
            claimed.discard()
            return False
        row.ready_at = timezone.now()
        row.size, row.expires_at = size, row.ready_at + KEPT
        claimed.draft.replace(row.path)  # before the commit: a ready bundle has a file
        _end(row, BundleState.READY)
        bundle_ready.send(SupportBundle, bundle=row)
    return True


def fail(claimed: ClaimedBundle) -> None:
    """End an attempt that failed or was cut off: the bundle is due again, or failed if this was
    the last attempt."""
    if claimed.attempt < ATTEMPTS:
        BUNDLES.give_back([claimed.lease])
    else:
        BUNDLES.finish(claimed.lease, state=BundleState.FAILED, lease_expires_at=None)
    claimed.discard()


def _end(row: SupportBundle, state: BundleState) -> None:
    row.state, row.lease_expires_at = state, None
    row.save()


def forget_old() -> int:
    """Delete expired bundles, and files without a bundle; return how many bundles."""
    count, _ = SupportBundle.objects.past(timezone.now()).delete()
    known = {str(pk) for pk in SupportBundle.objects.values_list("pk", flat=True)}
    remove_strays(bundles_folder(), known)
    return count
