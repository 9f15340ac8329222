"""The diagram of ``docs/explanation/lifecycle.md``, drawn from the table. Pure."""

from __future__ import annotations

from collections import defaultdict

from sessions_app.lifecycle import TRANSITIONS, Status


def mermaid() -> str:
    """A Mermaid state diagram: one arrow a pair of statuses, with the events that lead there."""
    arrows: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    for status, row in TRANSITIONS.items():
        for event, outcome in row.items():
            if outcome is not None:
                arrows[status, outcome.status].append(str(event))
    lines = ["stateDiagram-v2", "    [*] --> initializing: create"]
    for (old, new), events in sorted(arrows.items()):
        lines.append(f"    {old} --> {new}: {', '.join(sorted(events))}")
    return "\n".join(lines)


def table() -> str:
    """The table in Markdown: an event a row, a status a column, ``status / reason`` or ·."""
    lines = [
        "| event | " + " | ".join(Status) + " |",
        "|---" * (len(Status) + 1) + "|",
    ]
    events = next(iter(TRANSITIONS.values()))
    for event in events:
        outcomes = (TRANSITIONS[status][event] for status in Status)
        cells = (f"{o.status} / {o.reason}" if o else "·" for o in outcomes)
        lines.append(f"| {event} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
