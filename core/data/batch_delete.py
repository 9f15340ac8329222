"""Delete many rows without blocking those who write at the same time."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import QuerySet

BATCH_ROWS = 500
# SQLite takes one writer at a time, and waiting writers sleep between their attempts: without a
# pause they could miss every opportunity.
PAUSE_SECONDS = 0.05


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete ``rows`` and what depends on them, one batch per transaction.

    Returns how many of ``rows`` were deleted. Rows that are added meanwhile may be included.
    """
    deleted = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:BATCH_ROWS]):
        rows.filter(pk__in=keys).delete()  # rows that no longer match by now stay
        deleted += len(keys)
        if len(keys) < BATCH_ROWS:
            break
        time.sleep(PAUSE_SECONDS)
    return deleted
