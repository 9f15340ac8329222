"""Findings as operators read them: one line each, the next step behind it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.health.findings import Finding, Level
from sessions_app.diagnostics.rules import summary

Paint = Callable[[str], str]
_WIDTH = max(len(level) for level in Level)


def plain(text: str) -> str:
    """``text`` as it is: for files, and terminals without colours."""
    return text


def lines(found: Sequence[Finding], paint: Mapping[Level, Paint] | None = None) -> list[str]:
    """A line for each of ``found``, then an empty one and what is wrong in a sentence. ``paint``
    colours the word for a level."""
    width = max((len(finding.name) for finding in found), default=0)
    return [*(_line(finding, width, paint or {}) for finding in found), "", summary(found)]


def _line(finding: Finding, width: int, paint: Mapping[Level, Paint]) -> str:
    step = f" › {finding.next_step}" if finding.next_step else ""
    level = paint.get(finding.level, plain)(f"{finding.level:<{_WIDTH}}")
    return f"{level}  {finding.name:<{width}}  {finding.text}{step}"


def needs_somebody(found: Sequence[Finding]) -> bool:
    """Whether anything is in trouble."""
    return any(finding.level is Level.PROBLEM for finding in found)


def report(found: Sequence[Finding]) -> dict[str, Any]:
    """``found`` as one object: ``ok``, and each finding's ``name``, ``level`` (ok, warning or
    trouble), ``text`` and ``next_step`` ("" when there is none)."""
    return {"ok": not needs_somebody(found), "findings": [asdict(finding) for finding in found]}
