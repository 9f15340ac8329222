"""Mask telephone numbers in places that operators see. Pure."""

from __future__ import annotations

import re

_SHOWN = 4


def masked(number: str) -> str:
    """Return the last four digits ("…5678"), or "" if there are no more than four."""
    digits = re.sub(r"\D", "", number)
    return f"…{digits[-_SHOWN:]}" if len(digits) > _SHOWN else ""
