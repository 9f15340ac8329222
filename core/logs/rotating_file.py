"""A small log on disk that several processes share: lines are appended, the file is moved aside
when it is full, and a few old ones are kept.

One file for all processes, not one for each: so the room that logs may take is bounded however
many commands are run, and lines stand in the order in which they were written. It is safe, since
the kernel appends what one ``write`` hands over in one piece (O_APPEND), only the holder of a lock
moves files, and everybody else notices by the file's inode that it has moved.
"""

from __future__ import annotations

import fcntl
import os
from itertools import pairwise
from pathlib import Path

NAME = "pairline.log"
MAX_BYTES = 5_000_000
OLD_ONES = 3


def folder_of(data_dir: Path) -> Path:
    """Where the log lives."""
    return data_dir / "logs"


def files_of(folder: Path) -> list[Path]:
    """The log's files that may be there, the newest first."""
    return [folder / NAME, *(folder / f"{NAME}.{number}" for number in range(1, OLD_ONES + 1))]


class LogFile:
    """The log in ``folder``, for one process. Not for several threads at once.

    A file grows to ``max_bytes``, and beyond by what others append in the same moment."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._path = folder / NAME
        self._descriptor: int | None = None
        self._torn = False  # half a line is at the end

    def append(self, lines: bytes) -> None:
        """Add whole lines, in one piece. Raises OSError when the disk takes no more."""
        descriptor = self._current()
        size = os.fstat(descriptor).st_size
        if size and size + len(lines) > self._max_bytes:
            self._move_aside()
            descriptor = self._current()
        data = b"\n" + lines if self._torn else lines
        written = os.write(descriptor, data)
        self._torn = written < len(data)
        if self._torn:
            raise OSError("The disk took half a line.")

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _current(self) -> int:
        """The file that is called ``NAME`` now, opened for appending."""
        if self._descriptor is not None:
            if self._is_in_place(self._descriptor):
                return self._descriptor
            self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._descriptor = self._opened()
        except (PermissionError, IsADirectoryError):  # such as one that a command of root made
            self._move_aside()
            self._descriptor = self._opened()
        return self._descriptor

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o600)

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            there, ours = self._path.stat(), os.fstat(descriptor)
        except FileNotFoundError:
            return False
        return (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev)

    def _move_aside(self) -> None:
        """Make room for a new file, unless another process has done so by now."""
        lock = os.open(self._folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._descriptor is None or self._is_in_place(self._descriptor):
                files = files_of(self._folder)
                for newer, older in reversed(list(pairwise(files))):
                    if newer.exists():
                        newer.replace(older)
        finally:
            os.close(lock)
