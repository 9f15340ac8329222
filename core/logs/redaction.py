"""Redaction of logs: remove everything that looks like a code, a key or a telephone number. Pure.

This is the second line of defence; the first is not to log such things. It is deliberately
aggressive: it prefers removing a harmless number to letting a key through.
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
# Tokens that open a page: one-time links, invitations and unsubscribe links.
_IN_A_PATH = re.compile(r"(?<=/link/)[^/\s?]+|(?<=/(?:invitations|unsubscribe)/)[^/\s?]+")
_URL_LOGIN = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_KEY_LIKE = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_HEX = re.compile(r"(?<![A-Za-z0-9])[0-9A-Fa-f]{32,}(?![A-Za-z0-9])")
_NUMBER = re.compile(r"(?<![\w.])(?:\+\d[\d ()\u00a0-]{6,22}\d|\d{9,15})(?![\w]|\.\d)")

# In random text about two of three neighbouring characters differ in kind (upper, lower, digit);
# in words and paths very few do. A digit beside a letter is rarer in words than a capital letter,
# and counts twice. Of 150,000 random keys in base64, this keeps 9 of 24 bytes and none of 25 or 32.
_RANDOM_SHARE = 0.25
_WEIGHT_OF_DIGITS = 2


def redact(text: str) -> str:
    """Return ``text`` without codes, keys, tokens and telephone numbers. The last four digits of
    a number and all UUIDs stay."""
    for secret in (_QR, _API_KEY, _IN_A_PATH, _URL_LOGIN):
        text = secret.sub(BLOT, text)
    parts, end = [], 0
    for uuid in _UUID.finditer(text):
        parts += [_redact_part(text[end : uuid.start()]), uuid[0]]
        end = uuid.end()
    return "".join([*parts, _redact_part(text[end:])])


def redact_value(value: Any) -> Any:
    """Redact all texts within a value of a log record. Numbers stay as they are."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): redact_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(one) for one in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    return redact(str(value))


def _redact_part(text: str) -> str:
    return _NUMBER.sub(_last_digits, _KEY_LIKE.sub(_unless_words, text))


def _unless_words(match: re.Match[str]) -> str:
    text = match[0]
    return BLOT if _HEX.search(text) or _looks_random(text) else text


def _looks_random(text: str) -> bool:
    kinds = [_kind(character) for character in text]
    changes = sum(_weight(a, b) for a, b in pairwise(kinds) if a and b)
    return changes > 0 and changes >= _RANDOM_SHARE * sum(kind != "" for kind in kinds)


def _weight(a: str, b: str) -> int:
    """Return how much two neighbouring characters of these kinds speak for random text."""
    if a == b:
        return 0
    return _WEIGHT_OF_DIGITS if "digit" in (a, b) else 1


def _kind(character: str) -> str:
    """Return the kind of a character, "" for separators."""
    if character.isdigit():
        return "digit"
    if not character.isalpha():
        return ""
    return "upper" if character.isupper() else "lower"


def _last_digits(match: re.Match[str]) -> str:
    return masked(match[0])
