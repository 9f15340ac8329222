"""One scale of severity for health checks and operator alerts."""

from __future__ import annotations

from enum import IntEnum


class Severity(IntEnum):
    """How serious a finding or an alert is; a higher value is more serious."""

    OK = 0
    WARNING = 1  # nothing is broken yet
    ERROR = 2  # action is needed, or a customer is without service after their own action
    CRITICAL = 3  # customers are without service, and only an operator can help

    @property
    def level(self) -> str:
        """The level that commands print and JSON contains: "ok", "warning" or "trouble"."""
        return _LEVELS[self]

    @property
    def label(self) -> str:
        """When to act, as the alerts page shows it; "" for OK."""
        return _LABELS[self]

    @property
    def is_trouble(self) -> bool:
        """Whether something is broken. Commands then end with exit code 1."""
        return self >= Severity.ERROR


_LEVELS = {
    Severity.OK: "ok",
    Severity.WARNING: "warning",
    Severity.ERROR: "trouble",
    Severity.CRITICAL: "trouble",
}
_LABELS = {
    Severity.OK: "",
    Severity.WARNING: "To know",
    Severity.ERROR: "Today",
    Severity.CRITICAL: "Now",
}
