"""The rows of sessions and of their timelines, in sets."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import F, Q
from django.db.models.functions import Now

from locations.models import TenantQuerySet
from sessions_app.lifecycle import Status, Wanted
from sessions_app.snapshot import UNCLAIMED_GRACE_SECONDS

if TYPE_CHECKING:
    pass


class SessionQuerySet(TenantQuerySet):
    location_path = "location_id"

    def of_location(self, location_id: uuid.UUID) -> Self:
        """Sessions of one location, past ones included."""
        return self.filter(location_id=location_id)

    def standing_since(self, moment: datetime) -> Self:
        """Sessions whose status or reason has changed at ``moment`` or later."""
        return self.filter(since__gte=moment)

    def phones_unseen_since(self, moment: datetime) -> Self:
        """Linked sessions, ready or on their way back, whose number's own phone has done nothing
        since ``moment``. One whose phone was never seen is not among them: nobody knows since
        when."""
        down = Q(status=Status.DISCONNECTED) | Q(jid="")
        return self.filter(phone_seen_at__lt=moment).exclude(down)

    def for_gateway(self) -> Self:
        """With how the account stands and the database's clock: what a gateway has to know.

        In no order, and the standing is judged from these columns afterwards: each of the two
        costs the many small reads of a gateway a third of their time (measured)."""
        return self.order_by().annotate(
            account_state=F("account__state"),
            account_trial_ends_at=F("account__trial_ends_at"),
            read_at=Now(),
        )

    def live(self) -> Self:
        """Sessions that hold their location: everything the customer has not unlinked."""
        return self.exclude(wanted=Wanted.UNLINKED)

    def shown_as(self, status: Status, now: datetime) -> Self:
        """Sessions whose snapshot at ``now`` shows ``status``: as ``snapshot.py`` decides."""
        unclaimed_since = now - timedelta(seconds=UNCLAIMED_GRACE_SECONDS)
        orphaned = Q(wanted=Wanted.LINKED) & (
            Q(lease_expires_at__isnull=False, lease_expires_at__lt=now)
            | Q(lease_expires_at__isnull=True, since__lt=unclaimed_since)
        )
        if status is Status.INITIALIZING:
            lost = Q(status__in=[Status.QR, Status.READY]) & orphaned
            return self.filter(Q(status=status) | lost)
        if status is Status.DISCONNECTED:
            return self.filter(status=status)
        return self.filter(Q(status=status) & ~orphaned)


class SessionEventQuerySet(TenantQuerySet):
    location_path = "session__location_id"
