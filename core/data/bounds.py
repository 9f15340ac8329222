"""Bounds for everything that arrives from WhatsApp: lengths, numbers, ids and times. Pure.

Other people's programs choose much of what WhatsApp delivers. Values outside these bounds would
not fit a line of the engine's protocol, a column of the database or a ``datetime``. Every function
returns a value inside its bounds for any input of its type, and changes no value inside them.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

TEXT_CHARACTERS = 65_536  # WhatsApp's own limit for a text message
NAME_CHARACTERS = 120
DETAIL_CHARACTERS = 120
ID_CHARACTERS = 64
ADDRESS_CHARACTERS = 64
WORD_CHARACTERS = 20
IDS_AT_ONCE = 1_000
LARGEST_COUNT = 32_767  # of a small integer column
LONGEST_SECONDS = 1e10
EARLIEST = 1_230_768_000.0  # 2009, when WhatsApp began

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"\+[0-9]{1,15}")  # E.164 has at most 15 digits
_UNITS_A_SECOND = (1.0, 1e3, 1e6, 1e9)


def storable(text: str) -> str:
    """Replace the characters of ``text`` that PostgreSQL cannot store."""
    return _UNSTORABLE.sub("\ufffd", text)


def text(value: str) -> str:
    """Return the text of a message: storable, at most ``TEXT_CHARACTERS``."""
    return storable(value)[:TEXT_CHARACTERS]


def name(value: str) -> str:
    """Return the name that a user gave itself: storable, at most ``NAME_CHARACTERS``."""
    return storable(value)[:NAME_CHARACTERS]


def detail(value: str) -> str:
    """Return a code or reason: storable, at most ``DETAIL_CHARACTERS``."""
    return storable(value)[:DETAIL_CHARACTERS]


def word(value: str) -> str:
    """Return a word such as the kind of a medium: storable, at most ``WORD_CHARACTERS``."""
    return storable(value)[:WORD_CHARACTERS]


def address(value: str) -> str:
    """Return a WhatsApp address: storable, at most ``ADDRESS_CHARACTERS``."""
    return storable(value)[:ADDRESS_CHARACTERS]


def number(value: str) -> str:
    """Return a phone number in E.164, or "" (unknown) if ``value`` is none."""
    return value if _NUMBER.fullmatch(value) else ""


def identifier(value: str) -> str:
    """Return a message id: hashed if it is longer than ``ID_CHARACTERS`` or has unusual characters,
    because senders choose their ids freely, and two must not become equal."""
    if len(value) <= ID_CHARACTERS and value.isascii() and value.isprintable():
        return value
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def identifiers(values: Sequence[str]) -> tuple[str, ...]:
    """Return the first ``IDS_AT_ONCE`` message ids."""
    return tuple(map(identifier, values[:IDS_AT_ONCE]))


def count(value: int) -> int:
    """Return a count from 0 to ``LARGEST_COUNT``."""
    return min(max(value, 0), LARGEST_COUNT)


def seconds(value: float) -> float:
    """Return a duration from 0 to ``LONGEST_SECONDS``. NaN is 0."""
    return min(max(_float(value), 0.0), LONGEST_SECONDS)


def unix_time(value: float, now: float) -> float:
    """Return a Unix time in seconds between ``EARLIEST`` and ``now``, both in seconds.

    Milliseconds, microseconds and nanoseconds are recognized. A time in the future, before
    ``EARLIEST`` or without a meaning is replaced by ``now``."""
    given = _float(value)
    for units in _UNITS_A_SECOND:
        if EARLIEST <= given / units <= now:
            return given / units
    return now


def moment(value: float, now: datetime) -> datetime:
    """Return the aware time for ``unix_time(value)`` at ``now``."""
    return datetime.fromtimestamp(unix_time(value, now.timestamp()), UTC)


def _float(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:  # an integer too large for a float
        return 0.0
    return 0.0 if math.isnan(number) else number
