"""Reading the audit log: filtered, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.core.paginator import Page, Paginator

from core.data.csv_export import columns, csv_texts
from locations.audit import Verb
from locations.models import AuditEvent

ROWS_A_PAGE = 50
_FORMER = 500  # people who are offered to filter by, at most


class Line(TypedDict):
    """A row of the log as it is shown."""

    event: AuditEvent
    words: str


def asked_for(account_id: UUID, asked: Mapping[str, Any]) -> Any:
    """The rows of the account that fit the filters: ``who``, ``what`` (a verb), ``since`` and
    ``until`` (days in UTC, both included) and ``q`` (in the target)."""
    rows = AuditEvent.objects.of_accounts([account_id])
    if asked.get("who"):
        rows = rows.filter(actor=asked["who"])
    if asked.get("what"):
        rows = rows.filter(verb=asked["what"])
    if asked.get("since"):
        rows = rows.filter(at__gte=_midnight(asked["since"]))
    if asked.get("until"):
        rows = rows.filter(at__lt=_midnight(asked["until"]) + timedelta(days=1))
    if asked.get("q"):
        rows = rows.filter(target__icontains=asked["q"])
    return rows


def page(rows: Any, number: str) -> Page[Line]:
    """One page of ``rows``, each with the words of its verb."""
    shown: Page[Any] = Paginator(rows, ROWS_A_PAGE).get_page(number)
    shown.object_list = [Line(event=event, words=words(event.verb)) for event in shown.object_list]
    return shown


def words(verb: str) -> str:
    """A verb in words; one that we know no more stays as it is."""
    return str(Verb(verb).label) if verb in Verb.values else verb


def actors(account_id: UUID) -> list[str]:
    """Who did anything in the account, by name; people who left, too."""
    rows = AuditEvent.objects.of_accounts([account_id]).order_by("actor")
    return list(rows.values_list("actor", flat=True).distinct()[:_FORMER])


def as_csv(rows: Any) -> Any:
    """``rows`` as the lines of a CSV."""
    return csv_texts(columns(rows, AUDIT))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


AUDIT = {
    "at": "at", "who": "actor", "did": "verb", "to": "target", "detail": "detail",
    "address": "address",
}  # fmt: skip
