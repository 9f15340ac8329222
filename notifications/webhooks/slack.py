"""Events in the format of Slack's incoming webhooks: ``text`` and ``blocks``. Pure.

Mattermost accepts the same, and so does Discord (at ``…/slack``). These two ignore the blocks, so
``text`` is complete.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

LINES = 20
_TEXT_CHARACTERS = 2_700  # a block may have 3,000, including the link
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# "@channel" or "@everyone" in the name of a location must not notify the whole channel.
_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def message(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message for ``data``, the payload of a notice or of a test."""
    lines = _lines(data)
    if url := data.get("url"):
        lines.append(f"<{url}|{_('Open in Pairline')}>")
    text = "\n".join(lines)
    return {"text": text, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}


def plain(text: str) -> str:
    """Return ``text`` on one line, escaped, without mentions."""
    escaped = "".join(_ESCAPED.get(character, character) for character in " ".join(text.split()))
    return _MENTION.sub("@\u200b", escaped)


def _lines(data: Mapping[str, Any]) -> list[str]:
    sessions = data.get("sessions", [])
    lines = [plain(str(data.get("sentence") or data.get("message", "")))]
    if len(sessions) < 2:
        return lines
    room = _TEXT_CHARACTERS - len(lines[0])
    for session in sessions[:LINES]:
        line = f"• {plain(session['sentence'])}"
        if (room := room - len(line) - 1) < 0:
            break
        lines.append(line)
    more = data["count"] - (len(lines) - 1)
    return [*lines, _("…and %d more.") % more] if more else lines
