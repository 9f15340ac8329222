"""Read the audit log: filtered, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.core.paginator import Page, Paginator

from core.data.csv_export import columns, csv_texts
from locations.audit import verb_label
from locations.models import AuditEvent

ROWS_A_PAGE = 50
ROWS_AT_ONCE = 2_000  # that a page returns as a CSV file; more are written by a worker
_MAX_ACTORS = 500  # in the filter


class AuditLine(TypedDict):
    """A row of the log with the label of its verb."""

    event: AuditEvent
    label: str


def filtered(account_id: UUID, filters: Mapping[str, Any]) -> Any:
    """Return the rows of the account that match ``filters``: ``who``, ``what`` (a verb), ``since``
    and ``until`` (days in UTC, inclusive) and ``q`` (part of the target)."""
    rows = AuditEvent.objects.of_accounts([account_id])
    if filters.get("who"):
        rows = rows.filter(actor=filters["who"])
    if filters.get("what"):
        rows = rows.filter(verb=filters["what"])
    if filters.get("since"):
        rows = rows.filter(at__gte=_midnight(filters["since"]))
    if filters.get("until"):
        rows = rows.filter(at__lt=_midnight(filters["until"]) + timedelta(days=1))
    if filters.get("q"):
        rows = rows.filter(target__icontains=filters["q"])
    return rows


def page(rows: Any, number: str) -> Page[AuditLine]:
    """Return one page of ``rows``."""
    shown: Page[Any] = Paginator(rows, ROWS_A_PAGE).get_page(number)
    shown.object_list = [
        AuditLine(event=event, label=verb_label(event.verb)) for event in shown.object_list
    ]
    return shown


def actors(account_id: UUID) -> list[str]:
    """Return the names of all actors in the account, including former members."""
    rows = AuditEvent.objects.of_accounts([account_id]).order_by("actor")
    return list(rows.values_list("actor", flat=True).distinct()[:_MAX_ACTORS])


def as_csv(rows: Any) -> Iterator[bytes]:
    """Return ``rows`` as the lines of a CSV file."""
    for line in csv_texts(columns(rows, AUDIT), AUDIT_PHONES):
        yield line.encode("utf-8", "replace")


def is_short(rows: Any) -> bool:
    """Return whether there are at most ``ROWS_AT_ONCE`` rows."""
    return not rows[ROWS_AT_ONCE : ROWS_AT_ONCE + 1].exists()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


AUDIT = {
    "at": "at", "who": "actor", "did": "verb", "to": "target", "detail": "detail",
    "address": "address",
}  # fmt: skip
AUDIT_PHONES = ("to",)  # many locations are named after their number
