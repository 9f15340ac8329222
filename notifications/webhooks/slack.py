"""Events as Slack takes them: ``text`` and ``blocks`` of an incoming webhook. Pure.

Mattermost takes the same, and so does Discord (at ``…/slack``), but of these two the blocks are
not shown: ``text`` says it all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

LINES = 20
_TEXT_CHARACTERS = 2_700  # of the 3,000 that a block may have, a link included
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# "@channel" and "@everyone" call people, and so must not be what a location is called.
_CALL = re.compile(r"(?<!\w)@(?=\w)")


def message(data: Mapping[str, Any]) -> dict[str, Any]:
    """The message that says what ``data``, the payload of a notice or a test, says."""
    lines = _lines(data)
    if url := data.get("url"):
        lines.append(f"<{url}|{_('Open in Pairline')}>")
    text = "\n".join(lines)
    return {"text": text, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}


def plain(text: str) -> str:
    """``text`` on one line, so that it is shown as it is and calls nobody."""
    escaped = "".join(_ESCAPED.get(character, character) for character in " ".join(text.split()))
    return _CALL.sub("@\u200b", escaped)


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
