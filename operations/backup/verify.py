"""Reads a backup whole and says what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations.backup.archive import FORMAT, Archive, Entry, archive_in
from operations.backup.errors import Damaged, Refused
from operations.backup.keys.export import Tell
from operations.backup.progress import counted
from operations.backup.secret import Secret


@dataclass(frozen=True)
class InAccount:
    """An account in a backup, and how many of its numbers are linked."""

    id: str
    name: str
    linked: int


@dataclass(frozen=True)
class Contents:
    """What a backup holds. ``rows`` by the label of their model; ``without_keys``: linked
    sessions whose keys were not there when it was made."""

    format: int
    made_at: str
    installation: str
    version: str
    migrations: list[str]
    database: str
    key_store: str
    media: str
    accounts: list[InAccount]
    without_keys: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    keys: int = 0


def contents_of(archive: Archive) -> Contents:
    """As the manifest has it. Raises Damaged when it has not all of it, and Refused when it is of
    a later format."""
    if archive.format > FORMAT:
        raise Refused("This backup was made by a newer version of Pairline: install that first.")
    told = archive.manifest
    try:
        return Contents(
            format=archive.format,
            accounts=[InAccount(**account) for account in told["accounts"]],
            without_keys=list(told["sessions_without_keys"]),
            rows={_label(entry): entry.lines for entry in archive.entries if _is_rows(entry)},
            keys=sum(entry.name.startswith("keys/") for entry in archive.entries),
            migrations=list(told["migrations"]),
            **{name: str(told[name]) for name in _TEXTS},
        )
    except (KeyError, TypeError):
        raise Damaged("This backup has no readable table of contents.") from None


_TEXTS = ("made_at", "installation", "version", "database", "key_store", "media")


def _is_rows(entry: Entry) -> bool:
    return entry.name.startswith("rows/")


def _label(entry: Entry) -> str:
    return entry.name.removeprefix("rows/").removesuffix(".jsonl")


def check(path: Path, secret: Secret, tell: Tell) -> Contents:
    """Read the backup at ``path`` whole: every chunk, count and hash. Raises BackupError."""
    with archive_in(path, secret) as archive:
        contents = contents_of(archive)
        for number, _ in enumerate(archive.verify(), 1):
            tell("entries checked", number, len(archive.entries))
        return contents


def lines_about(contents: Contents) -> list[str]:
    """The contents for a person, a line each."""
    total = sum(contents.rows.values())
    told: dict[str, Any] = {
        "made": f"{contents.made_at} (version {contents.version or 'unknown'})",
        "installation": contents.installation,
        "accounts": f"{len(contents.accounts):,}",
        "rows": f"{total:,} from {contents.database}",
        "keys": f"{counted(contents.keys, 'linked number')}, from {_STORES[contents.key_store]}",
        "media": contents.media,
    }
    lines = [f"  {name:<13}{value}" for name, value in told.items()]
    if contents.without_keys:
        lines.append(
            f"  without keys {counted(len(contents.without_keys), 'number')}, to be linked anew: "
            f"{', '.join(contents.without_keys[:3])}{' …' * (len(contents.without_keys) > 3)}"
        )
    return lines


_STORES = {"files": "files", "postgresql": "a PostgreSQL"}
