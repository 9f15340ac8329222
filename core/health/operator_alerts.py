"""Alerts for operators: every app registers the source of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core import tenancy
from core.health.severity import Severity

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """One problem: its subject, its state, and the next step.

    ``url`` is the page where the step is taken, or "" if it is not on this site. An alert
    contains no code, key, message text or whole telephone number."""

    severity: Severity
    subject: str
    text: str
    step: str = ""
    url: str = ""

    @property
    def label(self) -> str:
        """When to act: "Now", "Today" or "To know"."""
        return self.severity.label


AlertSource = Callable[[], Iterable[Alert]]
_SOURCES: dict[str, AlertSource] = {}


def register_alerts(name: str, source: AlertSource) -> None:
    """Register ``source`` under ``name``.

    It runs with the rows of all accounts in scope. It must need only a few queries, however many
    rows there are, and must not wait for anything outside the database."""
    _SOURCES[name] = source


def alerts() -> list[Alert]:
    """Return all current alerts, the most severe first. A source that fails becomes an alert."""
    found: list[Alert] = []
    with tenancy.everyone():
        for name, source in _SOURCES.items():
            try:
                found += source()
            except Exception as error:  # the other sources still run
                logger.exception("An alert source failed", extra={"source": name})
                text = f"cannot be checked: {type(error).__name__}"
                found.append(Alert(Severity.CRITICAL, name, text, "See the log for the error."))
    return sorted(found, key=lambda alert: alert.severity, reverse=True)
