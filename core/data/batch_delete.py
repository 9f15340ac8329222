"""Delete many rows without blocking other writers."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import QuerySet

ROWS = 500
# SQLite allows one writer at a time and waiting writers poll: without a pause between batches
# they could starve.
PAUSE_SECONDS = 0.05


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete ``rows`` and their dependent rows, one transaction per batch.

    Rows that start to match while this runs may be deleted too. Returns the number of deleted
    ``rows``, without dependent rows."""
    deleted = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:ROWS]):
        rows.filter(pk__in=keys).delete()  # rows that no longer match are kept
        deleted += len(keys)
        if len(keys) < ROWS:
            break
        time.sleep(PAUSE_SECONDS)
    return deleted
