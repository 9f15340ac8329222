"""The inside of a backup: a ZIP of entries (JSON lines, or the bytes of a key file), and last of
all a manifest that counts and hashes each of them."""

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

from operations.backup.encrypted_file import CHUNK_BYTES, SealedReader, SealedWriter
from operations.backup.errors import Damaged
from operations.backup.secret import Secret

FORMAT = 1
MANIFEST = "manifest.json"
_FAST = 1  # of zlib's levels: most of what is compressed are random keys
_MOST_MANIFEST_BYTES = 256 * 1024 * 1024
_BROKEN = (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Entry:
    """One file of the archive: its bytes, its lines (0 for keys), and the SHA-256 of it."""

    name: str
    size: int
    lines: int
    sha256: str


class Counting:
    """What is written into an entry, counted on its way."""

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

    def entry(self, name: str) -> Entry:
        return Entry(name, self.size, self.lines, self._hash.hexdigest())


class ArchiveWriter:
    """Writes entries one after another; ``archive_to`` makes one."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.entries: list[Entry] = []

    @contextmanager
    def entry(self, name: str) -> Iterator[Counting]:
        """A new entry, to be written within."""
        with self._zip.open(name, "w", force_zip64=True) as file:
            counting = Counting(file)
            yield counting
        self.entries.append(counting.entry(name))

    def close(self, manifest: dict[str, Any]) -> None:
        """The manifest, which ends the archive."""
        content = {"format": FORMAT, **manifest, "entries": [asdict(e) for e in self.entries]}
        self._zip.writestr(MANIFEST, json.dumps(content))


@contextmanager
def archive_to(file: IO[bytes], secret: Secret) -> Iterator[ArchiveWriter]:
    """An archive that is sealed into ``file`` while it is written."""
    sealed = SealedWriter(file, secret)  # type: ignore[arg-type]  # both are files of bytes
    with zipfile.ZipFile(sealed, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as archive:
        yield ArchiveWriter(archive)
    sealed.finish()


class Archive:
    """A backup that is open for reading. Reading raises Damaged."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        try:
            self.manifest: dict[str, Any] = json.loads(self._manifest())
            self.entries = [Entry(**entry) for entry in self.manifest["entries"]]
            self.format = int(self.manifest["format"])
        except _BROKEN:
            raise Damaged("This backup has no readable table of contents.") from None

    def _manifest(self) -> bytes:
        with self._zip.open(MANIFEST) as file:
            return file.read(_MOST_MANIFEST_BYTES)

    def names(self) -> set[str]:
        """What stands in it, the manifest apart."""
        return set(self._zip.namelist()) - {MANIFEST}

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry, in pieces; nothing for one that is not there."""
        if name not in self._zip.NameToInfo:
            return
        try:
            with self._zip.open(name) as file:
                while block := file.read(CHUNK_BYTES):
                    yield block
        except _BROKEN:
            raise Damaged(f"The entry {name} of this backup cannot be read.") from None

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The lines of an entry, each a JSON object; nothing for one that is not there."""
        rest = b""
        for block in self.blocks(name):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield json.loads(line)

    def verify(self) -> Iterator[Entry]:
        """Read everything, an entry at a time, and compare it with the manifest. Raises Damaged
        when a byte, a line or an entry is not what was written."""
        listed = {entry.name for entry in self.entries}
        if listed != self.names() or len(listed) != len(self.entries):
            raise Damaged("The entries of this backup are not those that it lists.")
        for entry in self.entries:
            if self._counted(entry) != entry:
                raise Damaged(f"The entry {entry.name} is not what was written.")
            yield entry

    def _counted(self, entry: Entry) -> Entry:
        counting = Counting(_Nowhere())  # type: ignore[arg-type]  # a file of bytes, too
        is_lines = entry.name.endswith(".jsonl")
        for block in self.blocks(entry.name):
            counting.write(block)
            counting.lines += block.count(b"\n") if is_lines else 0
        return counting.entry(entry.name)


class _Nowhere(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


@contextmanager
def archive_in(path: Path, secret: Secret) -> Iterator[Archive]:
    """The backup in the file at ``path``. Raises WrongKey or Damaged."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        reader = io.BufferedReader(SealedReader(file, secret), CHUNK_BYTES)
        try:
            archive = zipfile.ZipFile(reader)
        except zipfile.BadZipFile:
            raise Damaged("This backup has no readable table of contents.") from None
        with archive:
            yield Archive(archive)
