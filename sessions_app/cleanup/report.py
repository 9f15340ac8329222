"""Format the report of a cleanup for the terminal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from core.text.units import duration, plural, size
from sessions_app.cleanup.run import CleanupReport, Ended


def lines(report: CleanupReport, now: datetime | None = None) -> list[str]:
    """Return the report as lines: what was done, what was kept and why, and what failed."""
    return [
        *_accounts(report),
        *_ended(report, now or timezone.now()),
        *_deleted(report),
        *_kept(report),
        *_failed(report),
        _last(report),
    ]


def _accounts(report: CleanupReport) -> Iterator[str]:
    if report.accounts:
        yield f"Finished the deletion of {plural(report.accounts, 'account')}"


def _ended(report: CleanupReport, now: datetime) -> Iterator[str]:
    count = plural(len(report.ended), "stuck session")
    yield f"{_verb(report, 'Marked', 'mark')} as disconnected: {count}"
    for session in report.ended:
        age = duration((now - session.since).total_seconds())
        yield f"  {session.session}  {session.status:<12}  {age:>7}  {_why(session)}"


def _why(session: Ended) -> str:
    if session.linked:
        return "no gateway runs it; the keys stay, and it reconnects when one does"
    return "the attempt took too long" if session.leased else "no gateway runs it"


def _deleted(report: CleanupReport) -> Iterator[str]:
    total = sum(file.size for file in report.deleted)
    count = plural(len(report.deleted), "item")
    yield f"{_verb(report, 'Deleted', 'delete')}: {count}, {size(total)}"
    width = max((len(file.name) for file in report.deleted), default=0)
    for file in report.deleted:
        yield f"  {file.name:<{width}}  {size(file.size):>9}  {file.why}"


def _kept(report: CleanupReport) -> Iterator[str]:
    yield f"Kept: {plural(len(report.kept), 'item')}"
    for why, count in Counter(file.why for file in report.kept).most_common():
        yield f"  {count:>5}  {why}"


def _failed(report: CleanupReport) -> Iterator[str]:
    if report.failed:
        yield f"Could not be deleted: {plural(len(report.failed), 'item')}"
    for file in report.failed:
        yield f"  {file.name}  {file.why}"


def _verb(report: CleanupReport, done: str, would: str) -> str:
    return f"Would {would}" if report.dry_run else done


def _last(report: CleanupReport) -> str:
    if report.dry_run:
        return "This was a dry run: nothing was changed."
    if report.failed:
        return "Done, except for what could not be deleted."
    return (
        "Done." if report.ended or report.deleted or report.accounts else "There was nothing to do."
    )
