"""Deleting many rows without holding up those who write meanwhile."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import QuerySet

ROWS = 500
# SQLite takes one writer at a time, and those that wait sleep: without a gap they could miss
# every chance.
BREATH_SECONDS = 0.05


def delete_in_slices(rows: QuerySet[Any]) -> int:
    """Delete ``rows`` and what hangs on them, some in a transaction; how many of ``rows``. What
    is added meanwhile may be among them."""
    deleted = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:ROWS]):
        rows.filter(pk__in=keys).delete()  # what has changed meanwhile may stay
        deleted += len(keys)
        if len(keys) < ROWS:
            break
        time.sleep(BREATH_SECONDS)
    return deleted
