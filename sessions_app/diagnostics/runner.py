"""Looks side by side, each in time: whatever hangs holds up nobody, and is itself a finding.

A lane is a row of looks that wait for each other; lanes do not. Each lane has a thread that
nobody waits for at the end of the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS, connections

from core.health.findings import Finding, Level

SECONDS = 10.0  # for all looks together; those that dial have tighter limits of their own

Find = Callable[[], list[Finding]]
Around = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Look:
    """Something to look at. What comes after a look that others ``need`` is skipped when it finds
    trouble."""

    name: str
    find: Find
    needed: bool = False


@dataclass
class Lane:
    """Looks one after the other; ``around`` is entered by their thread. Read ``found`` once the
    look's event is set."""

    looks: Sequence[Look]
    around: Around = nullcontext
    found: dict[str, list[Finding]] = field(default_factory=dict)
    done: dict[str, threading.Event] = field(default_factory=dict)

    def start(self) -> None:
        """Begin, on a thread that sees the rows that its starter sees."""
        self.done = {look.name: threading.Event() for look in self.looks}
        run = copy_context().run
        threading.Thread(target=run, args=(self._run,), name="look", daemon=True).start()

    def _run(self) -> None:
        missing = ""
        with self.around():
            for look in self.looks:
                if missing:
                    text = f"not looked at: the {missing} comes first"
                    self.found[look.name] = [Finding(look.name, Level.NOTE, text)]
                else:
                    self.found[look.name] = guarded(look)
                if look.needed and _trouble(self.found[look.name]):
                    missing = missing or look.name
                self.done[look.name].set()

    def result(self, name: str, until: float) -> list[Finding] | None:
        """What the look ``name`` found by ``until`` (of time.monotonic); None: nothing yet."""
        ended = self.done[name].wait(max(0.0, until - time.monotonic()))
        return self.found[name] if ended else None


def look_all(lanes: Sequence[Lane], seconds: float = SECONDS) -> dict[str, list[Finding]]:
    """What was found, by the name of the look. Takes ``seconds`` at most and never raises."""
    until = time.monotonic() + seconds
    for lane in lanes:
        lane.start()
    found: dict[str, list[Finding]] = {}
    for lane in lanes:
        for look in lane.looks:
            result = lane.result(look.name, until)
            found[look.name] = late(look.name, seconds) if result is None else result
    return found


def late(name: str, seconds: float) -> list[Finding]:
    """The look ``name`` has not come to an end."""
    step = "Mend that first, then run this again."
    return [Finding(name, Level.PROBLEM, f"no answer in {seconds:g} s", step)]


def guarded(look: Look) -> list[Finding]:
    """What ``look`` finds; if it fails, that."""
    try:
        return look.find()
    except Exception as error:  # whatever it is, the other looks go on
        text = f"cannot be looked at: {type(error).__name__}: {first_line(error)}"
        return [Finding(look.name, Level.PROBLEM, text, "Mend that first, then run this again.")]


def first_line(error: Exception) -> str:
    """What ``error`` says, in a line of at most 160 characters."""
    return (str(error).splitlines() or ["it says nothing more"])[0][:160]


def _trouble(found: list[Finding]) -> bool:
    return any(finding.level is Level.PROBLEM for finding in found)


def lent_connection() -> Around:
    """Lets a lane's thread use the caller's own connection to the database: it sees what the
    caller sees, within his transaction. The caller keeps off it meanwhile."""
    mine = connections[DEFAULT_DB_ALIAS]

    @contextmanager
    def lent() -> Iterator[None]:
        mine.inc_thread_sharing()
        connections[DEFAULT_DB_ALIAS] = mine
        try:
            yield
        finally:
            mine.dec_thread_sharing()

    return lent
