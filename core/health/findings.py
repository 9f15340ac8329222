"""The result of a health check."""

from __future__ import annotations

from dataclasses import dataclass

from core.health.severity import Severity


@dataclass(frozen=True)
class Finding:
    """One result of a health check: what was checked, its state with units, and what to do.

    The texts are for operators. ``next_step`` is "" when there is nothing to do."""

    name: str
    severity: Severity
    text: str
    next_step: str = ""
