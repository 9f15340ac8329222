"""The queue of support bundles: each function is one whole transaction of a builder.

A bundle is claimed for ``LEASE``, longer than building takes. When the builder dies with it, the
next one takes it up after that time; after ``ATTEMPTS`` it has failed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from sessions_app.models import BundleState, SupportBundle
from sessions_app.models.support_bundle import KEPT, bundles_folder
from sessions_app.signals import bundle_ready

LEASE = timedelta(minutes=2)
ATTEMPTS = 3
PART = ".part"
_STRAY_SECONDS = 3_600.0  # a file that is this old and of no bundle is nobody's


@dataclass(frozen=True)
class Asked:
    """A bundle that is claimed. ``account`` None: the operators' own; ``session`` None: all
    sessions. ``lines`` of the log for each; ``attempt`` counts from 1."""

    bundle: UUID
    account: UUID | None
    session: UUID | None
    lines: int
    attempt: int

    @property
    def draft(self) -> Path:
        """Where this attempt writes."""
        return bundles_folder() / f"{self.bundle}.{self.attempt}{PART}"

    def discard(self) -> None:
        """Remove what this attempt has written, if it can be."""
        with suppress(OSError):
            self.draft.unlink()


def claim() -> Asked | None:
    """The oldest bundle that is to be made, claimed; None when there is none. One that nobody
    could make has failed."""
    now = timezone.now()
    if not SupportBundle.objects.to_make(now).exists():
        return None
    with transaction.atomic():
        rows = SupportBundle.objects.to_make(now).select_for_update(skip_locked=True, of=("self",))
        row: SupportBundle | None = rows.first()
        if row is None:
            return None
        if row.attempts >= ATTEMPTS:
            _end(row, BundleState.FAILED)
            return None
        row.state, row.attempts = BundleState.BUILDING, row.attempts + 1
        row.lease_expires_at = now + LEASE
        row.save(update_fields=["state", "attempts", "lease_expires_at"])
    return Asked(row.pk, row.account_id, row.session_id, row.lines, row.attempts)


def finish(asked: Asked, size: int) -> bool:
    """The draft, of ``size`` bytes, is the bundle: it is ready, and ``bundle_ready`` is sent.
    False, and the draft is no more, when somebody else has the bundle by now, or it is gone."""
    with transaction.atomic():
        row = _mine(asked)
        if row is None:
            asked.discard()
            return False
        row.ready_at = timezone.now()
        row.size, row.expires_at = size, row.ready_at + KEPT
        asked.draft.replace(row.path)  # before the commit: what is ready has a file
        _end(row, BundleState.READY)
        bundle_ready.send(SupportBundle, bundle=row)
    return True


def fail(asked: Asked) -> None:
    """This attempt came to nothing: another follows, unless it was the last."""
    with transaction.atomic():
        row = _mine(asked)
        if row is not None:
            _end(row, BundleState.FAILED if asked.attempt >= ATTEMPTS else BundleState.WAITING)
    asked.discard()


def _mine(asked: Asked) -> SupportBundle | None:
    rows = SupportBundle.objects.select_for_update(of=("self",)).filter(
        pk=asked.bundle, state=BundleState.BUILDING, attempts=asked.attempt
    )
    row: SupportBundle | None = rows.first()
    return row


def _end(row: SupportBundle, state: BundleState) -> None:
    row.state, row.lease_expires_at = state, None
    row.save()


def forget_old() -> int:
    """Delete bundles whose time is over, and files that belong to none; how many bundles."""
    count, _ = SupportBundle.objects.past(timezone.now()).delete()
    known = {str(pk) for pk in SupportBundle.objects.values_list("pk", flat=True)}
    folder = bundles_folder()
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.partition(".")[0] not in known or _is_stale_draft(path):
            path.unlink(missing_ok=True)
    return count


def _is_stale_draft(path: Path) -> bool:
    return path.suffix == PART and time.time() - path.stat().st_mtime > _STRAY_SECONDS
