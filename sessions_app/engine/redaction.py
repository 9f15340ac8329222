"""What of the library's own log may be written down.

At ``debug`` the library prints every stanza and every QR text. Of a stanza only the skeleton
stays: names, and the values of a few harmless attributes. Everywhere else long runs of digits
(phone numbers) and of key-like characters are blotted out.
"""

from __future__ import annotations

import re

MAX_CHARACTERS = 600

_SAFE_ATTRIBUTES = frozenset({"xmlns", "type", "class", "code", "reason", "stage", "state"})
_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+=\"[^\"]*\")*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([\w:.-]+)=\"([^\"]*)\"")
_HARMLESS_VALUE = re.compile(r"[a-zA-Z0-9:_.-]{1,24}")
_QR = re.compile(r"(QR code) .*", re.DOTALL)
_NAME = re.compile(r"(ush name of) .*", re.DOTALL)
_LOGIN = re.compile(r"(?<=://)[^\s/@]+(?=@)")  # of a proxy
_KEY_LIKE = re.compile(r"[A-Za-z0-9+/=_@,-]{20,}")
_DIGITS = re.compile(r"\d{5,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def line(level: str, name: str, message: str) -> str:
    """One line for the gateway: ``whatsapp <level> <logger>: <what may be said>``."""
    clean = _stanza(message) if name.endswith(("/Recv", "/Send")) else _plain(message)
    words = " ".join(clean.split())
    return f"whatsapp {level.lower()} {name}: {words[:MAX_CHARACTERS]}"


def _plain(message: str) -> str:
    """A sentence of the library: without stanzas, QR texts, numbers, keys and quotations."""
    start, end = message.find("<"), message.rfind(">")
    if -1 < start < end:
        return _plain(message[:start]) + _stanza(message[start : end + 1])
    message = _QR.sub(r"\1 …", message)
    message = _NAME.sub(r"\1 …", message)
    message = _LOGIN.sub("…", _QUOTED.sub("…", message))
    return _DIGITS.sub("…", _KEY_LIKE.sub("…", message))


def _stanza(message: str) -> str:
    """The tags in ``message`` alone: all text between them is dropped."""
    return "".join(_tag(match) for match in _TAG.finditer(message))


def _tag(match: re.Match[str]) -> str:
    closing, name, attributes, empty = match.groups()
    kept = [
        f' {key}="{value}"'
        for key, value in _ATTRIBUTE.findall(attributes)
        if key in _SAFE_ATTRIBUTES and _HARMLESS_VALUE.fullmatch(value)
    ]
    return f"<{closing}{name}{''.join(kept)}{empty}>"
