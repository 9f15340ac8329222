"""The contents of a backup: a ZIP of entries (JSON lines, or the bytes of a key file), followed by
a manifest with the size and hash of each entry."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from operations.backup.encrypted_file import CHUNK_BYTES, EncryptedReader, EncryptedWriter
from operations.backup.errors import BackupDamaged
from operations.backup.secret import Secret

FORMAT = 1
MANIFEST = "manifest.json"
_COMPRESSION_LEVEL = 1  # zlib's fastest: most of the data are random keys
_MAX_MANIFEST_BYTES = 256 * 1024 * 1024
_READ_ERRORS = (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class ArchiveEntry:
    """One file of the archive: its bytes, its lines (0 for key files) and its SHA-256."""

    name: str
    size: int
    lines: int
    sha256: str


class EntryWriter:
    """Writes an entry, and counts and hashes what is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()
        self.size = self.lines = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def line(self, content: str) -> None:
        self.write(content.encode() + b"\n")
        self.lines += 1

    def entry(self, name: str) -> ArchiveEntry:
        return ArchiveEntry(name, self.size, self.lines, self._hash.hexdigest())


class ArchiveWriter:
    """Writes entries one after another. Use ``write_archive`` to get one."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.entries: list[ArchiveEntry] = []

    @contextmanager
    def entry(self, name: str) -> Iterator[EntryWriter]:
        """Open a new entry for writing."""
        with self._zip.open(name, "w", force_zip64=True) as file:
            writer = EntryWriter(file)
            yield writer
        self.entries.append(writer.entry(name))

    def close(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, which ends the archive."""
        content = {"format": FORMAT, **manifest, "entries": [asdict(e) for e in self.entries]}
        self._zip.writestr(MANIFEST, json.dumps(content))


@contextmanager
def write_archive(file: IO[bytes], secret: Secret) -> Iterator[ArchiveWriter]:
    """Write an archive to ``file``, encrypted with ``secret``."""
    encrypted = EncryptedWriter(file, secret)  # type: ignore[arg-type]  # both are binary files
    with zipfile.ZipFile(
        encrypted, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL
    ) as archive:
        yield ArchiveWriter(archive)
    encrypted.finish()


class ArchiveReader:
    """Reads a backup. Every method raises BackupDamaged when the file is not what was written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        try:
            self.manifest: dict[str, Any] = json.loads(self._manifest())
            self.entries = [ArchiveEntry(**entry) for entry in self.manifest["entries"]]
            self.format = int(self.manifest["format"])
        except _READ_ERRORS:
            raise BackupDamaged("This backup has no readable table of contents.") from None

    def _manifest(self) -> bytes:
        with self._zip.open(MANIFEST) as file:
            return file.read(_MAX_MANIFEST_BYTES)

    def names(self) -> set[str]:
        """Return the names of all entries, without the manifest."""
        return set(self._zip.namelist()) - {MANIFEST}

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of an entry in blocks; nothing if there is no such entry."""
        if name not in self._zip.NameToInfo:
            return
        try:
            with self._zip.open(name) as file:
                while block := file.read(CHUNK_BYTES):
                    yield block
        except _READ_ERRORS:
            raise BackupDamaged(f"The entry {name} of this backup cannot be read.") from None

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of an entry, each a JSON object; nothing if there is no such entry."""
        rest = b""
        for block in self.blocks(name):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield json.loads(line)

    def verify(self) -> Iterator[ArchiveEntry]:
        """Compare every entry with the manifest, and yield each one that matches. Raises
        BackupDamaged when a byte, a line or an entry differs."""
        listed = {entry.name for entry in self.entries}
        if listed != self.names() or len(listed) != len(self.entries):
            raise BackupDamaged("The entries of this backup do not match its table of contents.")
        for entry in self.entries:
            if self._measure(entry) != entry:
                raise BackupDamaged(f"The entry {entry.name} is not what was written.")
            yield entry

    def _measure(self, entry: ArchiveEntry) -> ArchiveEntry:
        writer = EntryWriter(_NullFile())  # type: ignore[arg-type]  # a binary file, too
        has_lines = entry.name.endswith(".jsonl")
        for block in self.blocks(entry.name):
            writer.write(block)
            writer.lines += block.count(b"\n") if has_lines else 0
        return writer.entry(entry.name)


class _NullFile(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


@contextmanager
def open_archive(path: Path, secret: Secret) -> Iterator[ArchiveReader]:
    """Open the backup at ``path`` for reading. Raises WrongKey or BackupDamaged."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupDamaged(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        reader = io.BufferedReader(EncryptedReader(file, secret), CHUNK_BYTES)
        try:
            archive = zipfile.ZipFile(reader)
        except zipfile.BadZipFile:
            raise BackupDamaged("This backup has no readable table of contents.") from None
        with archive:
            yield ArchiveReader(archive)
