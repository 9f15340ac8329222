"""Read the QR code in a screenshot. The code must be upright, flat and sharp.

Screenshots have no noise and no perspective, so this module corrects neither. The tables of the
QR standard come from segno, which neonize depends on.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from PIL import Image, UnidentifiedImageError
from segno import consts

from simulator.whatsapp.errors import RequestError

MAX_PIXELS = 40_000_000
RUNS = re.compile(rb"\x01+|\x00+")
Point = tuple[float, float]
Matrix = list[list[bool]]
MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, j: i % 2 == 0,
    lambda i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: i * j % 2 + i * j % 3 == 0,
    lambda i, j: (i * j % 2 + i * j % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + i * j % 3) % 2 == 0,
)
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


class _Unreadable(Exception):
    """There is no code between these three finder patterns."""


def read_picture(data: bytes) -> str:
    """The text of the QR code in a PNG, JPEG or WebP picture; raises RequestError."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise RequestError("The image is too large.", 400)
            grey = image.convert("L")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise RequestError("This is not a valid image.", 400) from error
    picture = _Picture(grey)
    for corners in picture.corners():
        try:
            return _text(*_codewords(picture.matrix(*corners)))
        except (_Unreadable, IndexError, UnicodeDecodeError):
            continue
    raise RequestError("There is no readable linking code in this image.")


class _Picture:
    """A black and white image. Dark pixels are 1."""

    def __init__(self, grey: Image.Image) -> None:
        self.width, self.height = grey.size
        self._dark = grey.point([1] * 128 + [0] * 128).tobytes()

    def dark(self, x: float, y: float) -> bool:
        """Return whether a pixel is dark. Raises IndexError outside the image."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise IndexError
        return self._dark[int(y) * self.width + int(x)] == 1

    def _finders(self) -> Iterator[tuple[Point, float]]:
        """Yield the centers of finder patterns (dark and light runs of 1:1:3:1:1) and their
        module size."""
        for y in range(0, self.height, 2):
            row = self._dark[y * self.width : (y + 1) * self.width]
            runs = [m.span() for m in RUNS.finditer(row)]
            for i in range(len(runs) - 4):
                start, end = runs[i][0], runs[i + 4][1]
                module = (end - start) / 7
                if row[start] and module >= 1.5 and _is_finder(runs[i : i + 5], module):
                    middle = self._vertical((start + end) / 2, y, module)
                    if middle is not None:
                        yield ((start + end) / 2, middle), module

    def _vertical(self, x: float, y: float, module: float) -> float | None:
        """Return the vertical center of a finder, or None if its column lacks the pattern."""
        top, bottom = max(0, int(y - 5 * module)), min(self.height, int(y + 5 * module) + 1)
        column = self._dark[top * self.width + int(x) : bottom * self.width : self.width]
        runs = [(top + m.start(), top + m.end()) for m in RUNS.finditer(column)]
        for i in range(len(runs) - 4):
            if runs[i + 2][0] <= y < runs[i + 2][1] and _is_finder(runs[i : i + 5], module):
                return (runs[i][0] + runs[i + 4][1]) / 2
        return None

    def corners(self) -> Iterator[tuple[Point, Point, float]]:
        """Yield (top left center, bottom right corner, module size) of every likely code."""
        found: list[tuple[Point, float]] = []
        for (x, y), module in self._finders():
            near = any(abs(x - p[0]) + abs(y - p[1]) < 3 * m for p, m in found)
            if not near:
                found.append(((x, y), module))
        for three in combinations(found, 3):
            (a, m), (b, _), (c, _) = sorted(three, key=lambda f: f[0][1] + f[0][0])
            right, below = sorted((b, c), key=lambda p: -p[0])
            wide, high = right[0] - a[0], below[1] - a[1]
            level = abs(right[1] - a[1]) < m and abs(below[0] - a[0]) < m
            if level and wide > 10 * m and abs(wide - high) < m:
                yield a, (right[0], below[1]), m

    def matrix(self, start: Point, end: Point, module: float) -> Matrix:
        """Return the modules of the code between the centers of the finders."""
        version = round(((end[0] - start[0]) / module + 7 - 17) / 4)
        if not 1 <= version <= 40:
            raise _Unreadable
        size = 17 + 4 * version
        step_x, step_y = (end[0] - start[0]) / (size - 7), (end[1] - start[1]) / (size - 7)
        return [
            [
                self.dark(start[0] + (j - 3) * step_x, start[1] + (i - 3) * step_y)
                for j in range(size)
            ]
            for i in range(size)
        ]


def _is_finder(runs: list[tuple[int, int]], module: float) -> bool:
    lengths = [end - start for start, end in runs]
    slack = module * 0.6 + 0.5
    return all(
        abs(length - share * module) <= slack
        for length, share in zip(lengths, (1, 1, 3, 1, 1), strict=True)
    )


def _codewords(matrix: Matrix) -> tuple[bytes, int]:
    """Return the data bytes of a code, in order, and its version."""
    size = len(matrix)
    version = (size - 17) // 4
    level, mask = _format(matrix)
    bits = [
        matrix[i][j] != MASKS[mask](i, j)
        for i, j in _path(size)
        if not _is_function_module(i, j, version)
    ]
    words = [
        int("".join("1" if bit else "0" for bit in bits[at : at + 8]), 2)
        for at in range(0, len(bits) - 7, 8)
    ]
    return _data(words, version, level), version


def _format(matrix: Matrix) -> tuple[int, int]:
    """Return the error level and mask, from the 15 bits beside the first finder."""
    places = [(8, j) for j in (0, 1, 2, 3, 4, 5, 7, 8)]
    places += [(i, 8) for i in (7, 5, 4, 3, 2, 1, 0)]
    bits = int("".join("1" if matrix[i][j] else "0" for i, j in places), 2)
    distance, index = min(
        ((known ^ bits).bit_count(), index) for index, known in enumerate(consts.FORMAT_INFO)
    )
    if distance > 3:
        raise _Unreadable
    return index >> 3, index & 7


def _path(size: int) -> Iterator[tuple[int, int]]:
    """Yield the modules in data order: pairs of columns, alternately upward and downward."""
    upward = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for i in range(size - 1, -1, -1) if upward else range(size):
            yield i, right
            yield i, right - 1
        upward = not upward


def _is_function_module(i: int, j: int, version: int) -> bool:
    """Return whether a module belongs to the fixed pattern of this version."""
    size = 17 + 4 * version
    if i == 6 or j == 6 or (i < 9 and (j < 9 or j >= size - 8)) or (i >= size - 8 and j < 9):
        return True
    if version >= 7 and ((i < 6 and j >= size - 11) or (j < 6 and i >= size - 11)):
        return True
    places: tuple[int, ...] = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    last = size - 7
    return any(
        abs(i - y) <= 2 and abs(j - x) <= 2
        for y in places
        for x in places
        if (y, x) not in ((6, 6), (6, last), (last, 6))
    )


def _data(words: list[int], version: int, level: int) -> bytes:
    """Return the data of the interleaved blocks in order, without error correction words."""
    table: Any = consts.ECC
    sizes = [kind.num_data for kind in table[version][level] for _ in range(kind.num_blocks)]
    blocks: list[list[int]] = [[] for _ in sizes]
    source = iter(words)
    for at in range(max(sizes)):
        for block, size in zip(blocks, sizes, strict=True):
            if at < size:
                block.append(next(source))
    return bytes(word for block in blocks for word in block)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._at = 0

    def left(self) -> int:
        return len(self._bits) - self._at

    def take(self, count: int) -> int:
        if count > self.left():
            raise _Unreadable
        self._at += count
        return int(self._bits[self._at - count : self._at], 2)


def _text(data: bytes, version: int) -> str:
    bits, out = _Bits(data), bytearray()
    size = 0 if version < 10 else 1 if version < 27 else 2
    while bits.left() >= 4 and (mode := bits.take(4)):
        if mode == 4:
            out += bytes(bits.take(8) for _ in range(bits.take((8, 16, 16)[size])))
        elif mode == 2:
            out += _alphanumeric(bits, bits.take((9, 11, 13)[size])).encode()
        elif mode == 1:
            out += _digits(bits, bits.take((10, 12, 14)[size])).encode()
        elif mode == 7:
            bits.take(8)  # the character encoding; linking codes are ASCII
        else:
            raise _Unreadable
    return out.decode()


def _alphanumeric(bits: _Bits, count: int) -> str:
    pairs = [divmod(bits.take(11), 45) for _ in range(count // 2)]
    text = "".join(ALPHANUMERIC[a] + ALPHANUMERIC[b] for a, b in pairs)
    return text + ALPHANUMERIC[bits.take(6)] if count % 2 else text


def _digits(bits: _Bits, count: int) -> str:
    text = "".join(f"{bits.take(10):03}" for _ in range(count // 3))
    rest = count % 3
    return text + f"{bits.take((0, 4, 7)[rest]):0{rest}}" if rest else text
