"""Generate the diagram and the table of docs/explanation/lifecycle.md from the code."""

from __future__ import annotations

from collections import defaultdict

from sessions_app.lifecycle import TRANSITIONS, Status


def mermaid() -> str:
    """Return a Mermaid state diagram: one arrow per pair of statuses, labelled with events."""
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
    """Return a Markdown table: a row per event, a column per status, ``status / reason`` or ·."""
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
