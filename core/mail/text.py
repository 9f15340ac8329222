"""Plain text for mails: safe single lines, and wrapped paragraphs. Pure."""

from __future__ import annotations

import re
from textwrap import TextWrapper

WIDTH = 72  # characters, the usual width of plain-text mails
# These join letters (in Persian and Hindi) and emoji, set the direction of a character, or keep
# the parts of a telephone number on one line.
_INVISIBLE_BUT_NEEDED = frozenset("\u200c\u200d\u200e\u200f\u00a0")
_ITEM = re.compile(r"(?:- |\d+\. )?")


def one_line(text: str) -> str:
    """Return ``text`` without line breaks and control characters, which could inject headers."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return re.sub(" +", " ", "".join(c if _is_allowed(c) else " " for c in text)).strip()


def shortened(text: str, characters: int) -> str:
    """Return at most ``characters`` of ``text``, with an ellipsis if it was cut."""
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"


def wrapped(text: str) -> str:
    """Wrap ``text`` at ``WIDTH`` without breaking long words, such as URLs. Collapse empty lines
    and end with one line break."""
    lines = [line for raw in text.strip().splitlines() for line in _wrapped_line(raw.rstrip())]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _wrapped_line(line: str) -> list[str]:
    if line == "--":  # the signature separator of mail programs ends with a space
        return ["-- "]
    if len(line) <= WIDTH and "\t" not in line:  # the common case, kept fast
        return [line]
    item = _ITEM.match(line)
    hang = " " * len(item[0] if item else "")
    wrapper = TextWrapper(
        WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.wrap(line) or [""]


def _is_allowed(character: str) -> bool:
    return character.isprintable() or character in _INVISIBLE_BUT_NEEDED
