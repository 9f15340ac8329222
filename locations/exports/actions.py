"""Actions on exports. Each is one transaction with its audit log entry.

The callers have checked access: exports are for owners.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.data.built_files import discard
from locations.audit import AccountVerb, record
from locations.models import Export, ExportKind
from locations.plans.action_limits import ActionLimit, TooOften, count_action
from locations.principals import Principal
from locations.signals import account_closing

SHOWN = 5
_BUSY = _("An export of this account is already being written. Wait until it is ready.")


class ExportRefused(Exception):
    """The account cannot have another export now; the text says why and what to do. ``export``: the
    one that is being written, if that is the reason."""

    def __init__(self, text: str | Promise, export: Export | None = None) -> None:
        super().__init__(text)
        self.export = export


class NoExportFile(Exception):
    """The export has no file here; the text says why and what to do."""


def ask(
    principal: Principal, account_id: UUID, kind: ExportKind, filters: Mapping[str, str]
) -> Export:
    """Request an export of the account, with ``filters`` for the rows of its audit log. Raises
    ExportRefused."""
    if (running := _running(account_id)) is not None:
        raise ExportRefused(_BUSY, running)
    try:
        count_action((ActionLimit.EXPORTS_OF_ACCOUNT, account_id))
        with transaction.atomic():
            export: Export = Export.objects.create(
                account_id=account_id, kind=kind, filters=dict(filters), asked_by=principal.name
            )
            record(principal, account_id, AccountVerb.ACCOUNT_EXPORTED, export.get_kind_display())
    except TooOften as error:
        raise ExportRefused(str(error)) from None
    except IntegrityError:  # export_one_at_a_time
        raise ExportRefused(_BUSY, _running(account_id)) from None
    return export


def _running(account_id: UUID) -> Export | None:
    return Export.objects.of_accounts([account_id]).open().first()


def latest(account_id: UUID) -> list[Export]:
    """Return the last exports of the account, the newest first."""
    return list(Export.objects.of_accounts([account_id])[:SHOWN])


def file_of(export: Export) -> Path:
    """Return the path of the file. Raises NoExportFile."""
    if export.ready_at is None:
        raise NoExportFile(_("This export is not ready yet."))
    if not export.path.is_file():
        raise NoExportFile(_("The file of this export is not on this machine. Make a new one."))
    return export.path


def record_download(principal: Principal, export: Export) -> None:
    """Write a download to the audit log."""
    target = export.get_kind_display()
    record(principal, export.account_id, AccountVerb.EXPORT_DOWNLOADED, target)


@receiver(account_closing)
def delete_exports(sender: object, account_id: UUID, **kwargs: object) -> None:
    """Delete the exports of an account that is being deleted. A worker that writes one notices;
    files on other machines are deleted by their housekeeping."""
    rows = Export.objects.of_accounts([account_id])
    paths = [export.path for export in rows]
    rows.delete()

    def discard_files() -> None:
        for path in paths:
            discard(path)

    transaction.on_commit(discard_files, robust=True)
