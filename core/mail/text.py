"""Plain text as mails need it: lines that cannot break out, and that are not too wide. Pure."""

from __future__ import annotations

import re
from textwrap import TextWrapper

WIDTH = 72  # characters, as mails are read where nothing is rendered
# They join letters (in Persian, in Hindi) and emoji, set a direction for one sign, or keep the
# parts of a telephone number on one line.
_INVISIBLE_BUT_NEEDED = frozenset("\u200c\u200d\u200e\u200f\u00a0")
_ITEM = re.compile(r"(?:- |\d+\. )?")


def one_line(text: str) -> str:
    """``text`` without line breaks and other control characters, which could make headers."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return re.sub(" +", " ", "".join(c if _may_stand(c) else " " for c in text)).strip()


def shortened(text: str, characters: int) -> str:
    """``text`` of at most ``characters``; what was cut is told by an ellipsis."""
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"


def wrapped(text: str) -> str:
    """``text`` with lines of at most ``WIDTH``, but for words that are longer (addresses stay
    whole), one empty line at most in a row, and one line break at its end."""
    lines = [line for raw in text.strip().splitlines() for line in _wrapped_line(raw.rstrip())]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _wrapped_line(line: str) -> list[str]:
    if line == "--":  # what mail programs know as the sign of a signature ends with a space
        return ["-- "]
    if len(line) <= WIDTH and "\t" not in line:  # most are, and there are many
        return [line]
    item = _ITEM.match(line)
    hang = " " * len(item[0] if item else "")
    wrapper = TextWrapper(
        WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.wrap(line) or [""]


def _may_stand(character: str) -> bool:
    return character.isprintable() or character in _INVISIBLE_BUT_NEEDED
