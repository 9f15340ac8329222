"""A rotating log file that several processes share.

One file for all processes bounds the disk space, however many commands run, and keeps lines in the
order in which they were written. This is safe because the kernel appends each ``write`` in one
piece (O_APPEND), only the holder of a lock rotates, and the other processes detect the rotation by
the inode of the file.
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
    """Return the folder of the log."""
    return data_dir / "logs"


def files_of(folder: Path) -> list[Path]:
    """Return the paths of the log files, whether they exist or not, newest first."""
    return [folder / NAME, *(folder / f"{NAME}.{number}" for number in range(1, OLD_ONES + 1))]


class LogFile:
    """One process's handle on the log in ``folder``. Not thread-safe.

    A file grows to about ``max_bytes``; concurrent writers may exceed it."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._path = folder / NAME
        self._descriptor: int | None = None
        self._torn = False  # the file ends with half a line

    def append(self, lines: bytes) -> None:
        """Append whole lines at once. Raises OSError if the disk is full."""
        descriptor = self._current()
        size = os.fstat(descriptor).st_size
        if size and size + len(lines) > self._max_bytes:
            self._move_aside()
            descriptor = self._current()
        data = b"\n" + lines if self._torn else lines
        written = os.write(descriptor, data)
        self._torn = written < len(data)
        if self._torn:
            raise OSError("Only part of a line was written.")

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _current(self) -> int:
        """Return a descriptor of the current file, opened for appending."""
        if self._descriptor is not None:
            if self._is_in_place(self._descriptor):
                return self._descriptor
            self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._descriptor = self._opened()
        except (PermissionError, IsADirectoryError):  # such as a file created by root
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
        """Rotate the files, unless another process has already done so."""
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
