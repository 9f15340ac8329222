"""Run the checks concurrently with one timeout. A check that hangs is reported as a finding.

The checks of a group run one after the other; groups run at the same time. Each group has a
daemon thread, so a check that hangs does not keep the process from ending.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS, connections

from core.health.checks import Check
from core.health.findings import Finding
from core.health.severity import Severity

SECONDS = 10.0  # for all checks together; those that connect have shorter timeouts
_STEP = "Fix this, then run the command again."

Around = Callable[[], AbstractContextManager[None]]


@dataclass
class CheckGroup:
    """Checks that run one after the other, in a thread that enters ``around``. Read ``found`` once
    the check's event in ``done`` is set."""

    checks: Sequence[Check]
    around: Around = nullcontext
    found: dict[str, list[Finding]] = field(default_factory=dict)
    done: dict[str, threading.Event] = field(default_factory=dict)

    def start(self) -> None:
        """Start the thread, in the tenant scope of the caller."""
        self.done = {check.name: threading.Event() for check in self.checks}
        run = copy_context().run
        threading.Thread(target=run, args=(self._run,), name="check", daemon=True).start()

    def _run(self) -> None:
        missing = ""
        with self.around():
            for check in self.checks:
                if missing:
                    text = f"not checked: the {missing} comes first"
                    self.found[check.name] = [Finding(check.name, Severity.WARNING, text)]
                else:
                    self.found[check.name] = guarded(check)
                if check.needed and _trouble(self.found[check.name]):
                    missing = missing or check.name
                self.done[check.name].set()

    def result(self, name: str, until: float) -> list[Finding] | None:
        """Return the findings of the check ``name``, or None if it has not ended by ``until`` (of
        time.monotonic)."""
        ended = self.done[name].wait(max(0.0, until - time.monotonic()))
        return self.found[name] if ended else None


def run_all(groups: Sequence[CheckGroup], seconds: float = SECONDS) -> dict[str, list[Finding]]:
    """Return the findings by the name of the check. Takes ``seconds`` at most and never raises."""
    until = time.monotonic() + seconds
    for group in groups:
        group.start()
    found: dict[str, list[Finding]] = {}
    for group in groups:
        for check in group.checks:
            result = group.result(check.name, until)
            found[check.name] = late(check.name, seconds) if result is None else result
    return found


def late(name: str, seconds: float) -> list[Finding]:
    """Return the finding of a check that has not ended in ``seconds``."""
    return [Finding(name, Severity.CRITICAL, f"no answer in {seconds:g} s", _STEP)]


def guarded(check: Check) -> list[Finding]:
    """Return the findings of ``check``, or its exception as a finding."""
    try:
        return check.run()
    except Exception as error:  # the other checks still run
        text = f"cannot be checked: {type(error).__name__}: {first_line(error)}"
        return [Finding(check.name, Severity.CRITICAL, text, _STEP)]


def first_line(error: Exception) -> str:
    """Return the first line of ``error``, at most 160 characters."""
    return (str(error).splitlines() or ["no details"])[0][:160]


def _trouble(found: list[Finding]) -> bool:
    return any(finding.severity.is_trouble for finding in found)


def shared_connection() -> Around:
    """Return a context manager with which another thread uses the caller's database connection.
    That thread sees the caller's transaction; the caller must not use it meanwhile. Afterwards it
    goes back to the pool, because the caller then waits for checks of the network."""
    connection = connections[DEFAULT_DB_ALIAS]

    @contextmanager
    def share() -> Iterator[None]:
        connection.inc_thread_sharing()
        connections[DEFAULT_DB_ALIAS] = connection
        try:
            yield
        finally:
            if not connection.in_atomic_block:
                connection.close()
            connection.dec_thread_sharing()

    return share
