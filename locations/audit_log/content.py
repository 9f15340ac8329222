"""The audit log as an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from locations.audit_log.queries import as_csv, filtered
from locations.exports.contents import ExportContent, register_content
from locations.models import ExportKind

CONTENT_TYPE = "text/csv; charset=utf-8"
_DAYS = ("since", "until")


def register() -> None:
    register_content(
        ExportKind.AUDIT_LOG, ExportContent(_pieces, CONTENT_TYPE, "audit-log-{day}.csv")
    )


def _pieces(account_id: UUID, filters: Mapping[str, str]) -> Iterator[bytes]:
    parsed: dict[str, Any] = dict(filters)
    parsed |= {name: date.fromisoformat(filters[name]) for name in _DAYS if name in filters}
    return as_csv(filtered(account_id, parsed))
