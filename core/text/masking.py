"""What may be shown of a telephone number that is not the operator's business. Pure."""

from __future__ import annotations

import re

_SHOWN = 4


def masked(number: str) -> str:
    """Its last four digits ("…5678"); "" when there are no more digits than that."""
    digits = re.sub(r"\D", "", number)
    return f"…{digits[-_SHOWN:]}" if len(digits) > _SHOWN else ""
