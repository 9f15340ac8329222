"""The ZIP of a support bundle: written straight to disk, limited in size, readable by its owner
only."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from core.data.built_files import create_private

MAX_BYTES = 20_000_000
_RESERVE_BYTES = 1_000_000  # for the central directory, the README, and what zlib buffers


class BundleArchive:
    """A context manager that adds files to a new ZIP at ``path``. ``truncated`` names the files
    that the size limit cut short."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        """Create the file. Raises OSError when that fails."""
        self._file = create_private(path)
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self._limit = max_bytes - _RESERVE_BYTES
        self.truncated: list[str] = []

    def add(self, name: str, pieces: Iterable[str]) -> None:
        """Write a file of ``pieces``, up to the size limit."""
        with self._zip.open(self._entry(name), "w") as entry:
            for piece in pieces:
                data = piece.encode("utf-8", "replace")
                if self._file.tell() + len(data) > self._limit:
                    self.truncated.append(name)
                    break
                entry.write(data)

    def add_last(self, name: str, text: str) -> None:
        """Write a short file into the reserved space."""
        self._zip.writestr(self._entry(name), text)

    @staticmethod
    def _entry(name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        return entry

    @property
    def size(self) -> int:
        """Return the bytes on disk, after the context has ended."""
        return self._size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._size = self._file.tell()
        finally:
            self._file.close()
