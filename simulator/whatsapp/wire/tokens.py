"""The token dictionary of the binary XML, read from the installed client library.

The tables are located in the ELF file through its relocations, rather than copied into this
repository. So they always match the client under test.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from simulator.whatsapp.wire.protobuf import neonize_folder

SINGLE = 236  # tags 1 to 235 are single-byte tokens, 236 to 239 select a double-byte table
DOUBLE_TABLES = 4
DOUBLE_SIZE = 256
RELATIVE = {62: 8, 183: 1027}  # ELF machine -> its *_RELATIVE relocation (x86-64, aarch64)


Tables = tuple[tuple[str, ...], ...]


class TokenError(Exception):
    """The library does not contain exactly one dictionary."""


@dataclass(frozen=True)
class Dictionary:
    """The words by token, and the tokens (bytes) by word."""

    single: tuple[str, ...]
    double: Tables
    codes: dict[str, bytes]


class _Library:
    """A reader for the read-only data of a Go library in an ELF64 little-endian file."""

    def __init__(self, data: mmap.mmap) -> None:
        if data[:6] != b"\x7fELF\x02\x01":
            raise TokenError("the client library is not a 64-bit little-endian ELF file")
        self._data = data
        self.machine = struct.unpack_from("<H", data, 18)[0]
        self._segments = list(self._load_segments())
        self.pointers = dict(self._relocations())

    def _load_segments(self) -> Iterator[tuple[int, int, int]]:
        offset, size, count = (
            struct.unpack_from("<Q", self._data, 32)[0],
            *struct.unpack_from("<HH", self._data, 54),
        )
        for i in range(count):
            kind, _, at, address, _, length = struct.unpack_from(
                "<IIQQQQ", self._data, offset + i * size
            )
            if kind == 1:
                yield address, at, length

    def _relocations(self) -> Iterator[tuple[int, int]]:
        wanted = RELATIVE.get(self.machine)
        if wanted is None:
            raise TokenError(f"ELF machine {self.machine} is not supported")
        start = struct.unpack_from("<Q", self._data, 40)[0]
        size, count = struct.unpack_from("<HH", self._data, 58)
        for i in range(count):
            kind = struct.unpack_from("<I", self._data, start + i * size + 4)[0]
            if kind != 4:  # SHT_RELA
                continue
            at, length = struct.unpack_from("<QQ", self._data, start + i * size + 24)
            for place, info, addend in struct.iter_unpack("<QQq", self._data[at : at + length]):
                if info == wanted:
                    yield place, addend

    def read(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes at a virtual address. Raises TokenError outside the file."""
        for base, at, size in self._segments:
            if base <= address and address + length <= base + size:
                start = at + address - base
                return self._data[start : start + length]
        raise TokenError("an address lies outside the file")

    def addresses(self, needle: bytes) -> set[int]:
        """Return all virtual addresses of ``needle``."""
        found = set()
        at = self._data.find(needle)
        while at >= 0:
            for base, start, size in self._segments:
                if start <= at < start + size:
                    found.add(base + at - start)
            at = self._data.find(needle, at + 1)
        return found

    def words(self, address: int, count: int) -> tuple[str, ...]:
        """Return ``count`` Go strings from an array of string headers."""
        return tuple(self.word(address + 16 * i) for i in range(count))

    def word(self, address: int) -> str:
        """Return one Go string. Raises TokenError if it is not a plausible word."""
        length = int.from_bytes(self.read(address + 8, 8), "little")
        if length == 0:
            return ""
        target = self.pointers.get(address)
        if target is None or length > 200:
            raise TokenError("not a string header")
        text = self.read(target, length)
        if not text.isascii():
            raise TokenError("not a word")
        return text.decode()


def _only(candidates: Sequence[Tables], name: str) -> Tables:
    if len(set(candidates)) != 1:
        raise TokenError(f"the {name} table was found {len(set(candidates))} times, not once")
    return candidates[0]


def _single(library: _Library) -> tuple[str, ...]:
    targets = library.addresses(b"xmlstreamstart")
    found = []
    for place in (p for p, target in library.pointers.items() if target in targets):
        try:
            words = library.words(place - 16, SINGLE)
        except TokenError:
            continue
        if words[:4] == ("", "xmlstreamstart", "xmlstreamend", "s.whatsapp.net"):
            found.append((words,))
    return _only(found, "single-byte")[0]


def _double(library: _Library) -> Tables:
    shape = struct.pack("<QQ", DOUBLE_SIZE, DOUBLE_SIZE)
    found = []
    for place in library.pointers:
        headers = [place + 24 * i for i in range(DOUBLE_TABLES)]
        try:
            if any(library.read(header + 8, 16) != shape for header in headers):
                continue
            arrays = [library.pointers[header] for header in headers]
            found.append(tuple(library.words(array, DOUBLE_SIZE) for array in arrays))
        except (KeyError, TokenError):
            continue
    return _only(found, "double-byte")


def read_dictionary(path: Path) -> Dictionary:
    """Read the dictionary from a client library. Raises TokenError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        library = _Library(data)
        single, double = _single(library), _double(library)
    codes = {
        word: bytes([SINGLE + t, i])
        for t, table in enumerate(double)
        for i, word in enumerate(table)
    }
    codes |= {word: bytes([i]) for i, word in enumerate(single) if word}
    return Dictionary(single, double, codes)


@lru_cache(maxsize=1)
def installed() -> Dictionary:
    """Return the dictionary of the installed neonize. Raises TokenError."""
    libraries = sorted(neonize_folder().glob("neonize-*.so"))
    if len(libraries) != 1:
        raise TokenError("expected exactly one client library in the neonize package")
    return read_dictionary(libraries[0])
