"""The registry of health checks. Every app registers those of what it owns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.health.findings import Finding

RunCheck = Callable[[], list[Finding]]


@dataclass(frozen=True)
class Check:
    """One health check. If a ``needed`` check finds trouble, the checks after it in its group
    are skipped."""

    name: str
    run: RunCheck
    needed: bool = False


_CHECKS: dict[str, Check] = {}


def register_check(name: str, run: RunCheck) -> None:
    """Register a check of something outside the database. Checks run concurrently, each in a
    thread of its own, with a timeout of ten seconds."""
    _CHECKS[name] = Check(name, run)


def registered() -> tuple[Check, ...]:
    """Return the registered checks, in the order of their registration."""
    return tuple(_CHECKS.values())
