"""Format findings for operators: one line each, with the next step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.diagnostics.rules import summary

Paint = Callable[[str], str]
_WIDTH = max(len(severity.level) for severity in Severity)


def plain(text: str) -> str:
    """Return ``text`` unchanged: for files and terminals without colours."""
    return text


def lines(found: Sequence[Finding], paint: Mapping[Severity, Paint] | None = None) -> list[str]:
    """Return a line for each of ``found``, then an empty line and a summary. ``paint`` colours the
    level."""
    width = max((len(finding.name) for finding in found), default=0)
    return [*(_line(finding, width, paint or {}) for finding in found), "", summary(found)]


def _line(finding: Finding, width: int, paint: Mapping[Severity, Paint]) -> str:
    step = f" › {finding.next_step}" if finding.next_step else ""
    level = paint.get(finding.severity, plain)(f"{finding.severity.level:<{_WIDTH}}")
    return f"{level}  {finding.name:<{width}}  {finding.text}{step}"


def has_trouble(found: Sequence[Finding]) -> bool:
    """Return whether any finding is trouble."""
    return any(finding.severity.is_trouble for finding in found)


def report(found: Sequence[Finding]) -> dict[str, Any]:
    """Return ``found`` for JSON: ``ok``, and the ``name``, ``level`` (ok, warning or trouble),
    ``text`` and ``next_step`` ("" if there is none) of each finding."""
    return {"ok": not has_trouble(found), "findings": [_entry(finding) for finding in found]}


def _entry(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "level": finding.severity.level,
        "text": finding.text,
        "next_step": finding.next_step,
    }
