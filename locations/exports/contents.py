"""What the kinds of exports contain. The folders that own the data register it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from locations.models import Export, ExportKind

Pieces = Callable[[UUID, Mapping[str, str]], Iterator[bytes]]
"""(account, filters) -> the content of the file, in pieces; reads rows as it goes."""


@dataclass(frozen=True)
class ExportContent:
    """A kind of export: its content, and the type and name (such as "pairline-{day}.zip") of its
    file."""

    pieces: Pieces
    content_type: str
    file_name: str


_CONTENTS: dict[str, ExportContent] = {}


def register_content(kind: ExportKind, content: ExportContent) -> None:
    """Set the content of ``kind``."""
    _CONTENTS[kind] = content


def content_of(kind: str) -> ExportContent:
    """Return the content of a kind. Raises KeyError if no one has registered it."""
    return _CONTENTS[kind]


def file_name(export: Export) -> str:
    """Return the name of the downloaded file."""
    return content_of(export.kind).file_name.format(day=f"{export.asked_at:%Y-%m-%d}")
