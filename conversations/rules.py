"""Which texts can be sent. Pure."""

from __future__ import annotations

import re
from typing import NewType

from django.utils.translation import gettext

from conversations.models import MAX_TEXT_CHARACTERS

MessageText = NewType("MessageText", str)
"""A text that ``checked_text`` has accepted."""

# No database or JSON reader accepts NUL and unpaired surrogates as text.
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


class BadText(ValueError):
    """The text is empty, too long, or not text. ``str()`` is a sentence for users."""

    code = "bad_text"


def checked_text(text: str) -> MessageText:
    """Return ``text`` unchanged if it can be sent. Raises BadText."""
    if not text.strip():
        raise BadText(gettext("Write a text to send."))
    if len(text) > MAX_TEXT_CHARACTERS:
        message = gettext("A text has at most %(count)s characters. Send it in parts.")
        raise BadText(message % {"count": f"{MAX_TEXT_CHARACTERS:,}"})
    if _NOT_TEXT.search(text):
        raise BadText(gettext("The text has characters that cannot be sent. Remove them."))
    return MessageText(text)
