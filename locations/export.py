"""The export of an account: a ZIP that is written while it is read, so that it needs no room.

No keys, no codes, no tokens. What other apps keep of the account they add themselves.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from locations.access import Principal
from locations.audit import Verb, record
from locations.models import Account, AuditEvent, Location, Member
from locations.signals import ExportFile, export_files

ROWS_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PEOPLE = {"e-mail": "user__email", "role": "role", "since": "created_at"}
_PLACES = {"id": "id", "name": "name", "ghl_id": "ghl_id", "since": "created_at"}
AUDIT = {
    "at": "at", "who": "actor", "did": "verb", "to": "target", "detail": "detail",
    "address": "address",
}  # fmt: skip


def begin_export(principal: Principal, account: Account) -> Iterator[bytes]:
    """The ZIP of ``account`` in pieces; that it was asked for is in the audit log."""
    with transaction.atomic():
        record(principal, account.pk, Verb.ACCOUNT_EXPORTED, account.name)
    return zipped([*_own_files(account), *export_files(account.pk)])


def _own_files(account: Account) -> list[ExportFile]:
    about = {"id": account.pk, "name": account.name, "created_at": account.created_at}
    members = Member.objects.filter(account=account).order_by("created_at")
    locations = Location.objects.of_accounts([account.pk])
    events = AuditEvent.objects.of_accounts([account.pk]).order_by("at", "id")
    return [
        ExportFile("account.json", [about]),
        ExportFile("members.csv", columns(members, _PEOPLE)),
        ExportFile("locations.csv", columns(locations, _PLACES)),
        ExportFile("audit-log.csv", columns(events, AUDIT)),
    ]


def columns(rows: Any, names: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Each of ``rows`` (a query) with the fields ``names`` has, by their names outside."""
    for row in rows.values_list(*names.values()).iterator(chunk_size=ROWS_AT_ONCE):
        yield dict(zip(names, row, strict=True))


def zipped(files: Iterable[ExportFile]) -> Iterator[bytes]:
    """A ZIP of ``files``, in pieces."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            texts = csv_texts(file.rows) if file.name.endswith(".csv") else _json_texts(file.rows)
            with archive.open(file.name, "w") as entry:
                for text in texts:
                    entry.write(text.encode("utf-8", "replace"))
                    if piece := pipe.taken():
                        yield piece
    yield pipe.taken()


def csv_texts(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The lines of a CSV, with a header when there is any row."""
    for number, row in enumerate(rows):
        if number == 0:
            yield _line(row.keys())
        yield _line(cell(value) for value in row.values())


def cell(value: object) -> str:
    """``value`` as a cell: a text that a spreadsheet would take for a formula gets a quote in
    front of it."""
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _json_texts(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"


class _Pipe(io.RawIOBase):
    """What is written comes out at ``taken``; a ZIP can be written to it, for it never seeks."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece
