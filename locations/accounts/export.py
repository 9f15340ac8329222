"""The export of an account: a ZIP that is written while it is read, so that it needs no room.

No keys, no codes, no tokens. What other apps keep of the account they add themselves.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from core.data.csv_export import columns, csv_texts
from locations.audit import AccountVerb, record
from locations.audit_log.queries import AUDIT
from locations.models import Account, AuditEvent, Location, Member
from locations.principals import Principal
from locations.signals import ExportFile, export_files

_PEOPLE = {"e-mail": "user__email", "role": "role", "since": "created_at"}
_PLACES = {"id": "id", "name": "name", "ghl_id": "ghl_id", "since": "created_at"}


def begin_export(principal: Principal, account: Account) -> Iterator[bytes]:
    """The ZIP of ``account`` in pieces; that it was asked for is in the audit log."""
    with transaction.atomic():
        record(principal, account.pk, AccountVerb.ACCOUNT_EXPORTED, account.name)
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
