"""The rows of sessions and of their timelines, in sets."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from locations.models import Location, TenantQuerySet
from locations.plans.entitlements import Resource, require
from sessions_app.lifecycle import Status, Wanted
from sessions_app.snapshot import UNCLAIMED_GRACE_SECONDS

if TYPE_CHECKING:
    from sessions_app.models.session import Session


class LocationBusy(Exception):
    """The location has a live session already: use that one, or unlink it first."""


class SessionQuerySet(TenantQuerySet):
    location_path = "location_id"

    def create_for(self, location: Location, *, by: str, proxy: str = "") -> Session:
        """A new session of ``location`` that wants to be linked, through the ``proxy`` (a URL) if
        there is one; the gateway is told after the commit. Raises LocationBusy when the location
        has a live session, and OverLimit when the account may not have another one."""
        try:
            with transaction.atomic():
                if not self.live().of_location(location.pk).exists():  # else it is LocationBusy
                    require(location.account, Resource.SESSIONS)
                session: Session = self.create(
                    account_id=location.account_id,
                    location=location,
                    created_by=by,
                    wanted_by=by,
                    proxy=proxy,
                )
        except IntegrityError as error:
            says = gettext("%(location)s has a connection already.")
            raise LocationBusy(says % {"location": location.name}) from error
        session.announce_wish()
        return session

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
