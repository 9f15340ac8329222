"""One result of a health check, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "warning"
    PROBLEM = "trouble"


@dataclass(frozen=True)
class Finding:
    """One line for the operator: what was looked at, how it is, with units, and what to do."""

    name: str
    level: Level
    text: str
    next_step: str = ""
