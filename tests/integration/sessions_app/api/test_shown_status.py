"""The list's filter and the snapshot agree on every kind of row."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest
from django.utils import timezone

from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import Session
from sessions_app.snapshot import UNCLAIMED_GRACE_SECONDS, snapshot
from tests.factory import make_location, make_session

_SECOND = timedelta(seconds=1)
_GRACE = UNCLAIMED_GRACE_SECONDS * _SECOND


@pytest.mark.django_db
def test_it_filters_by_the_status_of_the_snapshot() -> None:
    now = timezone.now()
    account = make_location().account
    leases: list[datetime | None] = [None, now - _SECOND, now, now + _SECOND]
    ages = [0 * _SECOND, _GRACE, _GRACE + _SECOND]
    for status, wanted, lease, age in product(Status, Wanted, leases, ages):
        make_session(
            make_location(account),
            status,
            wanted=wanted,
            lease_expires_at=lease,
            since=now - age,
        )

    shown: dict[str, set[object]] = {status: set() for status in Status}
    for row in Session.objects.select_related("location"):
        shown[snapshot(row, now, with_code=False)["status"]].add(row.pk)

    for status in Status:
        found = Session.objects.all().shown_as(status, now)
        assert set(found.values_list("pk", flat=True)) == shown[status], status
        assert shown[status]
