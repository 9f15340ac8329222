"""The second line of defence of the logs: what looks like a code, a key or a telephone number
is blotted out, whatever wrote it. Pure.

The first line is not to write such things. This one is rough on purpose: it would rather blot
out a harmless number than let a key through.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from core.text.masking import masked

BLOT = "…"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# WhatsApp's QR text, alone or as the link that newer phones open.
_QR = re.compile(r"(?:https://wa\.me/settings/linked_devices\S*|\b\d@[A-Za-z0-9+/=,_-]{20,})")
# Bearer keys of our own API, and logins of mail servers, databases and proxies in URLs.
_API_KEY = re.compile(r"\bpl_[A-Za-z0-9_-]{6,}")
# What opens a page to whoever has it: one-time links, invitations, and links that end mails.
_IN_A_PATH = re.compile(r"(?<=/link/)[^/\s?]+|(?<=/(?:invitations|unsubscribe)/)[^/\s?]+")
_URL_LOGIN = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_KEY_LIKE = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_NUMBER = re.compile(r"(?<![\w.])(?:\+\d[\d ()\u00a0-]{6,22}\d|\d{9,15})(?![\w]|\.\d)")

# Of neighbours in random text about two of three differ in kind (upper, lower, digit), in words
# and paths very few do.
_RANDOM_SHARE = 0.25


def redact(text: str) -> str:
    """``text`` without codes, keys, tokens and whole telephone numbers; of a number the last
    four digits stay. Ids of sessions and locations (UUIDs) stay."""
    for secret in (_QR, _API_KEY, _IN_A_PATH, _URL_LOGIN):
        text = secret.sub(BLOT, text)
    parts, end = [], 0
    for uuid in _UUID.finditer(text):
        parts += [_blot(text[end : uuid.start()]), uuid[0]]
        end = uuid.end()
    return "".join([*parts, _blot(text[end:])])


def redact_value(value: Any) -> Any:
    """``value`` of a log entry's fact: texts within it redacted, plain numbers as they are."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): redact_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(one) for one in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    return redact(str(value))


def _blot(text: str) -> str:
    return _NUMBER.sub(_last_digits, _KEY_LIKE.sub(_unless_words, text))


def _unless_words(match: re.Match[str]) -> str:
    return BLOT if _looks_random(match[0]) else match[0]


def _looks_random(text: str) -> bool:
    kinds = [_kind(character) for character in text]
    changes = sum(a != b for a, b in pairwise(kinds) if a and b)
    return changes >= _RANDOM_SHARE * len(text)


def _kind(character: str) -> str:
    """ "" for what parts words from each other."""
    if character.isdigit():
        return "digit"
    if not character.isalpha():
        return ""
    return "upper" if character.isupper() else "lower"


def _last_digits(match: re.Match[str]) -> str:
    return masked(match[0])
