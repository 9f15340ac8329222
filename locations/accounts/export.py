"""The export of an account: a ZIP, in pieces.

It contains no keys, codes or tokens. Other apps add their own files.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from core.data.csv_export import columns, csv_texts
from locations.audit_log.queries import AUDIT, AUDIT_PHONES
from locations.exports.contents import ExportContent, register_content
from locations.models import Account, AuditEvent, ExportKind, Location, Member
from locations.signals import ExportFile, export_files

_MEMBERS = {"e-mail": "user__email", "role": "role", "since": "created_at"}
_LOCATIONS = {"id": "id", "name": "name", "ghl_id": "ghl_id", "since": "created_at"}


def register() -> None:
    content = ExportContent(_pieces, "application/zip", "pairline-{day}.zip")
    register_content(ExportKind.ACCOUNT, content)


def _pieces(account_id: UUID, filters: Mapping[str, str]) -> Iterator[bytes]:
    account = Account.objects.get(pk=account_id)
    return zipped([*_own_files(account), *export_files(account.pk)])


def _own_files(account: Account) -> list[ExportFile]:
    about = {"id": account.pk, "name": account.name, "created_at": account.created_at}
    members = Member.objects.filter(account=account).order_by("created_at", "pk")
    locations = Location.objects.of_accounts([account.pk]).order_by("created_at", "id")
    events = AuditEvent.objects.of_accounts([account.pk]).order_by("at", "id")
    return [
        ExportFile("account.json", [about]),
        ExportFile("members.csv", columns(members, _MEMBERS)),
        ExportFile("locations.csv", columns(locations, _LOCATIONS), phones=("name",)),
        ExportFile("audit-log.csv", columns(events, AUDIT), AUDIT_PHONES),
    ]


def zipped(files: Iterable[ExportFile]) -> Iterator[bytes]:
    """Return a ZIP of ``files``, in pieces."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            with archive.open(file.name, "w") as entry:
                for text in _texts(file):
                    entry.write(text.encode("utf-8", "replace"))
                    if piece := pipe.taken():
                        yield piece
    yield pipe.taken()


def _texts(file: ExportFile) -> Iterator[str]:
    is_csv = file.name.endswith(".csv")
    return csv_texts(file.rows, file.phones) if is_csv else _json_texts(file.rows)


def _json_texts(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"


class _Pipe(io.RawIOBase):
    """An in-memory pipe for a ZIP file, which is written without seeking."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece
