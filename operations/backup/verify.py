"""Verify a backup and describe its contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations.backup.archive import FORMAT, ArchiveEntry, ArchiveReader, open_archive
from operations.backup.errors import BackupDamaged, BackupRefused
from operations.backup.progress import ReportProgress, counted
from operations.backup.secret import Secret

_TEXT_FIELDS = ("made_at", "installation", "version", "database", "key_store", "media")
_STORE_NAMES = {"files": "files", "postgresql": "a PostgreSQL database"}


@dataclass(frozen=True)
class BackedUpAccount:
    """An account in a backup; ``linked`` counts its linked numbers."""

    id: str
    name: str
    linked: int


@dataclass(frozen=True)
class BackupContents:
    """The contents of a backup. ``rows``: counts by model label. ``without_keys``: ids of linked
    sessions whose keys were missing when it was made."""

    format: int
    made_at: str
    installation: str
    version: str
    migrations: list[str]
    database: str
    key_store: str
    media: str
    accounts: list[BackedUpAccount]
    without_keys: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    keys: int = 0


def read_contents(archive: ArchiveReader) -> BackupContents:
    """Return the contents as the manifest lists them. Raises BackupDamaged when it is incomplete,
    and BackupRefused when its format is newer than ours."""
    if archive.format > FORMAT:
        raise BackupRefused(
            "This backup was made by a newer version of Pairline: install that first."
        )
    manifest = archive.manifest
    try:
        return BackupContents(
            format=archive.format,
            accounts=[BackedUpAccount(**account) for account in manifest["accounts"]],
            without_keys=list(manifest["sessions_without_keys"]),
            rows={_label(entry): entry.lines for entry in archive.entries if _is_rows(entry)},
            keys=sum(entry.name.startswith("keys/") for entry in archive.entries),
            migrations=list(manifest["migrations"]),
            **{name: str(manifest[name]) for name in _TEXT_FIELDS},
        )
    except (KeyError, TypeError):
        raise BackupDamaged("This backup has no readable table of contents.") from None


def _is_rows(entry: ArchiveEntry) -> bool:
    return entry.name.startswith("rows/")


def _label(entry: ArchiveEntry) -> str:
    return entry.name.removeprefix("rows/").removesuffix(".jsonl")


def verify_backup(path: Path, secret: Secret, report: ReportProgress) -> BackupContents:
    """Read the whole backup at ``path`` and check every chunk, count and hash. Raises
    BackupError."""
    with open_archive(path, secret) as archive:
        contents = read_contents(archive)
        for number, _ in enumerate(archive.verify(), 1):
            report("entries checked", number, len(archive.entries))
        return contents


def describe_contents(contents: BackupContents) -> list[str]:
    """Return the contents as lines for the operator."""
    total, missing = sum(contents.rows.values()), contents.without_keys
    keys = counted(contents.keys, "linked number")
    facts: dict[str, Any] = {
        "made": f"{contents.made_at} (version {contents.version or 'unknown'})",
        "installation": contents.installation,
        "accounts": f"{len(contents.accounts):,}",
        "rows": f"{total:,} from {contents.database}",
        "keys": f"{keys}, from {_STORE_NAMES[contents.key_store]}",
        "media": contents.media,
    }
    lines = [f"  {name:<13}{value}" for name, value in facts.items()]
    if missing:
        ids = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        lines.append(f"  without keys {counted(len(missing), 'number')}, to be linked again: {ids}")
    return lines
